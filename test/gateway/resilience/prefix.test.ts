// An answer that begins anew: which part of it is new to a client that has its beginning.
import { describe, expect, test } from 'bun:test';
import {
  createRepeatReader,
  createSequelReader,
  createTurnReader,
  type PrefixReader,
} from '../../../src/gateway/pumps/prefix.ts';

/** What the client gets of these pieces; null: it is another answer. */
function readAll(reader: PrefixReader, pieces: readonly string[]): string | null {
  let read = '';
  for (const piece of pieces) {
    const fresh = reader.read(piece);
    if (fresh === undefined) return null;
    read += fresh;
  }
  return read;
}

/** Whole, and letter by letter. */
const splits = (text: string): string[][] => [[text], [...text]];

describe('an answer that starts over', () => {
  test.each<[string, string, string, string | null]>([
    ['repeats it and goes on', 'One two', 'One two three', ' three'],
    ['repeats it with less white space', 'One\n\n two', 'One two three', ' three'],
    ['repeats it without any', '你 好', '你好吗', '吗'],
    ['repeats it with more', 'One two', '\n One\n two three', ' three'],
    ['says white space at its end once', 'One \n', 'One\n\n\nTwo  three', '\n\nTwo  three'],
    ['goes on with an indentation', 'if x:\n', 'if x:\n    y', '    y'],
    ['says it where the client has none', 'One', 'One\n\nTwo', '\n\nTwo'],
    ['differs in a letter', 'One two', 'One too', null],
    ['differs behind white space', 'One  two', 'One  too', null],
    ['has other letters in place of white space', 'a b', 'axb', null],
    ['goes on though the client has nothing but white space', '\n ', '\n Hi', 'Hi'],
    ['is shorter', 'One two', 'One t', ''],
  ])('%s', (_, had, text, expected) => {
    for (const pieces of splits(text)) {
      const reader = createRepeatReader(had);
      expect(readAll(reader, pieces)).toBe(expected);
      expect(reader.complete()).toBe(expected !== null && expected !== '');
    }
  });
});

describe('an answer that goes on', () => {
  test.each([
    ['behind other white space', 'One ', '\n\ntwo  three', 'two  three'],
    ['with the white space that the client has', 'One\n\n', '\n\ntwo', 'two'],
    ['with more of it', 'if x:\n  ', '\n    y', '  y'],
    ['with less of it', 'if x:\n  ', '\n y', 'y'],
    ['without it', 'One\n', 'two', 'two'],
    ['behind a letter', 'One', '\n\ntwo', '\n\ntwo'],
  ])('%s', (_, had, text, expected) => {
    for (const pieces of splits(text)) {
      const reader = createSequelReader(had);
      expect(readAll(reader, pieces)).toBe(expected);
      expect(reader.complete()).toBe(true);
    }
  });
});

describe('an answer that may repeat the client’s own turn', () => {
  test.each<[string, string, string | null, boolean]>([
    ['repeats both', 'The answer is 42, of course', ', of course', true],
    ['goes on with the turn', 'is 42, of course', ', of course', true],
    ['begins as the turn does, and goes on with it', 'The', null, false],
    ['is another one', 'No idea', null, false],
  ])('%s', (_, text, expected, isComplete) => {
    for (const pieces of splits(text)) {
      const reader = createTurnReader('The answer ', 'is 42');
      const read = readAll(reader, pieces);
      expect(read === '' ? null : read).toBe(expected);
      expect(reader.complete()).toBe(isComplete);
    }
  });

  test('had letters that the turn begins with: it is held until they tell', () => {
    for (const pieces of splits('Then come')) {
      const reader = createTurnReader('The answer: ', 'Then');
      expect(readAll(reader, pieces)).toBe(' come');
      expect(reader.complete()).toBe(true);
    }
  });
});
