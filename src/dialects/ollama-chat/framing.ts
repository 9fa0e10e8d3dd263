// Newline-delimited JSON: one value per line. https://github.com/ndjson/ndjson-spec
import { FRAME_FORMATS } from '../../sse/frame-format.ts';
import type { EventTaker, StreamFraming } from '../dialect.ts';

/** @param maxEvent the longest line accepted, in bytes, including its end. */
export function createLineFraming(maxEvent: number): StreamFraming {
  const { createSplitter, parse } = FRAME_FORMATS.lines;
  const splitter = createSplitter(maxEvent);
  const read = (line: Uint8Array, taker: EventTaker) => {
    const event = parse(line);
    if (event !== undefined) taker.take(event);
  };
  return {
    push(chunk, taker) {
      const { frames, tooLarge } = splitter.push(chunk);
      for (const line of frames) read(line, taker);
      if (tooLarge !== undefined) throw tooLarge;
    },
    flush: (taker) => read(splitter.flush(), taker),
  };
}
