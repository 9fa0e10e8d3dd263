// Streams of the dialect in tests: framing, decoding, encoding and the order they must keep.
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import type { AnswerContext } from '../../../src/dialects/dialect.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import type { SseEvent } from '../../../src/sse/event.ts';
import { createFrameSplitter } from '../../../src/sse/frame-splitter.ts';
import { parseFrame } from '../../../src/sse/parse-frame.ts';

export const CONTEXT: AnswerContext = {
  requestId: 'req_1',
  model: 'some-model',
  created: 0,
  includeUsage: true,
};

export function framed(body: Uint8Array | string): SseEvent[] {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const splitter = createFrameSplitter(1 << 25);
  const frames = [...splitter.push(bytes).frames, splitter.flush()];
  return frames.map(parseFrame).filter((event) => event !== undefined);
}

/** What the decoder emits. Throws what the decoder throws. */
export function decoded(events: readonly SseEvent[]): StreamEvent[] {
  const emitted: StreamEvent[] = [];
  const decoder = anthropicMessages.provider.createStreamDecoder(emitted);
  for (const event of events) decoder.decode(event);
  decoder.end();
  return emitted;
}

/** Wire events from their data, named as the provider names them. */
export function wire(...data: JsonObject[]): SseEvent[] {
  return data.map((each) => ({ event: String(each.type), data: JSON.stringify(each) }));
}

export function encoded(events: readonly StreamEvent[], context: Partial<AnswerContext> = {}): SseEvent[] {
  const encoder = anthropicMessages.client.createStreamEncoder({ ...CONTEXT, ...context });
  return framed(events.map((event) => encoder.encode(event)).join(''));
}

export function violations(events: readonly SseEvent[]): string[] {
  const checker = anthropicMessages.createGrammarChecker();
  for (const event of events) checker.check(event);
  return checker.end();
}

/** Joins neighbouring fragments of one block and sums up usage: what two streams that tell the same agree on. */
export function normalised(events: readonly StreamEvent[]): StreamEvent[] {
  const joined: StreamEvent[] = [];
  let usage: StreamEvent | undefined;
  for (const event of events) {
    const last = joined.at(-1);
    if (event.type === 'usage') {
      usage = { type: 'usage', usage: { ...(usage?.type === 'usage' ? usage.usage : {}), ...event.usage } };
    } else if (last !== undefined && 'block' in last && 'block' in event && last.block === event.block) {
      const merged = merge(last, event);
      if (merged === undefined) joined.push(event);
      else joined[joined.length - 1] = merged;
    } else joined.push(event);
  }
  return usage === undefined ? joined : [...joined, usage];
}

function merge(a: StreamEvent, b: StreamEvent): StreamEvent | undefined {
  if (a.type === 'text-delta' && b.type === 'text-delta') return { ...a, text: a.text + b.text };
  if (a.type === 'reasoning-delta' && b.type === 'reasoning-delta') return { ...a, text: a.text + b.text };
  if (a.type === 'tool-delta' && b.type === 'tool-delta')
    return { ...a, arguments: a.arguments + b.arguments };
  return undefined;
}
