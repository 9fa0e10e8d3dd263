// How much of a text was sent in deltas, so that what repeats it can add what is missing, in constant memory.

/** To be extended by what tells a text: each delta looks at both, and so they are one object. */
export class ToldText {
  /** UTF-16 units. */
  private toldLength = 0;
  private toldSum = START;

  protected note(delta: string): void {
    this.toldLength += delta.length;
    this.toldSum = hash(delta, delta.length, this.toldSum);
  }

  /** The part of `whole` behind what was sent; '' where the two do not begin alike. */
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

/** As the 32 bits with a sign that the sums are. */
const START = 0x811c9dc5 | 0;

/** FNV-1a over UTF-16 units, goes on from `sum`. http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(text: string, length: number, sum: number): number {
  let result = sum;
  for (let index = 0; index < length; index++)
    result = Math.imul(result ^ text.charCodeAt(index), 0x01000193);
  return result;
}
