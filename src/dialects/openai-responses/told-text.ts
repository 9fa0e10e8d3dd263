// How much of a text was told in deltas, so that what repeats it can add what is missing, in constant memory.

export interface ToldText {
  push(delta: string): void;
  /** The part of `whole` behind what was told; '' where the two do not begin alike. */
  rest(whole: string): string;
}

export function createToldText(): ToldText {
  let length = 0;
  let sum = START;
  return {
    push(delta) {
      length += delta.length;
      sum = hash(delta, delta.length, sum);
    },
    rest(whole) {
      if (whole.length <= length) return '';
      return length === 0 || hash(whole, length, START) === sum ? whole.slice(length) : '';
    },
  };
}

const START = 0x811c9dc5;

/** FNV-1a over UTF-16 units, goes on from `sum`. http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(text: string, length: number, sum: number): number {
  let result = sum;
  for (let index = 0; index < length; index++)
    result = Math.imul(result ^ text.charCodeAt(index), 0x01000193);
  return result;
}
