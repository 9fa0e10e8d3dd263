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

test('a phrase that two patterns have is found for both', () => {
  const phrase = { phrase: 'look', caseSensitive: false };
  expect([...createPhraseSearch([phrase, phrase])('Look!')].sort()).toEqual([0, 1]);
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

test.each([
  ['/fix.*bug.*test/', 'fix bug '.repeat(1_024)],
  ['/\\bplan\\b[\\s\\S]*\\bsteps?\\b[\\s\\S]*\\bwrite\\b/i', 'plan step '.repeat(819)],
  ['/(a|a)*b/', 'a'.repeat(8_192)],
  ['/^(\\w+\\s?)*$/', `${'a'.repeat(8_190)}!!`],
  ['/.*never/', 'n'.repeat(100_000)],
  ['/fix.*bug/', 'fix '.repeat(40_000)],
  // Marks below a letter are put before those above it.
  ['review', `e${'\u0301\u0316'.repeat(60_000)}`],
])('%s takes no time out of proportion to the text', (phrase, text) => {
  // Going back and forth it took many seconds, and nothing else was served meanwhile.
  expect(finds(phrase, text)).toBe(false);
});

test.each([
  ['/fix.*bug.*test/', 'a fix of a bug with a test', true],
  ['/fix.*bug.*test/', 'a fix\nof a bug with a test', false],
  ['/fix.*bug.*test/s', 'a fix\nof a bug with a test', true],
  ['/^(fix|mend)( it)*$/m', 'please\nmend it it\nnow', true],
  ['/(?:a|b)*$/', '', true],
  ['/\\bre(view|fine)+\\b/', 'prerefine', false],
  ['/\\bre(view|fine)+\\b/', 'pre refineview', true],
  ['/👍+ (ok|fine)*!/', 'well 👍👍 okfine!', true],
  // Only the older syntax takes this backslash.
  ['/👍\\- (ok|fine)* \\w+/', 'well 👍- ok that', true],
  // Left to the runtime's own search, which alone can look around.
  ['/(?<!un)safe\\w*\\s+\\w+/', 'unsafe code', false],
  ['/(?<!un)safe\\w*\\s+\\w+/', 'safer code', true],
])('%s in %j: %j', (phrase, text, is) => expect(finds(phrase, text)).toBe(is));
