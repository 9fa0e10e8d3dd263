// The two ways in which a stream of bytes holds events: server-sent events, and lines of JSON.
import type { SseEvent } from './event.ts';
import { createFrameSplitter, createLineSplitter, type FrameSplitter } from './frame-splitter.ts';
import { parseFrame, parseLine } from './parse-frame.ts';

export interface FrameFormat {
  /** @param maxEvent as `createFrameSplitter` takes it. */
  createSplitter(maxEvent: number): FrameSplitter;
  /** The event in the frame; undefined if it holds none. */
  parse(frame: Uint8Array): SseEvent | undefined;
  /** Ends a frame whose own end did not arrive. */
  readonly end: string;
}

export const FRAME_FORMATS: Readonly<Record<'sse' | 'lines', FrameFormat>> = {
  sse: { createSplitter: createFrameSplitter, parse: parseFrame, end: '\n\n' },
  lines: { createSplitter: createLineSplitter, parse: parseLine, end: '\n' },
};
