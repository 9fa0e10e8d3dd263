// Generation, streamed or whole: from a routed request to the response the client gets.
import {
  type AnswerContext,
  type AnswerTimes,
  type ClientForms,
  type CreateFraming,
  FRAMING_TYPES,
  type StreamEncoder,
} from '../../dialects/dialect.ts';
import type { AnswerFacts } from '../../dialects/envelope.ts';
import { DIALECTS, formsOf } from '../../dialects/registry.ts';
import { GatewayError, toGatewayError } from '../../model/errors.ts';
import { HeaderList } from '../../model/header-list.ts';
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';
import { readObject } from '../../model/json/exact-numbers.ts';
import { wellFormed, writeJson } from '../../model/json/write-json.ts';
import type { NeutralResponse } from '../../model/response.ts';
import type { Target } from '../../routing/targets.ts';
import type { CancelSignal } from '../../upstream/cancellation.ts';
import { pickAnswerHeaders } from '../../upstream/headers.ts';
import {
  createClientPump,
  type OpenStream,
  openStream,
  openWhole,
  type WholeAnswer,
} from '../attempts/attempt.ts';
import { clientLeft, isClientLeft } from '../cancellation-errors.ts';
import { BODY_CAPTURE, createBodyCapture } from '../record/body-capture.ts';
import type { MakeBody } from '../response/byte-source.ts';
import { type ClientStreamOptions, createClientStream } from '../response/client-stream.ts';
import { setExchangeHeaders } from '../response/exchange-headers.ts';
import { Reframer } from '../response/reframe.ts';
import { createContinuation } from '../continue/continuation.ts';
import { tryContextOf, type Exchange, planTry } from '../attempts/try-context.ts';
import { noteAnswerLoss } from '../record/observer.ts';
import { describeLoss } from '../record/describe-row.ts';
import { respond } from './ask-json.ts';
import { hedgedAnswer } from '../attempts/hedge.ts';
import type { GatewayHost } from '../host.ts';
import { type Plan, type Question, writesOwnSummary } from '../attempts/plan.ts';
import { type ExchangeRecord, failedWith } from '../record/record.ts';
import type { Incoming } from '../request/incoming.ts';
import { redactError } from '../response/redact-error.ts';
import type { Relay, Taker } from '../pumps/relay.ts';
import { createByteRenderer } from '../pumps/translate.ts';

const textEncoder = new TextEncoder();

/** For errors and pings; rendering an answer also needs what the client wanted in it. */
function plainContext({ record, host, question }: Exchange, model: string): AnswerContext {
  const created = Math.floor(host.now() / 1000);
  const { overlooksErrors, retriesRefusals, readsMistrals, route } = question.incoming ?? {};
  const framing = route?.framing ?? 'sse';
  return {
    requestId: record.requestId,
    model,
    created,
    includeUsage: false,
    framing,
    overlooksErrors,
    retriesRefusals,
    readsMistrals,
  };
}

export function answerContext(exchange: Exchange, target: Target): AnswerContext {
  return {
    ...plainContext(exchange, target.model),
    ...asked(exchange.question),
    askedAs: askedAs(exchange, target),
    lost: (feature) => noteAnswerLoss(exchange.record.seen, feature),
    approximated: (feature, how) => noteAnswerLoss(exchange.record.seen, describeLoss({ feature, how })),
    kept(units) {
      const { seen } = exchange.record;
      if (seen !== null) seen.keptUnits += units;
    },
    measured: () => timesOf(exchange),
  };
}

function timesOf({ record, host, question }: Exchange): AnswerTimes {
  const { firstContentAt = null, timing } = record.seen ?? {};
  const lastContentAt = timing?.lastContentAt ?? null;
  const isTimed = question.stream && firstContentAt !== null && lastContentAt !== null;
  // What came at once is seen later than it arrived.
  const content = isTimed && lastContentAt > firstContentAt ? lastContentAt - firstContentAt : null;
  return { total: host.monotonic() - record.startedAt, content };
}

/** A request that passed through unchanged may contain what the neutral form cannot represent. */
function asked(
  question: Question,
): Pick<
  AnswerContext,
  'includeUsage' | 'tools' | 'outputFormat' | 'hidesReasoning' | 'readsReasoningDetails'
> {
  try {
    const { includeUsage, tools, outputFormat, hidesReasoning, readsReasoningDetails } = question.neutral();
    return {
      includeUsage: includeUsage === true,
      tools,
      outputFormat,
      hidesReasoning,
      readsReasoningDetails,
    };
  } catch {
    return { includeUsage: false };
  }
}

function formsIn({ dialect, question }: Exchange): ClientForms {
  return formsOf(dialect, question.incoming?.route.operation);
}

/** Undefined for an alias, a model that routing chose, or a later target's: those answers name the model that serves. */
function askedAs({ question, dialect }: Exchange, { provider, model }: Target): string | undefined {
  const { incoming } = question;
  if (incoming === null || DIALECTS[dialect].client.comparesModels?.(incoming.headers) !== true)
    return undefined;
  const isIt = incoming.model === model || incoming.model === `${provider.name}/${model}`;
  return isIt ? incoming.model : undefined;
}

/** Answers as a stream or whole, whichever was asked for. Throws the GatewayError to report to the client. */
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

/** At which servers of the dialect that have no summaries refuse what asks for one. */
const REFUSALS: readonly number[] = [400, 404, 422, 501];

function isRefused({ client, record }: Exchange, thrown: unknown): boolean {
  if (client.aborted || toGatewayError(thrown).code === 'context_too_long') return false;
  return REFUSALS.includes(record.attempts.at(-1)?.status ?? 0);
}

/** Answers whole. Throws the GatewayError to report to the client. @param build makes the client's body of an answer that does not pass. */
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
  const body = isWire ? own : writtenFor(exchange, own);
  const headers = pickAnswerHeaders(whole.headers, sameDialect);
  const { usage } = factsOf(exchange);
  if (usage !== null) Object.assign(headers, exchange.envelope?.answers?.usageHeaders?.(usage));
  headers['content-type'] = 'application/json';
  setExchangeHeaders(headers, exchange, whole.answer.model);
  const response = new Response(body, { status: 200, headers });
  record.httpStatus = 200;
  // As a stream would be: in the dialect's words.
  if (record.keepsAnswer) record.responseBody = own;
  record.end({ status: 'success' });
  return response;
}

/** The answer to a question that asks nothing of a model; undefined for any other. */
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
  // It is whole, also where a stream is asked for.
  record.streamed = false;
  const response = respond(exchange, JSON.stringify(written), {});
  record.end({ status: 'success' });
  return response;
}

/** The answer in the client's words, where its envelope has others than the dialect. */
function writtenFor(exchange: Exchange, own: string): string {
  const write = exchange.envelope?.answers?.writeWhole;
  if (write === undefined) return own;
  return writeJson(write(readObject(own) ?? {}, factsOf(exchange)), own.length);
}

/** The client's body for an answer that does not pass, with all its alternatives in their order. */
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
 * Answers as a stream. The head waits for the first content, so that a failure before it keeps its real
 * status, but no longer than the ping interval: then pings keep the connection alive and a failure is reported
 * in the stream (GUARANTEES 2). Throws the GatewayError of a failure that came before the head.
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
  return new Response(makeBody(createClientStream(answer)), { status: 200, headers });
}

function factsOf({ record, host }: Pick<Exchange, 'record' | 'host'>): AnswerFacts {
  const { seen } = record;
  return {
    usage: seen?.usageKnown === true ? seen.usage : null,
    latencyMs: Math.round(host.monotonic() - record.startedAt),
    lost: (feature) => noteAnswerLoss(seen, feature),
  };
}

/**
 * What a client reads of an exchange while it streams. A class rather than a closure in `answerStream`, which would
 * keep everything in that function's scope alive.
 */
class StreamedAnswer implements ClientStreamOptions {
  readonly pingIntervalMs: number;
  readonly pingsFirst: boolean;
  readonly reframer: Reframer | null;
  readonly monotonic: ClientStreamOptions['monotonic'];
  readonly setTimer: ClientStreamOptions['setTimer'];
  private readonly exchange: Exchange;
  private readonly record: ExchangeRecord;
  private relay: Relay<Uint8Array> | null;
  /** Set where no upstream stream was open yet when the head went out. */
  private readonly opening: Promise<Opened> | null;
  private failure: GatewayError | undefined = undefined;
  private pingText: Uint8Array | undefined = undefined;

  constructor(
    exchange: Exchange,
    reframer: Reframer | null,
    relay: Relay<Uint8Array> | null,
    opening: Promise<Opened> | null,
  ) {
    const { host, record, pingIntervalMs } = exchange;
    this.exchange = exchange;
    this.reframer = reframer;
    this.record = record;
    this.relay = relay;
    this.opening = opening;
    this.pingIntervalMs = pingIntervalMs;
    this.pingsFirst = opening !== null;
    this.monotonic = host.monotonic;
    this.setTimer = host.setTimer;
    if (record.keepsAnswer) record.capture = createBodyCapture(BODY_CAPTURE);
  }

  ping(): Uint8Array {
    this.pingText ??= this.reframer?.ping ?? textEncoder.encode(this.encoder().ping());
    return this.pingText;
  }

  hasEnding(): boolean {
    const { record } = this;
    return record.serving && outcome(record).finish;
  }

  next(taker: Taker<Uint8Array>): void {
    if (this.failure !== undefined) taker.take(undefined);
    else if (this.relay === null) this.openAndRead(taker);
    else this.relay.next(taker);
  }

  failed(thrown: unknown): Uint8Array {
    const error = redactError(toGatewayError(thrown), this.exchange.redact);
    this.failure ??= error;
    return (
      this.relay?.encodeFailure?.(error) ??
      textEncoder.encode(this.encoder().encode({ type: 'error', error }))
    );
  }

  breaksOffBy(): GatewayError | undefined {
    const { record, exchange, failure } = this;
    if (exchange.question.incoming?.overlooksErrors !== 'all') return undefined;
    return failure ?? (record.serving ? outcome(record).error : undefined);
  }

  sending(bytes: Uint8Array, at: number): void {
    const { record } = this;
    record.seen?.timing.handed(at);
    record.capture?.take(bytes);
  }

  closed(how: 'completed' | 'cancelled'): void {
    const { record, client } = this.exchange;
    if (how === 'cancelled') {
      this.relay?.cancel();
      client.abort(clientLeft());
    }
    // Before an answer is served, what was seen belongs to a failed try and is not the end of the request.
    const { finish, error = this.failure } = record.serving ? outcome(record) : NOTHING_SERVED;
    // The error by which a client's leaving ends the upstream's stream may have been seen: the request did not fail.
    const left = how === 'cancelled' || (error !== undefined && isClientLeft(error));
    if (error !== undefined && !isClientLeft(error)) record.end(failedWith(error));
    else if (finish) record.end({ status: 'success' });
    else record.end({ status: left ? 'aborted' : 'error' });
  }

  private openAndRead(taker: Taker<Uint8Array>): void {
    this.opening?.then(
      ({ relay }) => {
        this.relay = relay;
        relay.next(taker);
      },
      (thrown) => taker.take(undefined, thrown),
    );
  }

  private encoder(): StreamEncoder {
    const { exchange } = this;
    const model = exchange.record.target?.model ?? '';
    return formsIn(exchange).createStreamEncoder(plainContext(exchange, model));
  }
}

interface Outcome {
  finish: boolean;
  error?: GatewayError;
}

const NOTHING_SERVED: Outcome = { finish: false };

function outcome(record: ExchangeRecord): Outcome {
  const error = record.seen?.error;
  return { finish: record.seen?.finish != null, ...(error == null ? {} : { error }) };
}

/** Without the plan, which holds the request that was sent. */
type Opened = OpenStream<Uint8Array> & Pick<Plan, 'sameDialect'>;

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
      // The rest is asked for as a turn of a conversation, which a text completion is not, nor one of several alternatives.
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
      const { overlooksErrors } = question.incoming ?? {};
      const rendered = {
        createEncoder,
        render: continuation?.render ?? render,
        takesElements,
        retellsErrors: overlooksErrors === 'well-formed' || overlooksErrors === 'framed',
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
 * Once the answer has begun, no other target will be asked. The request's text and tree would otherwise be held for
 * the whole stream: 130 KB for a request of 80 KB, and its headers 3 KB more.
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

/** Resolves after the interval; the timer is cancelled when the opening settles first. */
function afterInterval(host: GatewayHost, ms: number, opening: Promise<unknown>): Promise<'still opening'> {
  return new Promise((resolve) => {
    const cancel = host.setTimer(() => resolve('still opening'), ms);
    opening.then(cancel, cancel);
  });
}
