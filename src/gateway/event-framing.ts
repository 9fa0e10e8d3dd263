// How most providers frame a stream: server-sent events.
import type { StreamFraming } from '../dialects/dialect.ts';
import { createFrameSplitter } from '../sse/frame-splitter.ts';
import { parseFrame } from '../sse/parse-frame.ts';

export function createEventFraming(maxEvent: number): StreamFraming {
  const splitter = createFrameSplitter(maxEvent);
  return {
    push(chunk, take) {
      for (const frame of splitter.push(chunk).frames) {
        const event = parseFrame(frame);
        if (event !== undefined) take(event);
      }
    },
    flush(take) {
      const event = parseFrame(splitter.flush());
      if (event !== undefined) take(event);
    },
  };
}
