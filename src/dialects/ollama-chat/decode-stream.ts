// The lines of a stream → neutral events. Text and thinking come in fragments, calls whole, and the counts with `done`.
import { type EventSink, TEXT_EVENTS } from '../../model/events.ts';
import { readObject } from '../../model/json/exact-numbers.ts';
import { asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { SseEvent } from '../../sse/event.ts';
import { textIn } from '../shared/answer-list.ts';
import { isFirstReport } from '../shared/losses/first-report.ts';
import { parseLogprobs } from '../openai/logprobs.ts';
import { malformedData, type StreamDecoder } from '../dialect.ts';
import { errorInBody } from './errors.ts';
import { readCalls, readFinish, readUsage } from './read-answer.ts';
import { isThere, reportUnmapped } from './unmapped-fields.ts';
import { ID } from './wire.ts';

export function createStreamDecoder(sink: EventSink): StreamDecoder {
  return new LineDecoder(sink);
}

const NO_MESSAGE: JsonObject = {};

/** A class, so that a stream needs only a few objects while it lasts. */
class LineDecoder implements StreamDecoder {
  private readonly sink: EventSink;
  private started = false;
  private calls = 0;
  private nextBlock = 0;
  /** The kind of the open block. */
  private open: 'text' | 'reasoning' | undefined = undefined;
  private block = 0;
  /** The names of the extensions reported so far. */
  private reported: Set<string> | null = null;

  constructor(sink: EventSink) {
    this.sink = sink;
  }

  decode({ data }: SseEvent): void {
    const line = readObject(data);
    if (line === undefined) throw malformedData('a line is not a JSON object', data);
    const error = errorInBody(line);
    if (error !== undefined) {
      this.sink.push({ type: 'error', error });
      return;
    }
    if (!this.started) {
      this.started = true;
      this.sink.push({ type: 'start', id: null, model: asString(line.model) ?? null });
    }
    reportUnmapped(line, this.extend);
    const message = asObject(line.message) ?? NO_MESSAGE;
    const thinking = textIn(message.thinking, 'message.thinking');
    const content = textIn(message.content, 'message.content');
    this.write('reasoning', thinking);
    if (isThere(line.logprobs))
      this.spell(content, line.logprobs, thinking !== '' || isThere(message.tool_calls));
    else this.write('text', content);
    if (message.tool_calls !== undefined) this.call(message, asString(line.created_at) ?? '');
    if (line.done !== true) return;
    this.close();
    const usage = readUsage(line);
    if (usage !== undefined) this.sink.push({ type: 'usage', usage });
    this.sink.push({ type: 'finish', finish: readFinish(line, this.calls > 0) });
  }

  // Only `done` ends an answer.
  end(): void {}

  private begin(kind: 'text' | 'reasoning'): void {
    if (this.open === kind) return;
    this.close();
    this.open = kind;
    this.block = this.nextBlock++;
    this.sink.push({ type: TEXT_EVENTS[kind].start, block: this.block });
  }

  private write(kind: 'text' | 'reasoning', text: string): void {
    if (text === '') return;
    this.begin(kind);
    this.sink.push({ type: TEXT_EVENTS[kind].delta, block: this.block, text });
  }

  /** Text with the log probabilities of its tokens. If several tokens make up one letter, it comes with the last of them. */
  private spell(text: string, raw: JsonValue | undefined, isMore: boolean): void {
    const logprobs = parseLogprobs(raw);
    const hasPlace = text !== '' || (this.open === 'text' && !isMore);
    if (!hasPlace || logprobs === undefined) {
      this.write('text', text);
      this.extend('logprobs');
      return;
    }
    this.begin('text');
    this.sink.push({ type: 'text-delta', block: this.block, text, logprobs });
  }

  private call(message: JsonObject, createdAt: string): void {
    for (const call of readCalls(message, createdAt, this.calls)) {
      this.close();
      this.calls += 1;
      const block = this.nextBlock++;
      this.sink.push({ type: 'tool-start', block, id: call.id, name: call.name, kind: 'function' });
      this.sink.push({ type: 'tool-delta', block, arguments: call.arguments });
      this.sink.push({ type: 'tool-end', block });
    }
  }

  private close(): void {
    const { open, block } = this;
    if (open === undefined) return;
    this.open = undefined;
    this.sink.push({ type: TEXT_EVENTS[open].end, block });
  }

  private readonly extend = (name: string): void => {
    this.reported ??= new Set();
    if (isFirstReport(this.reported, name, this.sink))
      this.sink.push({ type: 'extension', dialect: ID, name, value: {} });
  };
}
