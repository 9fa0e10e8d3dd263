// Cuts a byte stream into frames: from an event's first byte to the blank line that ends it. Works on bytes, so that a passthrough can
// forward frames untouched and parse only those it needs.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

const LF = 10;
const CR = 13;
const NOTHING = new Uint8Array(0);

/** What one chunk completed: frames, in order and without gaps. */
export class CompletedFrames {
  readonly bytes: Uint8Array;
  /** Where each frame ends and the next one begins. */
  readonly ends: readonly number[];
  /** Set if the event after these frames exceeds the limit: nothing of it is kept, and nothing more can be read. */
  readonly tooLarge: EventTooLarge | undefined;

  constructor(bytes: Uint8Array, ends: readonly number[], tooLarge?: EventTooLarge) {
    this.bytes = bytes;
    this.ends = ends;
    this.tooLarge = tooLarge;
  }

  /** Views into `bytes`, made at each call, since most frames are not worth the cost of a view. */
  get frames(): Uint8Array[] {
    let start = 0;
    return this.ends.map((end) => {
      const frame = this.bytes.subarray(start, end);
      start = end;
      return frame;
    });
  }
}

export interface FrameSplitter {
  /** Takes the next chunk. */
  push(chunk: Uint8Array): CompletedFrames;
  /** Whether the last chunk ended where a frame did. */
  isBetween(): boolean;
  /** Whether the last frame ended in CR, and an LF that may belong to it has not arrived. */
  awaitsLf(): boolean;
  /** At EOF: the bytes after the last blank line, since an event may lack its own; empty if there are none. */
  flush(): Uint8Array;
}

export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge';
}

const NO_FRAMES = new CompletedFrames(NOTHING, []);

/**
 * @param maxEvent the longest event accepted, in bytes, including its blank line, so that chunk boundaries make no difference; the memory
 * held stays below it plus one chunk.
 */
export function createFrameSplitter(maxEvent: number): FrameSplitter {
  return new EventSplitter(maxEvent);
}

/**
 * The same for newline-delimited JSON, where each line is a frame. https://github.com/ndjson/ndjson-spec
 * @param maxEvent the longest line accepted, in bytes, including its end.
 */
export function createLineSplitter(maxEvent: number): FrameSplitter {
  return new LineSplitter(maxEvent);
}

/** A class, because each stream holds one; as closures it would be six objects. */
abstract class BytesSplitter implements FrameSplitter {
  private readonly maxEvent: number;
  /** Pieces of the unfinished event, joined once when it ends, in linear time however small they are. */
  private pieces: Uint8Array[] = [];
  protected pending = 0;

  constructor(maxEvent: number) {
    this.maxEvent = maxEvent;
  }

  push(chunk: Uint8Array): CompletedFrames {
    const before = this.pending;
    const ends = this.findEnds(chunk);
    const tooLarge = before + chunk.length > this.maxEvent && this.cutTooLarge(ends, chunk.length);
    const lastEnd = ends.at(-1);
    if (lastEnd === undefined) {
      if (tooLarge) return new CompletedFrames(NOTHING, [], this.giveUp());
      this.keep(chunk);
      return NO_FRAMES;
    }
    const isWhole = lastEnd === chunk.length;
    const bytes = this.join(isWhole ? chunk : chunk.subarray(0, lastEnd));
    if (!isWhole) this.keep(chunk.subarray(lastEnd));
    const framesEnd = before === 0 ? ends : ends.map((end) => before + end);
    return new CompletedFrames(bytes, framesEnd, tooLarge ? this.giveUp() : undefined);
  }

  isBetween(): boolean {
    return this.pending === 0 && !this.awaitsLf();
  }

  abstract awaitsLf(): boolean;

  /** Where frames end in the chunk, counted from its first byte. */
  protected abstract findEnds(chunk: Uint8Array): number[];

  flush(): Uint8Array {
    return this.join(NOTHING);
  }

  private keep(rest: Uint8Array): void {
    this.pieces.push(rest);
    this.pending += rest.length;
  }

  /** Whether an event is too large, finished or not; then only the ends before it remain. */
  private cutTooLarge(ends: number[], length: number): boolean {
    let start = -this.pending;
    for (const [index, end] of ends.entries()) {
      if (end - start > this.maxEvent) {
        ends.length = index;
        return true;
      }
      start = end;
    }
    return length - start > this.maxEvent;
  }

  private giveUp(): EventTooLarge {
    this.pieces = [];
    this.pending = 0;
    return new EventTooLarge(`an event is longer than ${this.maxEvent} bytes`);
  }

  private join(tail: Uint8Array): Uint8Array {
    if (this.pieces.length === 0) return tail;
    const joined = new Uint8Array(this.pending + tail.length);
    let offset = 0;
    for (const piece of this.pieces) {
      joined.set(piece, offset);
      offset += piece.length;
    }
    joined.set(tail, offset);
    this.pieces = [];
    this.pending = 0;
    return joined;
  }
}

class EventSplitter extends BytesSplitter {
  /** Whether no byte of the current line has arrived yet. */
  private lineEmpty = true;
  /** Whether the last chunk ended in CR, so that an LF at the start of the next one belongs to it. */
  private afterCr = false;

  override awaitsLf(): boolean {
    return this.pending === 0 && this.afterCr;
  }

  protected override findEnds(chunk: Uint8Array): number[] {
    const ends: number[] = [];
    let position = 0;
    if (this.afterCr && chunk.length > 0) {
      this.afterCr = false;
      if (chunk[0] === LF) {
        position = 1;
        // It must not wait for the next event, since some clients look for the whole of `\r\n\r\n`.
        if (this.pending === 0) ends.push(position);
      }
    }
    if (chunk.indexOf(CR) === -1) {
      for (;;) {
        // Checked first for the blank line that ends most frames: a call takes ten times as long as a comparison.
        const lineEnd = chunk[position] === LF ? position : chunk.indexOf(LF, position);
        if (lineEnd === -1) break;
        if (this.lineEmpty && lineEnd === position) ends.push(lineEnd + 1);
        this.lineEmpty = true;
        position = lineEnd + 1;
      }
      if (position < chunk.length) this.lineEmpty = false;
      return ends;
    }
    for (; position < chunk.length; position++) {
      const byte = chunk[position];
      if (byte !== LF && byte !== CR) {
        this.lineEmpty = false;
        continue;
      }
      if (byte === CR) {
        if (position + 1 === chunk.length) this.afterCr = true;
        else if (chunk[position + 1] === LF) position++;
      }
      if (this.lineEmpty) ends.push(position + 1);
      this.lineEmpty = true;
    }
    return ends;
  }
}

class LineSplitter extends BytesSplitter {
  override awaitsLf(): boolean {
    return false;
  }

  protected override findEnds(chunk: Uint8Array): number[] {
    const ends: number[] = [];
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, at + 1)) ends.push(at + 1);
    return ends;
  }
}
