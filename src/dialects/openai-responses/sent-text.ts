// Remembers in constant memory which text was sent in deltas, so that the rest can be taken from a repetition of the whole.

/** Extended by classes that emit a text, so that a delta, which needs both, finds them in one object. */
export class SentText {
  /** UTF-16 units. */
  private sentLength = 0;
  private sentSum = START;

  protected note(delta: string): void {
    this.sentLength += delta.length;
    this.sentSum = hash(delta, delta.length, this.sentSum);
  }

  /** The part of `whole` after what was sent; empty if the two do not begin alike. */
  protected rest(whole: string): string {
    const length = this.sentLength;
    if (whole.length <= length) return '';
    return length === 0 || hash(whole, length, START) === this.sentSum ? whole.slice(length) : '';
  }

  /** Called when another text begins. */
  protected forget(): void {
    this.sentLength = 0;
    this.sentSum = START;
  }
}

/** Signed 32 bits, like the sums. */
const START = 0x811c9dc5 | 0;

/** FNV-1a over UTF-16 units, continued from `sum`. http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(text: string, length: number, sum: number): number {
  let result = sum;
  for (let index = 0; index < length; index++)
    result = Math.imul(result ^ text.charCodeAt(index), 0x01000193);
  return result;
}
