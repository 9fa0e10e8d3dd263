// Ways to cut a body: into pieces (which must change nothing) and short (which must be noticed).
import { asArray, asObject, parseObject } from '../../src/model/json/json.ts';

export interface Split {
  /** Names the seed too, so that a failing test name is enough to run it again. */
  name: string;
  cut(body: Uint8Array): Uint8Array[];
}

export const WHOLE: Split = { name: 'whole', cut: (body) => (body.length === 0 ? [] : [body]) };

export const ONE_BYTE_PIECES: Split = {
  name: 'one-byte pieces',
  cut: (body) => Array.from(body, (_, index) => body.subarray(index, index + 1)),
};

export const AT_EACH_EVENT: Split = {
  name: 'at each event',
  cut: (body) => cutAt(body, eventBoundaries(body)),
};

/** Pieces of 1 to `longest` bytes, mostly short, so that UTF-8 sequences and CRLF pairs are cut often. */
export function randomSplit(seed: number, longest = 64): Split {
  return {
    name: `random pieces, seed ${seed}`,
    cut(body) {
      const random = createRandom(seed);
      const positions: number[] = [];
      for (let at = 0; at < body.length; ) {
        at += 1 + Math.floor(random() ** 2 * longest);
        positions.push(at);
      }
      return cutAt(body, positions);
    },
  };
}

/** The first seed of the random splits: SLUICE_SEED, else always the same. */
export const FIRST_SEED = Number(process.env.SLUICE_SEED ?? 20_250_701);

export function randomSplits(count: number): Split[] {
  return Array.from({ length: count }, (_, index) => randomSplit(FIRST_SEED + index));
}

/** Every kind of split once, with `randomCount` random ones. */
export function allSplits(randomCount = 3): Split[] {
  return [WHOLE, ONE_BYTE_PIECES, AT_EACH_EVENT, ...randomSplits(randomCount)];
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const LF = 10;
const CR = 13;
const BRACE = 0x7b;

/**
 * Offsets just behind each event: behind the blank line that ends a block of lines, or behind each line where these are JSON, as
 * Ollama's. A body's last event may lack that.
 */
export function eventBoundaries(body: Uint8Array): number[] {
  const isLines = body[0] === BRACE;
  const boundaries: number[] = [];
  let lineStart = 0;
  let sawText = false;
  for (let at = 0; at < body.length; at++) {
    if (body[at] !== LF && body[at] !== CR) continue;
    const isBlank = at === lineStart;
    if (body[at] === CR && body[at + 1] === LF) at++;
    lineStart = at + 1;
    if (!isBlank) sawText = true;
    if (sawText && (isBlank || isLines)) {
      boundaries.push(lineStart);
      sawText = false;
    }
  }
  return boundaries;
}

export interface Truncation {
  name: string;
  /** Bytes left, from the start of the body. */
  bytes: Uint8Array;
  /** Blocks (events or comments) that are whole in it. */
  events: number;
  kind: 'boundary' | 'mid-event';
}

/**
 * Every prefix that ends at an event boundary before the stream's terminal, the empty one included, and
 * one cut in the middle of each of those events. The terminal is what GUARANTEES calls one, or an error
 * inside the stream; a body without one gives the prefixes before its end.
 */
export function truncations(body: Uint8Array): Truncation[] {
  const ends = [...new Set([...eventBoundaries(body), body.length])];
  const cuts: Truncation[] = [];
  let start = 0;
  for (const [index, end] of ends.entries()) {
    const prefix = { events: index };
    cuts.push({
      ...prefix,
      name: `after ${index} events`,
      bytes: body.subarray(0, start),
      kind: 'boundary',
    });
    const middle = start + Math.floor((end - start) / 2);
    cuts.push({
      ...prefix,
      name: `inside event ${index + 1}`,
      bytes: body.subarray(0, middle),
      kind: 'mid-event',
    });
    if (isTerminal(body.subarray(start, end))) break;
    start = end;
  }
  return cuts;
}

/** Whether a block of lines, or a line of JSON, holds the event behind which EOF is a proper ending. */
function isTerminal(block: Uint8Array): boolean {
  const text = new TextDecoder().decode(block);
  const data = text.startsWith('{')
    ? text
    : text
        .split(/\r\n|\r|\n/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice('data:'.length).trimStart())
        .join('\n');
  if (data.trim() === '[DONE]') return true;
  const event = parseObject(data);
  if (event === undefined) return false;
  if (event.error !== undefined && event.error !== null) return true;
  if (event.done === true) return true;
  if (typeof event.type === 'string' && TERMINAL_TYPES.has(event.type)) return true;
  return [...(asArray(event.choices) ?? []), ...(asArray(event.candidates) ?? [])].some((choice) => {
    const entry = asObject(choice);
    const reason = entry?.finish_reason ?? entry?.finishReason;
    return reason !== undefined && reason !== null && reason !== '';
  });
}

const TERMINAL_TYPES = new Set([
  'message_stop',
  'error',
  'response.completed',
  'response.incomplete',
  'response.failed',
]);

/** The pieces between `positions`; positions outside the body are ignored. */
function cutAt(body: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (const position of [...positions, body.length]) {
    const end = Math.min(position, body.length);
    if (end > start) pieces.push(body.subarray(start, end));
    start = Math.max(start, end);
  }
  return pieces;
}
