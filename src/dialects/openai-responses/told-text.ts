// Remembers in constant memory how much of a text was sent in deltas, so that a repetition of it can add the rest.

/** Extended by classes that emit a text, rather than a field of them: each delta needs both, so they are one object. */
export class ToldText {
  /** UTF-16 units. */
  private toldLength = 0;
  private toldSum = START;

  protected note(delta: string): void {
    this.toldLength += delta.length;
    this.toldSum = hash(delta, delta.length, this.toldSum);
  }

  /** The part of `whole` after what was sent; '' where the two do not begin alike. */
  protected rest(whole: string): string {
    const length = this.toldLength;
    if (whole.length <= length) return '';
    return length === 0 || hash(whole, length, START) === this.toldSum ? whole.slice(length) : '';
  }

  /** Another text begins. */
  protected forget(): void {
    this.toldLength = 0;
    this.toldSum = START;
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
