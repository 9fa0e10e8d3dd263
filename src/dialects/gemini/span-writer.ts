// The position of a source's text in a streaming answer, in UTF-8 bytes, as Google counts.
import type { Citation } from '../../model/content.ts';
import { createKeptText } from '../../model/kept-text.ts';
import type { Segment } from './citations.ts';

/** Longer text blocks are not kept, so that their sources get no position. */
const MOST_KEPT = 1_000_000;
/** How much text the spans of an answer may repeat, in UTF-16 units; later spans have only their position. */
const MOST_REPEATED = 4 * MOST_KEPT;
/** For each block the bytes up to each multiple of this are counted once, since sources may come in any order. */
const STEP = 256;

export class SpanWriter {
  private bytesBefore = 0;
  private blockBytes = 0;
  private block = createKeptText();
  private isKept = true;
  /** Byte offsets in the answer of each `STEP` of the block, counted when first needed. */
  private offsets: number[] = [];
  private repeated = 0;
  /** The span requested last. */
  private start = 0;
  private end: number | undefined;
  private last: Segment | undefined;

  begin(): void {
    this.bytesBefore += this.blockBytes;
    this.blockBytes = 0;
    this.block = createKeptText();
    this.isKept = true;
    this.offsets = [];
    this.last = undefined;
  }

  add(text: string): void {
    this.blockBytes += byteLength(text);
    if (!this.isKept) return;
    this.isKept = this.block.length + text.length <= MOST_KEPT;
    if (this.isKept) this.block.add(text);
    else this.block = createKeptText();
  }

  /**
   * The citation's own span, or the whole block if it has none; undefined if the text was not kept. The same object if the previous
   * citation has the same span. To be called when the block is complete.
   */
  segment(citation: Citation): Segment | undefined {
    const { block } = this;
    if (!this.isKept || block.length === 0) return undefined;
    const start = Math.max(0, citation.start ?? 0);
    const { end } = citation;
    if (this.last !== undefined && start === this.start && end === this.end) return this.last;
    const whole = block.text();
    const text = whole.slice(start, end);
    this.repeated += text.length;
    const startIndex = this.byteOffset(whole, start);
    const endIndex = this.byteOffset(whole, start + text.length);
    this.last = { startIndex, endIndex, ...(this.repeated <= MOST_REPEATED && { text }) };
    Object.assign(this, { start, end });
    return this.last;
  }

  private byteOffset(whole: string, at: number): number {
    const { offsets } = this;
    if (offsets.length === 0) {
      offsets.push(this.bytesBefore);
      for (let from = 0; from < whole.length; from += STEP)
        offsets.push((offsets.at(-1) ?? 0) + byteLength(whole.slice(from, from + STEP)));
    }
    const step = Math.min(Math.floor(at / STEP), offsets.length - 1);
    return (offsets[step] ?? 0) + byteLength(whole.slice(step * STEP, at));
  }
}

/** Counts without creating the bytes, since it runs for every piece of every answer. */
function byteLength(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // Half of a surrogate pair counts as two of the pair's four bytes.
    if (code > 0x7f) length += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return length;
}
