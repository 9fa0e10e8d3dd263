// Lines of a stream → neutral events. Text and thinking come in fragments, calls whole, the counts with `done`.
import { type EventSink, TEXT_EVENTS } from '../../model/events.ts';
import { readObject } from '../../model/json/exact-numbers.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { SseEvent } from '../../sse/event.ts';
import { textIn } from '../shared/answer-list.ts';
import { malformedData, type StreamDecoder } from '../dialect.ts';
import { errorInBody } from './errors.ts';
import { readCalls, readFinish, readUsage } from './read-answer.ts';
import { ID, tellUnworded } from './unworded.ts';

export function createStreamDecoder(sink: EventSink): StreamDecoder {
  return new LineDecoder(sink);
}

const NO_MESSAGE: JsonObject = {};

/** A class: what a stream holds for as long as it flows is few objects. */
class LineDecoder implements StreamDecoder {
  private readonly sink: EventSink;
  private started = false;
  private calls = 0;
  private nextBlock = 0;
  /** Of the open block. */
  private open: 'text' | 'reasoning' | undefined = undefined;
  private block = 0;
  /** Names of the extensions so far. */
  private told: Set<string> | null = null;

  constructor(sink: EventSink) {
    this.sink = sink;
  }

  decode({ data }: SseEvent): void {
    const line = readObject(data);
    if (line === undefined) throw malformedData('a line is no JSON object', data);
    const error = errorInBody(line);
    if (error !== undefined) {
      this.sink.push({ type: 'error', error });
      return;
    }
    if (!this.started) {
      this.started = true;
      this.sink.push({ type: 'start', id: null, model: asString(line.model) ?? null });
    }
    tellUnworded(line, this.extend);
    const message = asObject(line.message) ?? NO_MESSAGE;
    this.write('reasoning', textIn(message.thinking, 'message.thinking'));
    this.write('text', textIn(message.content, 'message.content'));
    if (message.tool_calls !== undefined) this.call(message, asString(line.created_at) ?? '');
    if (line.done !== true) return;
    this.close();
    this.sink.push({ type: 'usage', usage: readUsage(line) });
    this.sink.push({ type: 'finish', finish: readFinish(line, this.calls > 0) });
  }

  // Only `done` ends an answer.
  end(): void {}

  private write(kind: 'text' | 'reasoning', text: string): void {
    if (text === '') return;
    if (this.open !== kind) {
      this.close();
      this.open = kind;
      this.block = this.nextBlock++;
      this.sink.push({ type: TEXT_EVENTS[kind].start, block: this.block });
    }
    this.sink.push({ type: TEXT_EVENTS[kind].delta, block: this.block, text });
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
    if (this.told?.has(name)) return;
    this.told ??= new Set();
    this.told.add(name);
    this.sink.push({ type: 'extension', dialect: ID, name, value: {} });
  };
}
