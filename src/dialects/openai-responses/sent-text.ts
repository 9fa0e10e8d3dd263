// Remembers in constant memory how much of a text was sent in deltas, so that a repetition of it can add the rest.

/** Extended by classes that emit a text, rather than a field of them: each delta needs both, so they are one object. */
export class SentText {
  /** UTF-16 units. */
  private sentLength = 0;
  private sentSum = START;

  protected note(delta: string): void {
    this.sentLength += delta.length;
    this.sentSum = hash(delta, delta.length, this.sentSum);
  }

  /** The part of `whole` after what was sent; '' where the two do not begin alike. */
  protected rest(whole: string): string {
    const length = this.sentLength;
    if (whole.length <= length) return '';
    return length === 0 || hash(whole, length, START) === this.sentSum ? whole.slice(length) : '';
  }

  /** Another text begins. */
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
