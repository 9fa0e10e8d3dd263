// Newline-delimited JSON: one value a line. https://github.com/ndjson/ndjson-spec
import { EventTooLarge } from '../../sse/frame-splitter.ts';
import type { StreamFraming } from '../dialect.ts';

const LF = 10;

/** @param maxEvent the longest line accepted, in bytes. */
export function createLineFraming(maxEvent: number): StreamFraming {
  // Pieces of the unfinished line are joined once, when it ends.
  let pieces: Uint8Array[] = [];
  let pending = 0;

  function line(tail: Uint8Array): string {
    const decoder = new TextDecoder();
    let text = '';
    for (const piece of pieces) text += decoder.decode(piece, { stream: true });
    text += decoder.decode(tail);
    pieces = [];
    pending = 0;
    return text.trim();
  }

  /** @param length of the unfinished line, or of one that has just ended, in bytes. */
  function check(length: number): void {
    if (length <= maxEvent) return;
    pieces = [];
    pending = 0;
    throw new EventTooLarge(`an event is longer than ${maxEvent} bytes`);
  }

  return {
    push(chunk, taker) {
      let start = 0;
      for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
        check(pending + end - start);
        const data = line(chunk.subarray(start, end));
        start = end + 1;
        if (data !== '') taker.take({ event: '', data });
      }
      if (start === chunk.length) return;
      pieces.push(chunk.subarray(start));
      pending += chunk.length - start;
      check(pending);
    },
    flush(taker) {
      const data = line(new Uint8Array(0));
      if (data !== '') taker.take({ event: '', data });
    },
  };
}
