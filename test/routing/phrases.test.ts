// Phrases as `routing.patterns` and `routing.infer_agents` have them: whole words, any white space, capitals as asked.
import { expect, test } from 'bun:test';
import { createPhraseSearch } from '../../src/routing/phrases.ts';

function finds(phrase: string, text: string, caseSensitive = false): boolean {
  return createPhraseSearch([{ phrase, caseSensitive }])(text).has(0);
}

test.each([
  ['review', 'Please review it.', true],
  ['review', 'A preview', false],
  ['review', 'reviews', false],
  ['review', 're_review', false],
  ['code  review', 'a code\n\treview', true],
  ['  code review ', 'code review', true],
  ['Größe', 'DIE GRÖSSE', false],
  ['größe', 'Die GRÖßE', true],
  ['C++', 'in C++, as ever', true],
  // One letter and its mark, or both in one.
  ['café', 'un cafe\u0301', true],
  // No space between words.
  ['安全', '请做安全检查', true],
  // A letter beyond the first plane is a letter, too.
  ['review', '𝒜review', false],
  ['review', 'review𝒜', false],
])('%j in %j: %j', (phrase, text, is) => expect(finds(phrase, text)).toBe(is));

test('capitals count where that is asked, of each phrase by itself', () => {
  expect(finds('CVE', 'a cve')).toBe(true);
  expect(finds('CVE', 'a cve', true)).toBe(false);
  const search = createPhraseSearch([
    { phrase: 'CVE', caseSensitive: true },
    { phrase: 'cve', caseSensitive: false },
    { phrase: 'cve', caseSensitive: true },
  ]);
  expect([...search('CVE-1')].sort()).toEqual([0, 1]);
});

test('a regular expression reads the text as it is, beside words', () => {
  const search = createPhraseSearch([
    { phrase: '/CVE-\\d+/', caseSensitive: false },
    { phrase: '/cve-\\d+/i', caseSensitive: true },
    { phrase: 'look', caseSensitive: false },
  ]);
  expect([...search('Look at CVE-12')].sort()).toEqual([0, 1, 2]);
  expect([...search('cve-12')]).toEqual([1]);
});
