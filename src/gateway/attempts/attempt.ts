// One try at one target, up to the point where its answer can be shown to the client.
import { errorInList } from '../../dialects/shared/answer-list.ts';
import type { CreateFraming, StreamEncoder } from '../../dialects/dialect.ts';
import { GatewayError } from '../../model/errors.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { readJson } from '../../model/json/exact-numbers.ts';
import { isObject, type JsonObject } from '../../model/json/json.ts';
import { responseToEvents } from '../../model/replay.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { AnswerTooLarge, readText } from '../../upstream/call.ts';
import type { UpstreamAnswer } from '../../upstream/transport.ts';
import type { CancelSignal } from '../../upstream/cancellation.ts';
import { createThroughputGuard, type ThroughputGuard } from '../../upstream/throughput.ts';
import { withDistinctCalls } from '../pumps/call-ids.ts';
import { collectStream, collectText } from '../pumps/collect-stream.ts';
import { createEventFraming } from '../pumps/event-framing.ts';
import { withHint, withHintOf } from './retry-hint.ts';
import type { Observer } from '../record/observer.ts';
import { AsEventsPump } from '../pumps/as-events.ts';
import { JsonArrayWriterPump } from '../pumps/write-json-array.ts';
import { createPassthroughPump } from '../pumps/passthrough.ts';
import type { Plan } from './plan.ts';
import { brokeOff, type Follower, type Pump, tooLong } from '../pumps/pump.ts';
import { readingOf } from '../pumps/reading.ts';
import { createRelay, type Relay } from '../pumps/relay.ts';
import { type AttemptContext, EVENTS, type PlannedTry, type Sent, send } from './send.ts';
import {
  endingWithinCall,
  endingWithoutCalls,
  hasCalls,
  requireValidCalls,
} from '../pumps/validate-calls.ts';
import { openTransformed } from '../transform/relay.ts';
import { areLines, type TextReader } from '../pumps/unstreamed-answer.ts';
import { transformWhole } from '../transform/whole.ts';
import { createTranslatePump } from '../pumps/translate.ts';

export interface OpenStream<Out> {
  status: number;
  headers: HeaderReader;
  relay: Relay<Out>;
}

function guardOf({ host, plan }: AttemptContext): ThroughputGuard | undefined {
  const { minBytesPerSecond: least, throughputWindowMs: windowMs } = plan.target.provider.timeouts;
  return least === null ? undefined : createThroughputGuard({ least, windowMs }, host.monotonic);
}

/** Content types of streams other than server-sent events, among them JSON values on one line each. */
const STREAM_TYPE = /eventstream|ndjson/i;

async function framingOf({ side }: Plan): Promise<CreateFraming> {
  return side.loadFraming === undefined ? createEventFraming : side.loadFraming();
}

const NO_CONTENT = 204;

function isStream({ side }: Plan, contentType: string): boolean {
  return side.loadFraming === undefined ? /event-stream/i.test(contentType) : STREAM_TYPE.test(contentType);
}

function isOfLines({ side }: Plan): boolean {
  return side.framing === 'lines';
}

/** Opens a stream and waits for its first content. */
export function openStream<Out>(
  context: AttemptContext,
  createPump: (createFraming: CreateFraming) => Pump<Out>,
  render: (events: readonly StreamEvent[]) => Out | undefined,
): Promise<OpenStream<Out>> {
  return context.plan.answerSteps.length === 0
    ? openAsItIs(context, createPump, render)
    : openTransformed(context, openAsItIs, render);
}

async function openAsItIs<Out>(
  context: AttemptContext,
  createPump: (createFraming: CreateFraming) => Pump<Out>,
  render: (events: readonly StreamEvent[]) => Out | undefined,
): Promise<OpenStream<Out>> {
  const { plan, observer } = context;
  const createFraming = await framingOf(plan);
  const sent = await send(context);
  const { response, call } = sent;
  const provider = plan.target.provider;
  const { status, headers } = response;
  const type = headers.get('content-type') ?? '';
  // Its beginning decides: some servers call their events, or their lines, JSON. What is binary says so.
  const isJson = /json/i.test(type) && !isStream(plan, type);
  const mayBeStream = plan.side.loadFraming === undefined || isOfLines(plan);
  if ((isJson && !mayBeStream) || status === NO_CONTENT) {
    // Asked for a stream, answered whole: the client still gets its stream.
    const { answer } = await readWhole(context, sent);
    requireWhole(plan, answer);
    return { status, headers, relay: relayWhole(answer, render) };
  }
  const relay = createRelay<Out>({
    provider: provider.name,
    body: response.body,
    pump: createPump(createFraming),
    observer,
    call,
    idleMs: provider.timeouts.idleMs,
    silenceMs: provider.timeouts.silenceMs,
    maxHeld: context.maxEvent,
    throughput: guardOf(context),
    asText: textReader(
      context,
      response,
      (answer) => {
        requireWhole(plan, answer);
        return render(seenEvents(answer, observer));
      },
      isJson,
    ),
  });
  try {
    await relay.ready();
  } catch (thrown) {
    throw withHintOf(thrown, response, observer.seen.errorData ?? '', context.host.now());
  }
  return { status, headers, relay };
}

/** Passes the observer the events that a whole answer would have had as a stream. */
function seenEvents(answer: NeutralResponse, observer: Observer): StreamEvent[] {
  const events = responseToEvents(answer);
  for (const event of events) observer.see(event);
  return events;
}

/** @param take gets the whole answer. */
function textReader<Out>(
  context: AttemptContext,
  response: UpstreamAnswer,
  take: (answer: NeutralResponse, text: string) => Out | undefined,
  isJson = false,
): TextReader<Out> {
  const { plan, maxEvent, host } = context;
  return {
    provider: plan.target.provider.name,
    limit: maxEvent,
    pagesOnly: plan.side.loadFraming !== undefined,
    listsEvents: plan.side.listsEvents === true,
    isLines: isOfLines(plan),
    isJson,
    failure(text) {
      const body = parseJson(text);
      const error = failureIn(plan, text, body);
      if (error === undefined) return undefined;
      noteAccount(context, body);
      return withHint(error, response, text, host.now());
    },
    read: (text) => take(parseWhole(context, response, text), text),
  };
}

/** @param answer its observer has seen it. */
function relayWhole<Out>(
  answer: NeutralResponse,
  render: (events: readonly StreamEvent[]) => Out | undefined,
): Relay<Out> {
  let out = render(responseToEvents(answer));
  return {
    ready: () => Promise.resolve(),
    next(taker) {
      const now = out;
      out = undefined;
      taker.take(now);
    },
    cancel: () => {},
  };
}

export interface WholeAnswer {
  /** The request, and its target. */
  plan: Plan;
  status: number;
  headers: HeaderReader;
  /** The provider's own JSON text; null where it streamed although a whole answer was requested. */
  text: string | null;
  answer: NeutralResponse;
  /** The alternatives to `answer`, where transformers rewrote an answer of several. */
  others?: readonly NeutralResponse[];
}

export function openWhole(context: AttemptContext): Promise<WholeAnswer> {
  if (context.plan.answerSteps.length > 0) return transformWhole(context, openWholeAsItIs);
  return openWholeAsItIs(context);
}

function openWholeAsItIs(context: AttemptContext): Promise<WholeAnswer> {
  return readWhole(context, null);
}

/** @param begun null: nothing has been sent. One asynchronous function, as in `walk`. */
async function readWhole(context: AttemptContext, begun: Sent | null): Promise<WholeAnswer> {
  const sent = begun ?? (await send(context));
  const { plan, observer, host } = context;
  const { response } = sent;
  const { status, headers } = response;
  const streams = isStream(plan, headers.get('content-type') ?? '');
  let text: string | null;
  let answer: NeutralResponse;
  if (streams) {
    ({ text, answer } = await collectStream(context, sent, {
      createFraming: await framingOf(plan),
      throughput: guardOf(context),
      asText: (take) =>
        textReader(context, response, (whole, given) => {
          seenEvents(whole, observer);
          return take(whole, given);
        }),
    }));
  } else {
    text = await readToEnd(context, sent, readText);
    // What looks like events is read as events, whatever the header says.
    if (EVENTS.test(text) || (isOfLines(plan) && areLines(text))) {
      try {
        answer = collectText(context, await framingOf(plan), text);
      } catch (thrown) {
        throw withHintOf(thrown, response, observer.seen.errorData ?? '', host.now());
      }
      text = null;
    } else {
      answer = parseWhole(context, response, text);
      seenEvents(answer, observer);
    }
  }
  observer.seen.timing.taken();
  return { plan, status, headers, text, answer };
}

export interface JsonAnswer<T> {
  status: number;
  headers: HeaderReader;
  /** The provider's own JSON text. */
  text: string;
  answer: T;
}

/** Asks a question whose answer is one JSON object, in its own shape. */
export async function openJson<T>(
  context: AttemptContext,
  parse: (body: JsonObject, headers: HeaderReader) => T,
): Promise<JsonAnswer<T>> {
  const sent = await send(context);
  const { status, headers } = sent.response;
  const text = await readToEnd(context, sent, readText);
  const answer = parseAnswer(context, sent.response, text, (body) => parse(body, headers));
  return { status, headers, text, answer };
}

async function readToEnd<T>(
  context: AttemptContext,
  sent: Sent,
  read: (answer: UpstreamAnswer, limit: number) => Promise<T>,
): Promise<T> {
  const { name } = context.plan.target.provider;
  const { timing } = context.observer.seen;
  timing.waiting();
  try {
    const whole = await read(sent.response, context.maxEvent);
    timing.arrived();
    sent.call.release();
    return whole;
  } catch (thrown) {
    timing.arrived();
    sent.call.abort();
    if (thrown instanceof AnswerTooLarge) throw tooLong(name, context.maxEvent, thrown);
    throw sent.call.timeout() ?? readingBroke(name, context.signal, thrown);
  }
}

/** Throws GatewayError. */
function parseAnswer<T>(
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
function failureIn({ side, target }: Plan, text: string, body: unknown): GatewayError | undefined {
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
    // What the answer itself calls a failure.
    if (thrown instanceof GatewayError && thrown.code !== 'upstream_malformed') throw thrown;
    const reason = thrown instanceof Error ? thrown.message : 'unreadable';
    throw new GatewayError('upstream_malformed', `${name} sent an answer that cannot be read: ${reason}`, {
      cause: thrown,
    });
  }
}

function parseWhole(context: AttemptContext, response: UpstreamAnswer, text: string): NeutralResponse {
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

/** Throws where the provider has only begun: who gets its answer in another form could not ask for the rest. */
function requireWhole({ target }: Plan, { pending }: NeutralResponse): void {
  if (pending === undefined) return;
  throw new GatewayError(
    'upstream_failed',
    `${target.provider.name} has only begun its answer (${pending}) and continues it in the background, where it cannot be fetched through this gateway; send the request without \`background\``,
    { lasting: true },
  );
}

/** A body that is not an answer may have been billed all the same. */
function noteAccount({ plan, observer }: AttemptContext, body: unknown): void {
  if (!isObject(body)) return;
  const { model, usage } = plan.side.accountIn(body);
  observer.see({ type: 'start', id: null, model });
  if (usage !== undefined) observer.see({ type: 'usage', usage });
}

function parseJson(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}

/** In UTF-16 units: longer bodies are not quoted. */
const LONGEST_QUOTE = 100;

/** Describes what came, so that its reader may recognize who answered. Half an answer is not quoted: it is the model's. */
function described(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return 'nothing';
  if (trimmed.startsWith('{')) return 'broken JSON';
  return trimmed.length > LONGEST_QUOTE ? `${trimmed.length} characters of text` : JSON.stringify(trimmed);
}

function htmlAnswer(name: string): GatewayError {
  return new GatewayError(
    'upstream_malformed',
    `${name} answered with an HTML page instead of an answer; check its base_url and any proxy in between`,
  );
}

function readingBroke(name: string, signal: CancelSignal, cause: unknown): unknown {
  if (signal.aborted) return signal.reason;
  return brokeOff(name, cause);
}

export interface PumpClient {
  /** For errors in events that pass: of server-sent events, also where the client reads an array. */
  createEncoder(): StreamEncoder;
  render(events: readonly StreamEvent[]): Uint8Array | undefined;
  /** It reads an array, of which nothing but what is pumped here becomes a part. */
  takesElements: boolean;
  /** It overlooks errors as the provider puts them: they are told in the encoder's form. */
  retellsErrors?: boolean;
}

/** The pump for a client that speaks a wire dialect. */
export function createClientPump(
  createFraming: CreateFraming,
  { createEncoder, render, takesElements, retellsErrors }: PumpClient,
  context: PlannedTry,
  follower?: Follower,
): Pump<Uint8Array> {
  const { sameDialect, passesAnswer, hides, alternatives = 1 } = context.plan;
  const reading = readingOf(context);
  const passing = {
    ...reading,
    hides,
    alternatives,
    createEncoder,
    ...(retellsErrors !== undefined && { retellsErrors }),
  };
  if (passesAnswer) {
    const pump = createPassthroughPump({ ...passing, follower });
    const { loadFraming, framing } = reading.side;
    if (loadFraming === undefined || framing !== undefined) return pump;
    return new AsEventsPump(pump, createFraming(reading.maxEvent), reading.provider);
  }
  if (sameDialect && takesElements) return new JsonArrayWriterPump(createPassthroughPump(passing));
  return createTranslatePump({ ...reading, createFraming, render });
}
