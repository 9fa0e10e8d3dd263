// Reads a whole body of HTTP 200 as the answer, or as the failure, that it is.
import { errorInList } from '../../dialects/shared/answer-list.ts';
import { GatewayError } from '../../model/errors.ts';
import { readJson } from '../../model/json/exact-numbers.ts';
import { isObject, type JsonObject } from '../../model/json/json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import type { UpstreamAnswer } from '../../upstream/transport.ts';
import { withDistinctCalls } from '../pumps/call-ids.ts';
import {
  endingWithinCall,
  endingWithoutCalls,
  hasCalls,
  requireValidCalls,
} from '../pumps/validate-calls.ts';
import type { Plan } from './plan.ts';
import { withHintOf } from '../pumps/retry-hint.ts';
import type { AttemptContext } from './send.ts';

/** Throws GatewayError. */
export function parseAnswer<T>(
  context: AttemptContext,
  response: UpstreamAnswer,
  text: string,
  parse: (body: JsonObject) => T,
): T {
  try {
    return readAnswer(context.plan, response, text, parse);
  } catch (thrown) {
    throw withHintOf(thrown, response, text, context.host.now());
  }
}

/** The failure in a body of HTTP 200, undefined where it is an answer or cannot be read. */
export function failureIn({ side, target }: Plan, text: string, body: unknown): GatewayError | undefined {
  const { name, quirks } = target.provider;
  if (isObject(body)) return side.errorInBody(body, quirks);
  if (/^\s*</.test(text)) return htmlAnswer(name);
  return errorInList(body, (entry) => side.errorInBody(entry, quirks));
}

function readAnswer<T>(
  plan: Plan,
  { status }: UpstreamAnswer,
  text: string,
  parse: (body: JsonObject) => T,
): T {
  const { name } = plan.target.provider;
  const body = parseJson(text);
  const error = failureIn(plan, text, body);
  if (error !== undefined) throw error;
  if (!isObject(body)) {
    throw new GatewayError(
      'upstream_malformed',
      `${name} answered ${status} with ${described(text)} instead of a JSON object; check its base_url and any proxy in between`,
    );
  }
  try {
    return parse(body);
  } catch (thrown) {
    // The answer itself reports a failure.
    if (thrown instanceof GatewayError && thrown.code !== 'upstream_malformed') throw thrown;
    const reason = thrown instanceof Error ? thrown.message : 'unreadable';
    throw new GatewayError('upstream_malformed', `${name} sent an answer that cannot be read: ${reason}`, {
      cause: thrown,
    });
  }
}

export function parseWhole(context: AttemptContext, response: UpstreamAnswer, text: string): NeutralResponse {
  const { plan, earlierCalls } = context;
  try {
    const answer = parseAnswer(context, response, text, plan.side.parseResponse);
    if (plan.passesAnswer) return answer;
    requireWhole(plan, answer);
    const isCut = requireValidCalls(answer);
    if (isCut) return withDistinctCalls({ ...answer, finish: endingWithinCall(answer.finish) }, earlierCalls);
    if (hasCalls(answer)) return withDistinctCalls(answer, earlierCalls);
    return { ...answer, finish: endingWithoutCalls(answer.finish) };
  } catch (thrown) {
    noteAccount(context, parseJson(text));
    throw thrown;
  }
}

/** Throws where the provider has only begun its answer: a client that gets it in another form could not ask for the rest. */
export function requireWhole({ target }: Plan, { pending }: NeutralResponse): void {
  if (pending === undefined) return;
  throw new GatewayError(
    'upstream_failed',
    `${target.provider.name} has only begun its answer (${pending}) and continues it in the background, where it cannot be fetched through this gateway; send the request without \`background\``,
    { lasting: true },
  );
}

/** Notes the usage in a body that is not an answer, since it may have been billed all the same. */
export function noteAccount({ plan, observer }: AttemptContext, body: unknown): void {
  if (!isObject(body)) return;
  const { model, usage } = plan.side.accountIn(body);
  observer.see({ type: 'start', id: null, model });
  if (usage !== undefined) observer.see({ type: 'usage', usage });
}

export function parseJson(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}

/** In UTF-16 units: longer bodies are not quoted. */
const LONGEST_QUOTE = 100;

/** Describes what arrived, so that the reader may recognize who answered. Half an answer is not quoted, since it is the model's. */
function described(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return 'nothing';
  if (trimmed.startsWith('{')) return 'broken JSON';
  return trimmed.length > LONGEST_QUOTE ? `${trimmed.length} characters of text` : JSON.stringify(trimmed);
}

function htmlAnswer(name: string): GatewayError {
  return new GatewayError(
    'upstream_malformed',
    `${name} answered with an HTML page instead of an answer; check its base_url and any proxy in between, or, in a network with a login page, log in`,
  );
}
