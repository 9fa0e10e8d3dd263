// The pattern scanner against the runtime's own regular expressions, over any split of the text.
import { describe, expect, test } from 'bun:test';
import {
  compilePatterns,
  compileSearched,
  PatternError,
  isPlain,
} from '../../src/transformers/pattern/program.ts';
import { createScanner } from '../../src/transformers/pattern/scanner.ts';
import { hasMatch } from '../../src/transformers/pattern/search.ts';
import { createRandom, FIRST_SEED } from '../support/splits.ts';

const WINDOW = 64;

/** Pieces of 1 to 5 characters. */
function cut(text: string, random: () => number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const length = 1 + Math.floor(random() * 5);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

function scan(patterns: string[], flags: string, pieces: string[], window = WINDOW): string {
  const text = pieces.join('');
  let result = '';
  let at = 0;
  const scanner = createScanner(compilePatterns(patterns, flags, window), window, (end, decision) => {
    expect(end).toBeGreaterThan(at);
    if (decision === 'keep') result += text.slice(at, end);
    else if (decision === 'match') result += '#';
    at = end;
  });
  for (const piece of pieces) scanner.feed(piece);
  scanner.flush();
  expect(at).toBe(text.length);
  return result;
}

const CASES: [pattern: string, flags: string, alphabet: string][] = [
  ['sk-\\w{4,}', '', 'sk-ab1 .'],
  ['a|ab|abc', '', 'abc'],
  ['(?:ab)+c?', '', 'abc'],
  ['a*?b', '', 'ab'],
  ['(a|aa)+b', '', 'ab'],
  ['(a*)*b', '', 'abc'],
  ['\\b\\d{2}-\\d{3}\\b', '', '1-2 x'],
  ['^ab', 'm', 'ab\n'],
  ['ab$', 'm', 'ab\n'],
  ['^ab|ba$', '', 'ab'],
  ['[^a]b.', 's', 'ab\n'],
  ['[^a]b.', '', 'ab\n'],
  ['key', 'i', 'kKeEyY'],
  ['\\p{L}\\d', 'u', 'aä1😀'],
  ['😀.', 'u', 'a😀b'],
  // The least of the second halves that a character can have.
  ['🐀.', 'u', 'a🐀b'],
  // A match that is shorter than what was read for it: a word begins behind it.
  [' (?:b+c)?|\\bb', '', ' bcd'],
  ['😀b|\\ud83d\\ude00a', '', 'a😀b'],
  // A class that only the older syntax takes.
  ['[^\\w-.]+a', '', 'a-😀.'],
  ['[\\w-.]a', '', 'a-😀.'],
  ['[\\w.]+@[\\w.]+', '', 'ab.@ '],
  ['a.{0,3}?b', '', 'abcd'],
  ['\\Bab', '', 'ab '],
  ['(?:a|b(?:c|d){2})', '', 'abcd'],
];

describe('finds what the runtime finds', () => {
  test.each(CASES)('%s with flags "%s" over "%s"', (pattern, flags, alphabet) => {
    const random = createRandom(FIRST_SEED);
    const characters = [...alphabet];
    const searched = compileSearched(pattern, flags);
    for (let round = 0; round < 300; round++) {
      const length = Math.floor(random() * 24);
      const text = Array.from({ length }, () => characters[Math.floor(random() * characters.length)]).join(
        '',
      );
      const expected = text.replace(new RegExp(pattern, `${flags}g`), '#');
      for (const pieces of [[text], [...text], cut(text, random)])
        expect(scan([pattern], flags, pieces), JSON.stringify(pieces)).toBe(expected);
      expect(hasMatch(searched, text), JSON.stringify(text)).toBe(expected !== text);
    }
  });

  test('of several patterns, the first that matches at a place', () => {
    expect(scan(['ab', 'abc', 'x\\d'], '', ['a', 'bc', ' x', '1'])).toBe('#c #');
  });
});

describe('holds back no more than it must', () => {
  function heldAfter(pattern: string, text: string, window = WINDOW): string {
    let decided = 0;
    const scanner = createScanner(compilePatterns([pattern], '', window), window, (end) => {
      decided = end;
    });
    for (const char of text) scanner.feed(char);
    return text.slice(decided);
  }

  test('text in which no match can begin goes at once', () => {
    expect(heldAfter('sk-\\w{4,}', 'nothing to see, ask ')).toBe('');
    expect(heldAfter('sk-\\w{4,}', 'the key is sk-a')).toBe('sk-a');
    expect(heldAfter('sk-\\w{4,}', 'as')).toBe('s');
  });
  test('a match that is certain is decided while it goes on', () => {
    expect(heldAfter('sk-\\w{4,}', 'sk-abcdefghijklmnop').length).toBeLessThanOrEqual(1);
    expect(scan(['sk-\\w{4,}'], '', [...`a sk-${'x'.repeat(5_000)} b`], 16)).toBe('a # b');
  });
  test('never more than the window', () => {
    const text = `${'7'.repeat(100)}@`;
    for (let length = 1; length <= text.length; length++)
      expect(heldAfter('\\d+@', text.slice(0, length), 32).length).toBeLessThanOrEqual(32);
  });
  test('what the window cannot hold is the same whatever the pieces', () => {
    const text = `${'7'.repeat(100)}@ 77@`;
    const whole = scan(['\\d+@'], '', [text], 32);
    expect(whole).toEndWith(' #');
    expect(scan(['\\d+@'], '', [...text], 32)).toBe(whole);
  });
});

test('an expression that would take the runtime for ever takes linear time', () => {
  expect(scan(['(a+)+$'], '', [`${'a'.repeat(2_000)}b`], 4_096)).toBe(`${'a'.repeat(2_000)}b`);
});

test.each([
  ['(', /is not a regular expression/],
  ['a*', /matches the empty text/],
  ['\\b', /matches the empty text/],
  ['(?<=a)b', /lookaround/],
  ['a(?!b)', /lookaround/],
  ['(a)\\1', /back-reference/],
  ['😀\\-a', /such as emoji/],
  ['😀\\-(', /is not a regular expression/],
  ['a{70}', /more than the window of 64/],
  ['(?:a{60}){60}{60}', /is not a regular expression|too large|window/],
  ['a{1,60}'.repeat(80), /too large|window/],
])('%s is refused', (pattern, reason) => {
  expect(() => compilePatterns([pattern], '', WINDOW)).toThrow(reason);
  expect(() => compilePatterns([pattern], '', WINDOW)).toThrow(PatternError);
});

test.each([
  ['\\bCVE-\\d+', true],
  ['deploy\\s+now', true],
  ['fix.{1,40}bug', true],
  ['fix.*', true],
  ['.*never', false],
  ['fix.*bug', false],
  ['\\w+@', false],
  ['(?:a\\w+)b', false],
])('the runtime’s own search is quick for %s on every text: %p', (source, is) => {
  expect(isPlain(source, 'i')).toBe(is);
});
