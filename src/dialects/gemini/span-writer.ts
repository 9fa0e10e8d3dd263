// The position of a source's text in a streaming answer, in UTF-8 bytes, as Google counts.
import type { Citation } from '../../model/content.ts';
import { createKeptText } from '../../model/kept-text.ts';
import type { Segment } from './citations.ts';

/** Longer text blocks are not kept: their sources get no position. */
const MOST_KEPT = 1_000_000;

export interface SpanWriter {
  begin(): void;
  add(text: string): void;
  /**
   * The citation's own span, or the whole block where it has none; undefined where the text was not kept. The same object
   * where the previous citation has the same span. To be called once the block is complete.
   */
  segment(citation: Citation): Segment | undefined;
}

export function createSpanWriter(): SpanWriter {
  return new CountedSpans();
}

class CountedSpans implements SpanWriter {
  private bytesBefore = 0;
  private blockBytes = 0;
  private block = createKeptText();
  private isKept = true;
  /** The span asked for last, and how far its bytes are counted: sources come in the order of their places. */
  private start = 0;
  private end: number | undefined;
  private startIndex = 0;
  private last: Segment | undefined;

  begin(): void {
    this.bytesBefore += this.blockBytes;
    this.blockBytes = 0;
    this.block = createKeptText();
    this.isKept = true;
    this.start = 0;
    this.startIndex = this.bytesBefore;
    this.last = undefined;
  }

  add(text: string): void {
    this.blockBytes += byteLength(text);
    if (!this.isKept) return;
    this.isKept = this.block.length + text.length <= MOST_KEPT;
    if (this.isKept) this.block.add(text);
    else this.block = createKeptText();
  }

  segment(citation: Citation): Segment | undefined {
    const { block } = this;
    if (!this.isKept || block.length === 0) return undefined;
    const start = Math.max(0, citation.start ?? 0);
    const { end } = citation;
    if (this.last !== undefined && start === this.start && end === this.end) return this.last;
    const whole = block.text();
    const text = whole.slice(start, end);
    const startIndex =
      start < this.start
        ? this.bytesBefore + byteLength(whole.slice(0, start))
        : this.startIndex + byteLength(whole.slice(this.start, start));
    this.last = { startIndex, endIndex: startIndex + byteLength(text), text };
    Object.assign(this, { start, end, startIndex });
    return this.last;
  }
}

/** Does not create the bytes, since it runs for every piece of every answer. */
function byteLength(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // Half of a surrogate pair is two bytes of its four.
    if (code > 0x7f) length += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return length;
}
