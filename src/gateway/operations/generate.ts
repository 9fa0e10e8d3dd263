// Generation, streamed or whole: from a routed request to the response that the client gets.
import { type CreateFraming, FRAMING_TYPES } from '../../dialects/dialect.ts';
import { DIALECTS } from '../../dialects/registry.ts';
import { GatewayError, toGatewayError } from '../../model/errors.ts';
import { HeaderList } from '../../model/header-list.ts';
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';
import { readObject } from '../../model/json/exact-numbers.ts';
import { wellFormed, writeJson } from '../../model/json/write-json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import type { CancelSignal } from '../../upstream/cancellation.ts';
import { pickAnswerHeaders } from '../../upstream/headers.ts';
import { openStream, openWhole, type WholeAnswer } from '../attempts/attempt.ts';
import { createClientPump } from '../pumps/client-pump.ts';
import { hedgedAnswer } from '../attempts/hedge.ts';
import { type Plan, writesOwnSummary } from '../attempts/plan.ts';
import { type Exchange, planTry, tryContextOf } from '../attempts/try-context.ts';
import { createContinuation } from '../continue/continuation.ts';
import type { GatewayHost } from '../host.ts';
import { createByteRenderer } from '../pumps/translate.ts';
import type { Incoming } from '../request/incoming.ts';
import { answerContext, factsOf, formsIn, plainContext } from '../response/answer-context.ts';
import type { MakeBody } from '../response/byte-source.ts';
import { ClientStream } from '../response/client-stream.ts';
import { setExchangeHeaders } from '../response/exchange-headers.ts';
import { Reframer } from '../response/reframe.ts';
import { type Opened, StreamedAnswer } from '../response/streamed-answer.ts';
import { respond } from './ask-json.ts';

/** Answers as a stream or whole, as was asked for. Throws the GatewayError to report to the client. */
export function answerGeneration(exchange: Exchange & { makeBody: MakeBody }): Promise<Response> {
  const answer = (asked: typeof exchange) =>
    asked.question.stream ? answerStream(asked) : answerWhole(asked);
  if (!asksForOwnSummary(exchange)) return answer(exchange);
  return answer(exchange).catch((thrown) => {
    if (!isRefused(exchange, thrown)) throw thrown;
    exchange.record.seen = null;
    return answer({ ...exchange, question: { ...exchange.question, summaryAsText: true } });
  });
}

/** Whether the first target is asked for its vendor's own summary of the conversation. */
function asksForOwnSummary({ question: { incoming }, dialect, route }: Exchange): boolean {
  const [first] = route.targets;
  if (incoming === null || first === undefined || incoming.asks !== dialect) return false;
  return (
    DIALECTS[dialect].client.summaries?.isAsked(incoming.body) === true &&
    writesOwnSummary(incoming, first, first)
  );
}

/** The statuses with which servers of the dialect that write no summaries refuse to write one. */
const REFUSALS: readonly number[] = [400, 404, 422, 501];

function isRefused({ client, record }: Exchange, thrown: unknown): boolean {
  if (client.aborted || toGatewayError(thrown).code === 'context_too_long') return false;
  return REFUSALS.includes(record.attempts.at(-1)?.status ?? 0);
}

/**
 * Answers whole. Throws the GatewayError to report to the client. @param build makes the client's body for an answer that does not pass.
 */
export async function answerWhole(exchange: Exchange, build = buildBody): Promise<Response> {
  const { record, route } = exchange;
  const whole = await hedgedAnswer<WholeAnswer>({
    context: tryContextOf(exchange),
    hedgeAfterMs: route.policy.hedgeAfterMs,
    record,
    plan(target, key) {
      const context = planTry(exchange, target, key);
      const run = (answered: (status: number) => void, signal: CancelSignal) =>
        openWhole({ ...context, signal, answered });
      return { target, key: context.plan.key, seen: context.observer.seen, run };
    },
  });
  record.serving = true;
  const { sameDialect, passesAnswer, dialect } = whole.plan;
  const passed = passesAnswer ? whole.text : null;
  const own = passed ?? wellFormed(JSON.stringify(build(exchange, whole)));
  const isWire = passed !== null && dialect === exchange.envelope?.wire;
  const written = isWire ? own : writtenFor(exchange, own);
  const asItCame = passed !== null && written === own ? whole.bytes : null;
  const headers = pickAnswerHeaders(whole.headers, sameDialect);
  const { usage } = factsOf(exchange);
  if (usage !== null) Object.assign(headers, exchange.envelope?.answers?.usageHeaders?.(usage));
  headers['content-type'] = 'application/json';
  setExchangeHeaders(headers, exchange, whole.answer.model);
  const response = new Response(asItCame ?? written, { status: 200, headers });
  record.httpStatus = 200;
  // The row has it in the dialect's words, as it has a stream.
  if (record.keepsAnswer) record.responseBody = own;
  record.end({ status: 'success' });
  return response;
}

/** The answer to a question that needs no model; undefined for any other. */
export function answerWithoutModel(
  exchange: Pick<Exchange, 'host' | 'record' | 'dialect' | 'envelope'>,
  { body, route }: Incoming,
): Response | undefined {
  const { host, record, dialect, envelope } = exchange;
  if (route.operation !== 'generate') return undefined;
  const { client } = DIALECTS[dialect];
  const own = client.answerWithoutModel?.(body, Math.floor(host.now() / 1000));
  if (own === undefined) return undefined;
  const written = envelope?.answers?.writeWhole?.(own, factsOf(exchange)) ?? own;
  // This answer is whole even if a stream was asked for.
  record.streamed = false;
  const response = respond(exchange, JSON.stringify(written), {});
  record.end({ status: 'success' });
  return response;
}

/** The answer in its envelope's words, if those differ from the dialect's. */
function writtenFor(exchange: Exchange, own: string): string {
  const write = exchange.envelope?.answers?.writeWhole;
  if (write === undefined) return own;
  return writeJson(write(readObject(own) ?? {}, factsOf(exchange)), own.length);
}

/** The client's body for an answer that does not pass, with all alternatives in order. */
function buildBody(exchange: Exchange, { plan, answer, others = [] }: WholeAnswer): JsonObject {
  const build = (one: NeutralResponse) =>
    formsIn(exchange).buildResponse(one, answerContext(exchange, plan.target));
  const body = build(answer);
  const { alternatives: name } = plan.side;
  if (name === undefined || others.length === 0) return body;
  const listed = [body, ...others.map(build)].flatMap((one, index) =>
    (asArray(one[name]) ?? []).map((alternative) => ({ ...asObject(alternative), index })),
  );
  return { ...body, [name]: listed };
}

/**
 * Answers as a stream. The head waits for the first content, so that a failure before that keeps its real status, but no longer than the
 * ping interval; then pings keep the connection alive, and a failure is reported in the stream (GUARANTEES 2). Throws the GatewayError of a
 * failure that came before the head.
 */
async function answerStream(exchange: Exchange & { makeBody: MakeBody }): Promise<Response> {
  const { host, record, pingIntervalMs, makeBody, envelope } = exchange;
  const form = envelope?.answers && (await envelope.answers.loadStreamForm(() => factsOf(exchange)));
  const opening = openFirst(exchange);
  const early = await Promise.race([opening, afterInterval(host, pingIntervalMs, opening)]);
  const inTime = early !== 'still opening';
  const headers = inTime ? pickAnswerHeaders(early.headers, early.sameDialect) : {};
  const { framing } = plainContext(exchange, '');
  Object.assign(headers, form?.headers);
  headers['content-type'] = form?.contentType ?? FRAMING_TYPES[framing ?? 'sse'];
  headers['cache-control'] = 'no-cache';
  headers.connection = 'keep-alive';
  headers['x-accel-buffering'] = 'no';
  setExchangeHeaders(headers, exchange, record.seen?.model ?? null);
  record.httpStatus = 200;
  const reframer = form === undefined ? null : new Reframer(form, framing === 'lines' ? 'lines' : 'sse');
  const answer = new StreamedAnswer(exchange, reframer, inTime ? early.relay : null, inTime ? null : opening);
  return new Response(makeBody(new ClientStream(answer)), { status: 200, headers });
}

function openFirst(exchange: Exchange): Promise<Opened> {
  const { record, route, question } = exchange;
  return hedgedAnswer<Opened>({
    context: tryContextOf(exchange),
    hedgeAfterMs: route.policy.hedgeAfterMs,
    record,
    plan(target, key) {
      const context = planTry(exchange, target, key);
      const { plan, observer } = context;
      const forms = formsIn(exchange);
      const createAnswerEncoder = () => forms.createStreamEncoder(answerContext(exchange, target));
      const render = createByteRenderer(createAnswerEncoder);
      const createEncoder = () =>
        forms.createStreamEncoder({ ...plainContext(exchange, target.model), framing: 'sse' });
      // The rest of an answer is asked for as a turn of a conversation. A text completion is none, and several alternatives are not one
      // answer.
      const continues =
        route.policy.continueStreams &&
        question.incoming?.route.operation !== 'complete' &&
        plan.alternatives === undefined;
      const continuation = continues
        ? createContinuation(exchange, {
            plan,
            seen: observer.seen,
            render,
            createEncoder: createAnswerEncoder,
          })
        : undefined;
      // A stream that another target may continue is one text from beginning to end.
      const takesElements = question.incoming?.route.framing === 'json-array' && continuation === undefined;
      const { overlooksErrors, needsFailedResponse = false } = question.incoming?.traits ?? {};
      const rendered = {
        createEncoder,
        render: continuation?.render ?? render,
        takesElements,
        retellsErrors: overlooksErrors === 'well-formed' || overlooksErrors === 'framed',
        needsRepeat: needsFailedResponse,
      };
      const createPump = (createFraming: CreateFraming) => {
        const pump = createClientPump(createFraming, rendered, context, continuation?.follower);
        return continuation?.watched(pump) ?? pump;
      };
      const run = async (answered: (status: number) => void, signal: CancelSignal) => {
        const opened = await openStream({ ...context, signal, answered }, createPump, rendered.render);
        if (signal.aborted) throw signal.reason;
        record.serving = true;
        const { sameDialect } = plan;
        if (continuation !== undefined)
          return { ...opened, relay: continuation.relay(opened.relay), sameDialect };
        forgetRequest(exchange, plan);
        return { ...opened, sameDialect };
      };
      return { target, key: plan.key, seen: observer.seen, run };
    },
  });
}

/**
 * Once the answer has begun, no other target will be asked. Without this, the request's text and tree would be held for the whole stream:
 * 130 KB for a request of 80 KB, and 3 KB for its headers.
 */
function forgetRequest({ question }: Exchange, plan: Plan): void {
  question.neutral = forgotten;
  plan.body = '';
  plan.headers = NO_HEADERS;
  if (question.incoming === null) return;
  question.incoming.headers = NO_HEADERS;
  question.incoming.text = '';
  question.incoming.original = '';
  question.incoming.body = {};
  delete question.incoming.enveloped;
}

const NO_HEADERS = new HeaderList();

function forgotten(): never {
  throw new GatewayError('internal', 'the request is no longer held');
}

/** Resolves after the interval; its timer is cancelled if the opening settles first. */
function afterInterval(host: GatewayHost, ms: number, opening: Promise<unknown>): Promise<'still opening'> {
  return new Promise((resolve) => {
    const cancel = host.setTimer(() => resolve('still opening'), ms);
    opening.then(cancel, cancel);
  });
}
