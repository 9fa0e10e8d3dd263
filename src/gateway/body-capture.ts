// The bytes a client was sent, kept for the audit in little memory: an event of a stream repeats most of the
// one before (an envelope around a few letters), so of each chunk only what differs is kept. Ten minutes of a
// fast stream take some 100 KB, not megabytes, and every byte comes back.

export interface BodyCapture {
  /** Takes the next bytes; does not hold on to them. What lies beyond the cap is left out. */
  take(bytes: Uint8Array): void;
  text(): string;
}

/** Before each kept part: how much of the chunk before it begins and ends with, and how long the part is. */
const HEADER_BYTES = 6;
/** The header's numbers have 16 bits. */
const LONGEST_CHUNK = 0xffff;
/** Longer chunks are not compared: they are many events, or one that resembles none. */
const LONGEST_COMPARED = 1024;
/** Blocks grow with what is kept, so that a thousand short streams do not hold a thousand long blocks. */
const FIRST_BLOCK_BYTES = 512;
const LARGEST_BLOCK_BYTES = 16 * 1024;

const NO_BYTES = new Uint8Array(0);

interface Block {
  bytes: Uint8Array;
  used: number;
}

/** @param cap the most bytes of the body that are kept. */
export function createBodyCapture(cap: number): BodyCapture {
  return new DifferenceCapture(cap);
}

class DifferenceCapture implements BodyCapture {
  private readonly cap: number;
  private readonly blocks: Block[] = [];
  private last: Block = { bytes: NO_BYTES, used: 0 };
  /** Of the body so far. */
  private size = 0;
  private previous = NO_BYTES;
  private previousLength = 0;

  constructor(cap: number) {
    this.cap = cap;
  }

  take(bytes: Uint8Array): void {
    const { cap, size } = this;
    let rest = size + bytes.length > cap ? bytes.subarray(0, cap - size) : bytes;
    for (; rest.length > LONGEST_CHUNK; rest = rest.subarray(LONGEST_CHUNK)) {
      this.takeChunk(rest.subarray(0, LONGEST_CHUNK));
    }
    if (rest.length > 0) this.takeChunk(rest);
  }

  text(): string {
    const body = new Uint8Array(this.size);
    let start = 0;
    let end = 0;
    for (const { bytes, used } of this.blocks) {
      for (let at = 0; at < used; ) {
        const head = read16(bytes, at);
        const tail = read16(bytes, at + 2);
        const length = read16(bytes, at + 4);
        at += HEADER_BYTES;
        const begin = end;
        body.copyWithin(begin, start, start + head);
        body.set(bytes.subarray(at, at + length), begin + head);
        body.copyWithin(begin + head + length, end - tail, end);
        at += length;
        start = begin;
        end = begin + head + length + tail;
      }
    }
    return new TextDecoder().decode(body);
  }

  private takeChunk(chunk: Uint8Array): void {
    const { previous, previousLength } = this;
    const comparable = chunk.length <= LONGEST_COMPARED ? Math.min(previousLength, chunk.length) : 0;
    let head = 0;
    while (head < comparable && chunk[head] === previous[head]) head++;
    let tail = 0;
    const rest = comparable - head;
    while (tail < rest && chunk[chunk.length - 1 - tail] === previous[previousLength - 1 - tail]) tail++;
    this.keep(chunk, head, tail);
    this.remember(chunk);
    this.size += chunk.length;
  }

  private keep(chunk: Uint8Array, head: number, tail: number): void {
    const length = chunk.length - head - tail;
    const block = this.roomFor(HEADER_BYTES + length);
    const { bytes, used } = block;
    bytes[used] = head & 0xff;
    bytes[used + 1] = head >> 8;
    bytes[used + 2] = tail & 0xff;
    bytes[used + 3] = tail >> 8;
    bytes[used + 4] = length & 0xff;
    bytes[used + 5] = length >> 8;
    const part = used + HEADER_BYTES;
    // A view costs more than a few letters.
    if (length <= 32)
      for (let index = 0; index < length; index++) bytes[part + index] = chunk[head + index] ?? 0;
    else bytes.set(chunk.subarray(head, head + length), part);
    block.used += HEADER_BYTES + length;
  }

  private roomFor(needed: number): Block {
    const { last } = this;
    if (last.bytes.length - last.used >= needed) return last;
    const usual = Math.min(LARGEST_BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, 2 * last.bytes.length));
    const block = { bytes: new Uint8Array(Math.max(usual, needed)), used: 0 };
    this.last = block;
    this.blocks.push(block);
    return block;
  }

  /** A copy: the chunk may be a view into a far larger buffer. */
  private remember(chunk: Uint8Array): void {
    this.previousLength = 0;
    if (chunk.length > LONGEST_COMPARED) return;
    if (this.previous.length < chunk.length) this.previous = new Uint8Array(chunk.length + 64);
    this.previous.set(chunk);
    this.previousLength = chunk.length;
  }
}

function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}
