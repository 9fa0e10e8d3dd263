// How most providers frame a stream: server-sent events.
import type { StreamFraming } from '../dialects/dialect.ts';
import type { SseEvent } from '../sse/event.ts';
import { createFrameSplitter, type FrameSplitter } from '../sse/frame-splitter.ts';
import { parseFrame } from '../sse/parse-frame.ts';

export function createEventFraming(maxEvent: number): StreamFraming {
  return new EventFraming(maxEvent);
}

class EventFraming implements StreamFraming {
  private readonly splitter: FrameSplitter;

  constructor(maxEvent: number) {
    this.splitter = createFrameSplitter(maxEvent);
  }

  push(chunk: Uint8Array, take: (event: SseEvent) => void): void {
    for (const frame of this.splitter.push(chunk).frames) {
      const event = parseFrame(frame);
      if (event !== undefined) take(event);
    }
  }

  flush(take: (event: SseEvent) => void): void {
    const event = parseFrame(this.splitter.flush());
    if (event !== undefined) take(event);
  }
}
