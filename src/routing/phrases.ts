// Finds many phrases in one text at once: words by an Aho–Corasick automaton, and regular expressions one by one.
import { AhoCorasick } from '@monyone/aho-corasick';
import { regularExpressionOf, searchOf } from '../config/phrase.ts';

interface PhraseQuery {
  /** Words, or `/regular expression/flags`. */
  phrase: string;
  /** Whether case matters; a regular expression has its own flag for that. */
  caseSensitive: boolean;
}

/** Returns the indexes of the phrases found in the text. */
type PhraseSearch = (text: string) => ReadonlySet<number>;

/**
 * Words match as whole words, and any run of white space as one space. The time grows with the text, not with the number of phrases, except
 * for regular expressions, each of which reads the text.
 */
export function createPhraseSearch(phrases: readonly PhraseQuery[]): PhraseSearch {
  const folded = createAutomaton();
  const exact = createAutomaton();
  const expressions: { isIn: (text: string) => boolean; index: number }[] = [];
  for (const [index, { phrase, caseSensitive }] of phrases.entries()) {
    const expression = regularExpressionOf(phrase);
    if (expression !== undefined) expressions.push({ isIn: searchOf(expression), index });
    else if (caseSensitive) exact.add(spaced(phrase.trim()), index);
    else folded.add(spaced(phrase.trim()).toLowerCase(), index);
  }
  const findFolded = folded.build();
  const findExact = exact.build();
  return (text) => {
    const found = new Set<number>();
    const even = spaced(text);
    findFolded?.(even.toLowerCase(), found);
    findExact?.(even, found);
    for (const { isIn, index } of expressions) if (isIn(text)) found.add(index);
    return found;
  };
}

/** More combining marks on one letter than any language has; normalizing takes time quadratic in their number. */
const MARKS_IN_EXCESS = /(?<=\p{M}{30})\p{M}+/gu;

function spaced(text: string): string {
  return text.replace(MARKS_IN_EXCESS, '').normalize('NFC').replace(/\s+/g, ' ');
}

function createAutomaton() {
  const indexes = new Map<string, number[]>();
  return {
    add(words: string, index: number): void {
      const known = indexes.get(words);
      if (known === undefined) indexes.set(words, [index]);
      else known.push(index);
    },
    /** Undefined if there is nothing to find. */
    build(): ((text: string, found: Set<number>) => void) | undefined {
      if (indexes.size === 0) return undefined;
      const automaton = new AhoCorasick([...indexes.keys()]);
      return (text, found) => {
        for (const { begin, end, keyword } of automaton.matchInText(text)) {
          if (!isWhole(text, begin, end)) continue;
          for (const index of indexes.get(keyword) ?? []) found.add(index);
        }
      };
    },
  };
}

const WORD = /[\p{L}\p{M}\p{N}_]/u;
/** Scripts without spaces between words: a word may begin anywhere. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

function isWhole(text: string, begin: number, end: number): boolean {
  return !isJoined(text, begin) && !isJoined(text, end);
}

/** Whether the characters on both sides of `at` belong to one word. */
function isJoined(text: string, at: number): boolean {
  const before = characterBefore(text, at);
  const after = String.fromCodePoint(text.codePointAt(at) ?? 0x20);
  if (!WORD.test(before) || !WORD.test(after)) return false;
  return !UNSPACED.test(before) && !UNSPACED.test(after);
}

function characterBefore(text: string, at: number): string {
  const pair = text.codePointAt(at - 2) ?? 0;
  return pair > 0xffff ? String.fromCodePoint(pair) : text.charAt(at - 1);
}
