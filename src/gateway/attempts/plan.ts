// Plans the upstream request for one target: the client's own bytes where both sides speak the same dialect, else a translation.
import type { ClientRoute, ProviderSide } from '../../dialects/dialect.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../dialects/registry.ts';
import type { ProviderDialectId } from '../../model/dialect-id.ts';
import type { HeaderList } from '../../model/header-list.ts';
import type { Loss, NeutralRequest } from '../../model/request.ts';
import { sameTarget, type Target } from '../../routing/targets.ts';
import type { SseEvent } from '../../sse/event.ts';
import type { Transformer } from '../../transformers/transformer.ts';
import { addHeaders } from '../../upstream/headers.ts';
import { operationPath, targetPath } from '../../upstream/target-url.ts';
import type { StreamedBody } from '../../upstream/transport.ts';
import type { EnvelopedRequest, Incoming } from '../request/incoming.ts';
import { withinStack } from '../request/nesting.ts';
import { transformRequest } from '../transform/request.ts';
import { askForSummary, summaryStep } from '../transform/summary.ts';
import { passQuery, withQuery } from './pass-query.ts';
import { isOfAnother, type Line, planLine, stepsFor, versionFor } from './request-line.ts';
import { baseUrlOf, dialectOf, endpointOf, sideOf, takesWire } from './spoken-dialect.ts';
import { buildOwn, passBody, rebuildBody, translateBody, type WrittenRequest } from './write-body.ts';

/** What the client asks, however it was received. */
export interface Question {
  /** Null: asked through the library, in neutral form. */
  incoming: Incoming | null;
  /** The neutral request; parsed on first use, since a passthrough needs none. Throws `invalid_request`. */
  neutral(): NeutralRequest;
  stream: boolean;
  /** The model is to write the requested summary as text, even if its provider could write one of its own. */
  summaryAsText?: true;
  /** `neutral` differs from the client's bytes, which are therefore not sent. */
  isChanged?: true;
  /** The beginning of the answer, which stands at the end of the last turn but is not the client's. */
  begun?: string;
}

export interface Plan {
  target: Target;
  dialect: ProviderDialectId;
  side: ProviderSide;
  /** Client and provider speak the same dialect: headers pass, and usually the request's bytes. */
  sameDialect: boolean;
  /** The answer's bytes pass too, unless a transformer changes it. */
  passesAnswer: boolean;
  url: string;
  headers: HeaderList;
  body: string;
  /** Sent instead of a POST of `body`, where a request is forwarded as it is. */
  forwarded?: { method: string; body: Uint8Array<ArrayBuffer> | StreamedBody | undefined };
  losses: Loss[];
  /** Whose key is used: if a client's own key is refused, that says nothing about the provider. */
  key: 'own' | 'client' | 'none';
  hides: ((event: SseEvent) => boolean) | undefined;
  /** How many alternatives the body asks for in the client's own dialect; left out if in another's, or one. */
  alternatives?: number;
  /** Completes a plan that waits for an asynchronous transformer, with its `headers` and `losses`. */
  prepare?: () => Promise<Omit<WrittenRequest, 'losses'>>;
  /** Names of the transformers in use, in the order in which they apply to requests. */
  transformers: readonly string[];
  /** The transformers that change the answer, in the order in which they do. */
  answerSteps: readonly Transformer[];
}

export interface PlanContext {
  /** The gateway's own keys: never a provider's. */
  serverKeys: readonly string[];
  /** The first target, for which a client's own key is meant. */
  first: Target | undefined;
  userAgent: string;
  /** The gateway's id of the request. */
  requestId: string;
  /** The gateway's own key for this provider; null where it has none. */
  apiKey: string | null;
  /** The routing rule's transformers; those of the provider follow them. */
  transformers: readonly Transformer[];
}

export function planCall(given: Question, target: Target, context: PlanContext): Plan {
  const { provider, model } = target;
  const summary = summaryFor(given, target, context);
  const question = summary?.question ?? given;
  const { incoming, stream } = question;
  const steps = stepsFor(target, context);
  // Transformers work on requests and answers in the dialect's own form, not in an envelope.
  const enveloped = steps.length === 0 ? envelopedFor(incoming, target) : undefined;
  const line = planLine(incoming, target, stream, context, enveloped);
  const { side, completions } = line;
  const sameDialect = incoming !== null && line.sameDialect;
  const isRewritten = enveloped === undefined && incoming?.route.envelope?.rewrites === true;
  const passes =
    sameDialect &&
    question.isChanged !== true &&
    !isRewritten &&
    (completions !== undefined || !isOfAnother(incoming, side, target));
  const urlAt = addressOf(incoming, target, line, context);
  const write = (asked: Question): WrittenRequest => {
    const { baseUrl, headers, answersWhole, ...written } = passes
      ? passBody(incoming, side, target, enveloped)
      : sameDialect
        ? rebuildBody(incoming, asked, side, target, context, enveloped !== undefined)
        : translateBody(asked, line.dialect, side, target, context);
    if (headers !== undefined) addHeaders(line.headers, headers, side.listHeaders ?? []);
    if (baseUrl === undefined && answersWhole !== true) return written;
    return { ...written, url: urlAt(stream && answersWhole !== true, baseUrl) };
  };
  const written: WrittenRequest & Pick<Plan, 'prepare'> =
    steps.length === 0
      ? write(question)
      : transformRequest({
          steps,
          provider: provider.name,
          model,
          headers: line.headers,
          question,
          passes,
          write,
          build: (request) => withinStack(() => buildOwn(request, side, target, context, incoming)),
          buildAsGiven: (request) =>
            withinStack(() => buildOwn(request, side, target, context, incoming, true)),
        });
  const { transformers, answerSteps } = steps.length === 0 ? UNCHANGED : inUse(steps);
  // Written out: spreading three objects into one takes longer, and makes the result slower to read.
  const plan: Plan = {
    target,
    dialect: line.dialect,
    side: written.side ?? side,
    sameDialect,
    passesAnswer:
      sameDialect &&
      summary === undefined &&
      // The envelope expresses the answer in other words, for which it must be decoded: bytes that pass may hold what cannot be decoded.
      !isRewritten &&
      readsFormOf(incoming, target, line, stream, written.alternatives),
    url: written.url ?? urlAt(stream),
    headers: line.headers,
    body: written.body,
    losses: summary === undefined ? written.losses : [...written.losses, AS_TEXT],
    key: line.key,
    hides: written.hides,
    transformers,
    answerSteps: summary === undefined ? answerSteps : [...answerSteps, summary.step],
  };
  if (written.alternatives !== undefined) plan.alternatives = written.alternatives;
  if (written.prepare !== undefined) plan.prepare = written.prepare;
  return plan;
}

/** @returns a function that makes the URL for a stream or a whole answer, optionally at the base URL for which the request was built. */
function addressOf(
  incoming: Incoming | null,
  target: Target,
  { dialect, side, sameDialect, completions }: Line,
  { serverKeys }: PlanContext,
): (streams: boolean, baseUrl?: string) => string {
  const { provider, model } = target;
  const { quirks } = provider;
  const query = incoming !== null && sameDialect ? passQuery(incoming, side, quirks, serverKeys) : '';
  const endpoint = endpointOf(target);
  const atVersion = versionFor(incoming, target, side, sameDialect);
  const ownBase = completions?.baseUrl ?? baseUrlOf(provider, dialect);
  return (streams, baseUrl = ownBase) => {
    const path =
      completions === undefined
        ? atVersion(targetPath(endpoint, side, model, streams, quirks))
        : operationPath(endpoint, PROVIDER_SIDES[dialect], model, side.endpoint(model, streams), quirks);
    return withQuery(baseUrl + path, query);
  };
}

/** Whether the client can read the answer in the form in which this target sends it. */
function readsFormOf(
  incoming: Incoming,
  target: Target,
  { side, completions }: Line,
  stream: boolean,
  alternatives = 1,
): boolean {
  if (completions?.passesAnswer === false) return false;
  if (stream && isForeignFraming(incoming.route, side)) return false;
  // A translation would carry only one of several alternatives. Text completions contain no calls.
  return (
    alternatives > 1 ||
    completions !== undefined ||
    !(isForeignForm(incoming, target) || isForeignToOpenRouters(incoming, target))
  );
}

const AS_TEXT: Loss = {
  feature: 'compaction',
  outcome: 'approximated',
  how: 'a summary by the model, as text',
};

/** The question that asks the model for a summary of the conversation; undefined where none is wanted, or the provider writes its own. */
function summaryFor(
  given: Question,
  target: Target,
  { first, requestId }: PlanContext,
): { question: Question; step: Transformer } | undefined {
  const { incoming, summaryAsText } = given;
  if (incoming === null || incoming.asks !== incoming.dialect) return undefined;
  if (summaryAsText !== true && writesOwnSummary(incoming, target, first)) return undefined;
  const { dialect, body, route } = incoming;
  const { summaries } = DIALECTS[dialect].client;
  if (summaries === undefined) return undefined;
  if (route.operation !== 'compact' && (route.operation !== 'generate' || !summaries.isAsked(body)))
    return undefined;
  const neutral = () => askForSummary(given.neutral(), summaries);
  return {
    question: { ...given, neutral, isChanged: true },
    step: summaryStep(summaries, dialect, requestId),
  };
}

/** True for the conversation's first target at most: the next turn goes there again, and no other could read such a summary. */
export function writesOwnSummary(
  { asks, route }: Pick<Incoming, 'asks' | 'route'>,
  target: Target,
  first: Target | undefined,
): boolean {
  if (first === undefined || !sameTarget(target, first)) return false;
  return route.operation === 'compact'
    ? sideOf(target, asks).compact !== undefined
    : dialectOf(target, asks) === asks;
}

const UNCHANGED: Pick<Plan, 'transformers' | 'answerSteps'> = { transformers: [], answerSteps: [] };

function inUse(steps: readonly Transformer[]): Pick<Plan, 'transformers' | 'answerSteps'> {
  const answerSteps = steps.filter((step) => step.answer !== undefined).reverse();
  return { transformers: steps.map((step) => step.name), answerSteps };
}

/** Whether the client reads streams in another framing than the provider's. */
function isForeignFraming({ framing = 'sse' }: ClientRoute, side: ProviderSide): boolean {
  return framing !== (side.framing ?? 'sse');
}

/** Whether the client reads answers in the form of Mistral's server, and the provider is not known to send that: ADR 31. */
export function isForeignForm({ traits }: Incoming, { provider }: Target): boolean {
  // Another gateway makes this form itself, for a client that it recognizes by the same header.
  return traits.readsMistrals === true && provider.quirks.wholeCalls !== true && provider.isGateway !== true;
}

/** Whether the client reads answers in the form of OpenRouter's server, and the provider is another. */
function isForeignToOpenRouters({ traits }: Incoming, { provider }: Target): boolean {
  const isOpenRouters = provider.quirks.replaysReasoningDetails === true;
  return traits.readsOpenRouters === true && !isOpenRouters && provider.isGateway !== true;
}

/** The client's request in its envelope, if the target takes that. */
function envelopedFor(incoming: Incoming | null, target: Target): EnvelopedRequest | undefined {
  const wire = incoming?.route.envelope?.wire;
  return wire !== undefined && takesWire(target, wire) ? incoming?.enveloped : undefined;
}
