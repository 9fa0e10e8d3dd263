// Lines of a stream → neutral events. Text and thinking come in fragments, calls whole, the counts with `done`.
import { type EventSink, TEXT_EVENTS } from '../../model/events.ts';
import { readObject } from '../../model/exact-numbers.ts';
import { asObject, asString } from '../../model/json.ts';
import { textIn } from '../answer-list.ts';
import { malformedData, type StreamDecoder } from '../dialect.ts';
import { errorInBody } from './errors.ts';
import { readCalls, readFinish, readUsage } from './read-answer.ts';
import { ID, tellUnworded } from './unworded.ts';

export function createStreamDecoder(sink: EventSink): StreamDecoder {
  let started = false;
  let calls = 0;
  let nextBlock = 0;
  const told = new Set<string>();
  let open: { block: number; kind: 'text' | 'reasoning' } | undefined;

  function close(): void {
    if (open === undefined) return;
    sink.push({ type: TEXT_EVENTS[open.kind].end, block: open.block });
    open = undefined;
  }

  function write(kind: 'text' | 'reasoning', text: string): void {
    if (text === '') return;
    if (open?.kind !== kind) {
      close();
      open = { block: nextBlock++, kind };
      sink.push({ type: TEXT_EVENTS[kind].start, block: open.block });
    }
    sink.push({ type: TEXT_EVENTS[kind].delta, block: open.block, text });
  }

  function extend(name: string): void {
    if (told.has(name)) return;
    told.add(name);
    sink.push({ type: 'extension', dialect: ID, name, value: {} });
  }

  return {
    decode({ data }) {
      const line = readObject(data);
      if (line === undefined) throw malformedData('a line is no JSON object', data);
      const error = errorInBody(line);
      if (error !== undefined) {
        sink.push({ type: 'error', error });
        return;
      }
      if (!started) {
        started = true;
        sink.push({ type: 'start', id: null, model: asString(line.model) ?? null });
      }
      tellUnworded(line, extend);
      const message = asObject(line.message) ?? {};
      write('reasoning', textIn(message.thinking, 'message.thinking'));
      write('text', textIn(message.content, 'message.content'));
      for (const call of readCalls(message, asString(line.created_at) ?? '', calls)) {
        close();
        calls += 1;
        const block = nextBlock++;
        sink.push({ type: 'tool-start', block, id: call.id, name: call.name, kind: 'function' });
        sink.push({ type: 'tool-delta', block, arguments: call.arguments });
        sink.push({ type: 'tool-end', block });
      }
      if (line.done !== true) return;
      close();
      sink.push({ type: 'usage', usage: readUsage(line) });
      sink.push({ type: 'finish', finish: readFinish(line, calls > 0) });
    },
    // Only `done` ends an answer.
    end() {},
  };
}
