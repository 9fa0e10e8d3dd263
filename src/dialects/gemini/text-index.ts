// Positions in an answer's text: Google counts UTF-8 bytes over the whole answer, the neutral model UTF-16 units in
// one text block.
import { PiecedText } from '../../model/kept-text.ts';

/** Text beyond this is not kept, so that memory is bounded for any stream; later sources get no position. */
const MOST_KEPT = 1_000_000;

const encoder = new TextEncoder();
// A byte order mark within an answer is an ordinary character.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class TextIndex extends PiecedText {
  private blockStart = 0;
  private isWhole = true;
  /** The text as bytes, created on demand and dropped when the text grows. */
  private bytes: Uint8Array | undefined;

  /** A new text block begins after all text so far. */
  begin(): void {
    this.blockStart = this.length;
  }

  override add(more: string): void {
    if (!this.isWhole) return;
    if (this.length + more.length > MOST_KEPT) {
      this.isWhole = false;
      return;
    }
    super.add(more);
    this.bytes = undefined;
  }

  /**
   * The span of the current block for the bytes from `start` to `end`; undefined if they are not in it or, if `quote` is given, contain
   * another text.
   */
  place(start: number, end: number, quote: string | undefined): { start: number; end: number } | undefined {
    const { blockStart } = this;
    const text = this.text();
    this.bytes ??= encoder.encode(text);
    const { bytes } = this;
    if (end > bytes.length || start >= end) return undefined;
    const from = decoder.decode(bytes.subarray(0, start)).length;
    const to = from + decoder.decode(bytes.subarray(start, end)).length;
    if (from < blockStart) return undefined;
    if (quote !== undefined && quote !== '' && text.slice(from, to) !== quote) return undefined;
    return { start: from - blockStart, end: to - blockStart };
  }
}
