// One try at one target, up to the point where its answer can be shown to the client.
import type { CreateFraming } from '../../dialects/dialect.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { HeaderReader } from '../../model/headers.ts';
import type { JsonObject } from '../../model/json/json.ts';
import { responseToEvents } from '../../model/replay.ts';
import type { NeutralResponse } from '../../model/response.ts';
import { AnswerTooLarge, readText, type WholeText } from '../../upstream/call.ts';
import type { CancelSignal } from '../../upstream/cancellation.ts';
import { createThroughputGuard, type ThroughputGuard } from '../../upstream/throughput.ts';
import type { UpstreamAnswer } from '../../upstream/transport.ts';
import { collectStream, collectText } from '../pumps/collect-stream.ts';
import { createEventFraming } from '../pumps/event-framing.ts';
import { brokeOff, type Pump, tooLong } from '../pumps/pump.ts';
import { type Relay, StreamRelay } from '../pumps/relay.ts';
import { areLines, type TextReader } from '../pumps/unstreamed-answer.ts';
import type { Observer } from '../record/observer.ts';
import { openTransformed } from '../transform/relay.ts';
import { transformWhole } from '../transform/whole.ts';
import type { Plan } from './plan.ts';
import { failureIn, noteAccount, parseAnswer, parseJson, parseWhole, requireWhole } from './read-answer.ts';
import { withHint, withHintOf } from '../pumps/retry-hint.ts';
import { type AttemptContext, EVENTS, type Sent, send } from './send.ts';

export interface OpenStream<Out> {
  status: number;
  headers: HeaderReader;
  relay: Relay<Out>;
}

function guardOf({ host, plan }: AttemptContext): ThroughputGuard | undefined {
  const { minBytesPerSecond: least, throughputWindowMs: windowMs } = plan.target.provider.timeouts;
  return least === null ? undefined : createThroughputGuard({ least, windowMs }, host.monotonic);
}

/** Content types of streams that are not server-sent events; among them are JSON values on one line each. */
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
  // Some servers call events, or lines, JSON, so the beginning of the body decides. Binary streams have types of their own.
  const isJson = /json/i.test(type) && !isStream(plan, type);
  const mayBeStream = plan.side.loadFraming === undefined || isOfLines(plan);
  if ((isJson && !mayBeStream) || status === NO_CONTENT) {
    // A stream was asked for, and the answer is whole: the client still gets a stream.
    const { answer } = await readWhole(context, sent);
    requireWhole(plan, answer);
    return { status, headers, relay: relayWhole(answer, render) };
  }
  const relay = new StreamRelay<Out>({
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

/** Passes the observer the events that a whole answer would have as a stream. */
function seenEvents(answer: NeutralResponse, observer: Observer): StreamEvent[] {
  const events = responseToEvents(answer);
  for (const event of events) observer.see(event);
  return events;
}

/** @param take receives the whole answer. */
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

/** @param answer has been seen by its observer already. */
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
  /** The plan of the request, which names its target. */
  plan: Plan;
  status: number;
  headers: HeaderReader;
  /** The provider's own JSON text; null where it streamed although a whole answer was requested. */
  text: string | null;
  /** Replaces `text` where that is not exactly what arrived. */
  bytes: WholeText['bytes'];
  answer: NeutralResponse;
  /** The alternatives to `answer`, where transformers rewrote several. */
  others?: readonly NeutralResponse[];
}

export function openWhole(context: AttemptContext): Promise<WholeAnswer> {
  if (context.plan.answerSteps.length > 0) return transformWhole(context, openWholeAsItIs);
  return openWholeAsItIs(context);
}

function openWholeAsItIs(context: AttemptContext): Promise<WholeAnswer> {
  return readWhole(context, null);
}

/** @param begun the answer, if its head has arrived already; null: nothing has been sent. One asynchronous function, as `walk` is. */
async function readWhole(context: AttemptContext, begun: Sent | null): Promise<WholeAnswer> {
  const sent = begun ?? (await send(context));
  const { plan, observer, host } = context;
  const { response } = sent;
  const { status, headers } = response;
  const streams = isStream(plan, headers.get('content-type') ?? '');
  let text: string | null;
  let bytes: WholeText['bytes'] = null;
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
    ({ text, bytes } = await readToEnd(context, sent, readText));
    // What looks like events is read as events, whatever its content type.
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
  return { plan, status, headers, text, bytes, answer };
}

export interface JsonAnswer<T> {
  status: number;
  headers: HeaderReader;
  /** The provider's own JSON text. */
  text: string;
  /** Replaces `text` where that is not exactly what arrived. */
  bytes: WholeText['bytes'];
  answer: T;
}

/** Asks a question whose answer is one JSON object, in its own shape. */
export async function openJson<T>(
  context: AttemptContext,
  parse: (body: JsonObject, headers: HeaderReader) => T,
): Promise<JsonAnswer<T>> {
  const sent = await send(context);
  const { status, headers } = sent.response;
  const { text, bytes } = await readToEnd(context, sent, readText);
  const answer = parseAnswer(context, sent.response, text, (body) => parse(body, headers));
  return { status, headers, text, bytes, answer };
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

function readingBroke(name: string, signal: CancelSignal, cause: unknown): unknown {
  if (signal.aborted) return signal.reason;
  return brokeOff(name, cause);
}
