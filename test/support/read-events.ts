// A stream's bytes as its events, for assertions.
import type { SseEvent } from '../../src/sse/event.ts';
import { FRAME_FORMATS } from '../../src/sse/frame-format.ts';

const BRACE = '{'.charCodeAt(0);
const BLANK = ' '.charCodeAt(0);

/** Of server-sent events, or of lines of JSON: those begin with a brace. */
export function readEvents(bytes: Uint8Array): SseEvent[] {
  const isLines = bytes.find((byte) => byte > BLANK) === BRACE;
  const { createSplitter, parse } = FRAME_FORMATS[isLines ? 'lines' : 'sse'];
  const splitter = createSplitter(Number.POSITIVE_INFINITY);
  const { frames } = splitter.push(bytes);
  return [...frames, splitter.flush()].map(parse).filter((event) => event !== undefined);
}
