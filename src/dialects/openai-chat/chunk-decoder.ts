// What streams of chat and of text completions have in common: what an event says, and how an answer begins, fails and ends. `finish` is
// held back until the stream's end, because usage, the rest of other choices and, on some servers, an error follow `finish_reason`.
import { GatewayError } from '../../model/errors.ts';
import type { EventSink } from '../../model/events.ts';
import { asString, isObject, type JsonObject, parseJson } from '../../model/json/json.ts';
import type { SseEvent } from '../../sse/event.ts';
import { MalformedEvent, malformedData, type StreamDecoder } from '../dialect.ts';
import type { Quirks } from '../quirks.ts';
import { errorOf } from '../openai/errors.ts';
import { errorInList } from '../shared/answer-list.ts';
import { errorInBody } from './errors.ts';
import { brokenFinish, parseFinish } from './finish.ts';

/** A class, so that a stream holds few objects while it lasts, and nothing that it does not need. */
export abstract class ChunkDecoder implements StreamDecoder {
  strangers = 0;
  protected readonly sink: EventSink;
  protected readonly quirks: Quirks;
  protected started = false;
  /** May be a failure in another form: it is one if no answer follows. */
  protected complaint: GatewayError | undefined = undefined;
  /** The choice that gave the finish reason. */
  protected finished: JsonObject | undefined = undefined;
  private ended = false;

  constructor(sink: EventSink, quirks: Quirks) {
    this.sink = sink;
    this.quirks = quirks;
  }

  decode(event: SseEvent): void {
    if (this.ended) return;
    const chunk = readChunk(event, this.quirks);
    if (chunk === 'done') this.done();
    else if (chunk instanceof GatewayError) this.fail(chunk);
    else this.readChunk(chunk);
  }

  abstract end(): void;

  protected abstract readChunk(chunk: JsonObject): void;

  /** The server says that the stream is over, as some do without ever giving a reason. */
  protected abstract done(): void;

  /** Ends what is open. @returns whether the answer contains calls, or the error in which they end. */
  protected abstract close(): boolean | GatewayError;

  protected start({ id, model }: JsonObject): void {
    this.started = true;
    this.sink.push({ type: 'start', id: asString(id) || null, model: asString(model) || null });
  }

  protected finish(isComplete: boolean): void {
    const { finished, complaint } = this;
    if (this.ended) return;
    if (finished === undefined || !isComplete) {
      if (complaint !== undefined) this.fail(complaint);
      return;
    }
    const raw = asString(finished.finish_reason) ?? null;
    const closed = brokenFinish(raw) ?? this.close();
    if (closed instanceof GatewayError) {
      this.fail(closed);
      return;
    }
    this.ended = true;
    this.sink.push({ type: 'finish', finish: parseFinish(raw, finished, closed) });
  }

  protected fail(error: GatewayError): void {
    this.ended = true;
    this.sink.push({ type: 'error', error });
  }
}

/** The chunk, or the failure that it reports, or `done`. Throws MalformedEvent if it is none of these. */
function readChunk({ event, data }: SseEvent, quirks: Quirks): JsonObject | GatewayError | 'done' {
  if (data === '[DONE]') return 'done';
  let value: unknown;
  try {
    value = parseJson(data);
  } catch {
    if (data.trim() === '[DONE]') return 'done';
    if (event === 'error') return errorOf(data, quirks);
    throw malformedData('not JSON', data);
  }
  if (isObject(value))
    return event === 'error' ? (errorInBody(value, quirks) ?? errorOf(value, quirks)) : value;
  const error = errorInList(value, (entry) => errorInBody(entry, quirks));
  if (error === undefined) throw new MalformedEvent('the chunk is not an object');
  return error;
}
