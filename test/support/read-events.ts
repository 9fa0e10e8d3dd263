// A stream's bytes as its events, for assertions.
import type { SseEvent } from '../../src/sse/event.ts';
import { createFrameSplitter } from '../../src/sse/frame-splitter.ts';
import { parseFrame } from '../../src/sse/parse-frame.ts';

export function readEvents(bytes: Uint8Array): SseEvent[] {
  const splitter = createFrameSplitter(Number.POSITIVE_INFINITY);
  const { frames } = splitter.push(bytes);
  return [...frames, splitter.flush()].map(parseFrame).filter((event) => event !== undefined);
}
