// Applies the transformers of one try to the request: its neutral form, its headers and its fields.
import type { BuiltRequest } from '../../dialects/dialect.ts';
import { GatewayError } from '../../model/errors.ts';
import type { HeaderList } from '../../model/header-list.ts';
import { isObject } from '../../model/json/json.ts';
import { changedFields } from '../../model/json/changes.ts';
import { editTopLevel } from '../../model/json/edit.ts';
import type { Loss, NeutralRequest } from '../../model/request.ts';
import type { Target } from '../../routing/targets.ts';
import type { RequestContext, Transformer } from '../../transformers/transformer.ts';
import { tooDeep } from '../request/nesting.ts';
import type { Plan, Question } from '../attempts/plan.ts';
import type { WrittenRequest } from '../attempts/write-body.ts';
import { messageOf } from '../../model/thrown.ts';

export interface Transformation {
  /** In the order in which they apply to requests. */
  steps: readonly Transformer[];
  provider: string;
  model: string;
  headers: HeaderList;
  question: Question;
  /** Whether the client's own bytes pass. */
  passes: boolean;
  /** Makes the upstream request for the question, as it would be without transformers. */
  write(question: Question): WrittenRequest;
  /** What the provider's dialect makes of the request. */
  build(request: NeutralRequest): BuiltRequest;
  /** The same, including what the client's own bytes contain and this provider is not known to take. */
  buildAsGiven(request: NeutralRequest): BuiltRequest;
}

/** `prepare` is set where a step is asynchronous: the body exists only once it has run. */
export function transformRequest(given: Transformation): WrittenRequest & Pick<Plan, 'prepare'> {
  const { steps, provider, model, question } = given;
  const losses: Loss[] = [];
  const context: RequestContext = { provider, model, lose: (loss) => void losses.push(loss) };
  const finish = (written: WrittenRequest): WrittenRequest => {
    const body = changeForm(written.body, given, context);
    return { ...written, body, losses: [...written.losses, ...losses] };
  };
  if (!steps.some((step) => step.request !== undefined)) return finish(given.write(question));
  const asked = question.neutral();
  if (!steps.some((step) => step.slow === true && step.request !== undefined)) {
    let request = asked;
    for (const step of steps) {
      const changed = guarded(step, provider, () => step.request?.(request, context) ?? request);
      if (changed instanceof Promise)
        throw new GatewayError(
          'internal',
          `transformer ${step.name} returned a promise without being declared slow`,
        );
      request = changed;
    }
    return finish(writeChanged(asked, request, given));
  }
  const all: Loss[] = [];
  /** What a user's module returns may not be a valid request. */
  const writeGiven = (request: NeutralRequest): WrittenRequest => {
    try {
      return finish(writeChanged(asked, request, given));
    } catch (thrown) {
      const modules = steps.filter(({ slow }) => slow === true).map(({ name }) => name);
      throw transformerFailed(modules.join(', '), provider, thrown);
    }
  };
  const prepare = async () => {
    let request = asked;
    for (const step of steps) {
      try {
        request = (await step.request?.(request, context)) ?? request;
      } catch (thrown) {
        throw transformerFailed(step.name, provider, thrown);
      }
    }
    const { losses: found, ...written } = writeGiven(request);
    all.push(...found);
    return written;
  };
  return { body: '', losses: all, hides: undefined, prepare };
}

/** Where the client's bytes pass: only the fields that the steps change will differ. */
function writeChanged(
  asked: NeutralRequest,
  request: NeutralRequest,
  { passes, question, write, build, buildAsGiven }: Transformation,
): WrittenRequest {
  if (request === asked) return write(question);
  if (!passes) return write({ ...question, neutral: () => request });
  const written = write(question);
  const before = buildAsGiven(asked);
  const after = buildAsGiven(request);
  const client: unknown = JSON.parse(written.body);
  const edits = isObject(client) ? changedFields(client, before.body, after.body) : undefined;
  if (edits === undefined) {
    // The client's fields have no place for the change, so the body is written anew.
    const built = build(request);
    return { ...written, body: JSON.stringify(built.body), losses: [...written.losses, ...built.losses] };
  }
  const known = new Set(before.losses.map(lossKey));
  const losses = after.losses.filter((loss) => !known.has(lossKey(loss)));
  return { ...written, body: editTopLevel(written.body, edits), losses: [...written.losses, ...losses] };
}

function lossKey({ feature, outcome, how }: Loss): string {
  return JSON.stringify([feature, outcome, how]);
}

/** Headers and fields, in the provider's own words. */
function changeForm(
  written: string,
  { steps, provider, headers }: Transformation,
  context: RequestContext,
): string {
  let body = written;
  for (const step of steps) {
    guarded(step, provider, () => step.headers?.(headers, context));
    if (step.fields === undefined) continue;
    const tree: unknown = JSON.parse(body);
    if (!isObject(tree)) continue;
    const edits = guarded(step, provider, () => step.fields?.(tree, context) ?? {});
    body = editTopLevel(body, edits);
  }
  return body;
}

/** For operations other than generation: only headers are changed. */
export function transformHeaders(
  steps: readonly Transformer[],
  target: Target,
  headers: HeaderList,
): Pick<Plan, 'losses' | 'transformers'> {
  const losses: Loss[] = [];
  const { provider, model } = target;
  const context: RequestContext = { provider: provider.name, model, lose: (loss) => void losses.push(loss) };
  const used = steps.filter((step) => step.headers !== undefined);
  for (const step of used) guarded(step, provider.name, () => step.headers?.(headers, context));
  return { losses, transformers: used.map((step) => step.name) };
}

function guarded<T>(step: Transformer, provider: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    throw transformerFailed(step.name, provider, thrown);
  }
}

export function transformerFailed(name: string, provider: string, thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  const deep = tooDeep(thrown);
  if (deep !== undefined) return deep;
  const reason = messageOf(thrown);
  const message = `transformer ${name}, at provider ${provider}, failed: ${reason}`;
  return new GatewayError('transformer_failed', message, { cause: thrown });
}
