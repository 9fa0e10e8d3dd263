// Where tagged text begins and ends, in whatever pieces it comes.
import { expect, test } from 'bun:test';
import { createTagReader, tagsOf } from '../../src/transformers/tagged-text.ts';

/** What was read inside the tags, and outside. */
function read(pieces: Iterable<string>, opened: boolean): [inside: string, outside: string] {
  const got: [string, string] = ['', ''];
  const reader = createTagReader(tagsOf('think'), opened, (text, inside) => {
    got[inside ? 0 : 1] += text;
  });
  for (const piece of pieces) reader.feed(piece);
  reader.flush();
  return got;
}

test.each([
  ['white space before the tag is the tag’s', ' \n<think>\nhm</think>\n\nso', false, 'hm', 'so'],
  [
    'a second thought behind the first',
    '<think>one</think>\n<think>two</think>\n\nso',
    false,
    'onetwo',
    'so',
  ],
  ['an answer that begins inside', '\n\nhm</think>\n\nso', true, 'hm', 'so'],
  [
    'line breaks within are those of what is said',
    '<think>\n\na\n\nb</think>\n\n\nc\n\nd',
    false,
    'a\n\nb',
    'c\n\nd',
  ],
  ['a thought without an end', '<think>hm</thi', false, 'hm</thi', ''],
  ['nothing behind it but line breaks', '<think>hm</think>\n\n', false, 'hm', ''],
  ['the beginning of a tag that never comes', ' <thi', false, '', ' <thi'],
] as const)('%s', (_, text, opened, inside, outside) => {
  expect(read([text], opened)).toEqual([inside, outside]);
  expect(read(text, opened)).toEqual([inside, outside]);
});

test('blanks without end, one by one, are those of the answer', () => {
  // Looked through from the first at each, they would take many minutes.
  const blanks = ' '.repeat(1_000_000);
  expect(read(`${blanks}so`, false)).toEqual(['', `${blanks}so`]);
  expect(read(blanks, false)).toEqual(['', blanks]);
});

test('blanks before a tag are not kept for ever: after ten thousand the text has begun', () => {
  const got: string[] = [];
  const reader = createTagReader(tagsOf('think'), false, (text) => void got.push(text));
  for (let count = 0; count < 10_001; count++) reader.feed(' ');
  expect(got).toEqual([' '.repeat(10_001)]);
  for (const piece of [' ', '<think>']) reader.feed(piece);
  expect(got.slice(1)).toEqual([' ', '<think>']);
});
