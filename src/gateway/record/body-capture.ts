// The bytes a client was sent, kept for the audit in little memory: an event of a stream repeats most of the
// one before (an envelope around a few letters), so of each chunk only what differs is kept. Ten minutes of a
// fast stream take some 100 KB, not megabytes, and every byte comes back.

import { MAX_BODY_LENGTH } from '../../ledger/rows/storable-row.ts';

/** The most bytes kept of a body for the audit: what a row may hold, less room for the mark of a truncated one. */
export const BODY_CAPTURE = MAX_BODY_LENGTH - 128;

/** Precedes each kept part: how many bytes at the start and end equal those of the previous chunk, and how long the part is. */
const HEADER_BYTES = 6;
/** The header's numbers have 16 bits. */
const LONGEST_CHUNK = 0xffff;
/** The length before each chunk that waits. */
const LENGTH_BYTES = 2;
/** Longer chunks are not compared: they hold many events, or one unlike any other. */
const LONGEST_COMPARED = 1024;
/** Longer chunks are kept as they are: fresh memory for a copy would cost more than all else that is done with them here. */
const LONGEST_COPIED = 4096;
/** Room for chunks that wait to be compared: a few events of a common stream. */
const RECENT_BYTES = 1024;
/** Shorter parts are copied byte by byte: a view costs more. */
const LONGEST_BYTEWISE = 64;
/** Up to so many bytes are copied one by one faster than through a view. */
const SHORT = 32;
/** Blocks grow with what is kept, so that a thousand short streams do not hold a thousand long blocks. */
const FIRST_BLOCK_BYTES = 512;
const LARGEST_BLOCK_BYTES = 16 * 1024;

const NO_BYTES = new Uint8Array(0);
const decoder = new TextDecoder();

interface Block {
  bytes: Uint8Array;
  used: number;
  /** A whole chunk, instead of parts with their headers. */
  isChunk: boolean;
}

const NO_BLOCK: Readonly<Block> = { bytes: NO_BYTES, used: 0, isChunk: false };

/** @param cap the most bytes of the body that are kept. */
export class BodyCapture {
  private readonly cap: number;
  private readonly blocks: Block[] = [];
  private last: Block = NO_BLOCK;
  /** Bytes of the body so far. */
  private size = 0;
  /** The part of the previous chunk that is compared with, followed by the waiting chunks. */
  private recent = NO_BYTES;
  private previousLength = 0;
  private recentUsed = 0;
  /** Where the first waiting chunk begins; its length stands before it in two bytes. */
  private compared = 0;

  /** @param cap the most bytes of the body that are kept. */
  constructor(cap: number) {
    this.cap = cap;
  }

  /** Takes the next bytes, which must not change afterwards: a long chunk is not copied. What exceeds the cap is left out. */
  take(bytes: Uint8Array): void {
    const { cap, size } = this;
    let rest = size + bytes.length > cap ? bytes.subarray(0, cap - size) : bytes;
    for (; rest.length > LONGEST_CHUNK; rest = rest.subarray(LONGEST_CHUNK)) {
      this.takeChunk(rest.subarray(0, LONGEST_CHUNK));
    }
    if (rest.length > 0) this.takeChunk(rest);
  }

  text(): string {
    this.compareWaiting();
    // A short stream often comes in one piece.
    const whole = this.inOnePiece();
    if (whole !== undefined) return decoder.decode(whole);
    const body = new Uint8Array(this.size);
    let start = 0;
    let end = 0;
    for (const { bytes, used, isChunk } of this.blocks) {
      if (isChunk) {
        body.set(bytes, end);
        end += used;
        continue;
      }
      for (let at = 0; at < used; ) {
        const head = read16(bytes, at);
        const tail = read16(bytes, at + 2);
        const length = read16(bytes, at + 4);
        at += HEADER_BYTES;
        const begin = end;
        body.copyWithin(begin, start, start + head);
        if (length <= SHORT)
          for (let index = 0; index < length; index++) body[begin + head + index] = bytes[at + index] ?? 0;
        else body.set(bytes.subarray(at, at + length), begin + head);
        body.copyWithin(begin + head + length, end - tail, end);
        at += length;
        start = begin;
        end = begin + head + length + tail;
      }
    }
    return decoder.decode(body);
  }

  /** Something may have been left out. */
  isFull(): boolean {
    return this.size === this.cap;
  }

  /** All that was kept, where it is one chunk. */
  private inOnePiece(): Uint8Array | undefined {
    const [only] = this.blocks;
    if (only === undefined || this.blocks.length > 1) return undefined;
    const { bytes, used, isChunk } = only;
    if (isChunk) return bytes;
    return used === HEADER_BYTES + read16(bytes, 4) ? bytes.subarray(HEADER_BYTES, used) : undefined;
  }

  private takeChunk(chunk: Uint8Array): void {
    const { length } = chunk;
    this.size += length;
    if (length > LONGEST_COMPARED) {
      this.compareWaiting();
      if (length > LONGEST_COPIED) this.keepWhole(chunk);
      else this.keep(chunk, 0, length, 0, 0);
      this.previousLength = 0;
      this.recentUsed = 0;
      this.compared = 0;
      return;
    }
    if (this.recentUsed + LENGTH_BYTES + length > this.recent.length) this.makeRoom(length);
    const { recent, recentUsed } = this;
    recent[recentUsed] = length & 0xff;
    recent[recentUsed + 1] = length >> 8;
    recent.set(chunk, recentUsed + LENGTH_BYTES);
    this.recentUsed = recentUsed + LENGTH_BYTES + length;
  }

  /** Makes room among the recent bytes for a chunk of this length. */
  private makeRoom(length: number): void {
    this.compareWaiting();
    const { recent, recentUsed, previousLength } = this;
    const begin = recentUsed - previousLength;
    const needed = previousLength + LENGTH_BYTES + length;
    if (needed > recent.length) {
      this.recent = new Uint8Array(Math.max(needed, RECENT_BYTES));
      this.recent.set(recent.subarray(begin, recentUsed));
    } else recent.copyWithin(0, begin, recentUsed);
    this.recentUsed = previousLength;
    this.compared = previousLength;
  }

  private compareWaiting(): void {
    const { recent, recentUsed } = this;
    let { compared, previousLength } = this;
    while (compared < recentUsed) {
      const length = read16(recent, compared);
      const begin = compared + LENGTH_BYTES;
      const end = begin + length;
      const before = compared - previousLength;
      const comparable = Math.min(previousLength, length);
      let head = 0;
      while (head < comparable && recent[begin + head] === recent[before + head]) head++;
      let tail = 0;
      while (tail < comparable - head && recent[end - 1 - tail] === recent[compared - 1 - tail]) tail++;
      this.keep(recent, begin + head, end - tail, head, tail);
      previousLength = length;
      compared = end;
    }
    this.compared = compared;
    this.previousLength = previousLength;
  }

  /** Keeps a chunk as `head` and `tail` bytes shared with the previous one, and its own bytes between them, `from` to `to`. */
  private keep(source: Uint8Array, from: number, to: number, head: number, tail: number): void {
    const length = to - from;
    const block = this.roomFor(HEADER_BYTES + length);
    const { bytes, used } = block;
    bytes[used] = head & 0xff;
    bytes[used + 1] = head >> 8;
    bytes[used + 2] = tail & 0xff;
    bytes[used + 3] = tail >> 8;
    bytes[used + 4] = length & 0xff;
    bytes[used + 5] = length >> 8;
    const part = used + HEADER_BYTES;
    if (length <= LONGEST_BYTEWISE)
      for (let index = 0; index < length; index++) bytes[part + index] = source[from + index] ?? 0;
    else bytes.set(source.subarray(from, to), part);
    block.used += HEADER_BYTES + length;
  }

  private keepWhole(chunk: Uint8Array): void {
    this.blocks.push({ bytes: chunk, used: chunk.length, isChunk: true });
    this.last = NO_BLOCK;
  }

  private roomFor(needed: number): Block {
    const { last } = this;
    if (last.bytes.length - last.used >= needed) return last;
    const usual = Math.min(LARGEST_BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, 2 * last.bytes.length));
    const block = { bytes: new Uint8Array(Math.max(usual, needed)), used: 0, isChunk: false };
    this.last = block;
    this.blocks.push(block);
    return block;
  }
}

function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}
