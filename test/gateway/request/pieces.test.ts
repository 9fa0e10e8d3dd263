// The pieces of a body: joined as they came, and held without an array for each short one.
import { expect, test } from 'bun:test';
import { Pieces } from '../../../src/gateway/request/pieces.ts';

const bytes = (length: number, first = 0) => Uint8Array.from({ length }, (_, at) => (first + at * 7) % 251);

test.each([
  ['none', []],
  ['one short one', [3]],
  ['one long one', [70_000]],
  ['short ones', [1, 2, 3, 4_095, 1]],
  ['long and short ones in turn', [1, 5_000, 2, 4_096, 4_095, 70_000, 3]],
  ['more short ones than are put together at a time', Array.from({ length: 50 }, () => 4_000)],
  ['empty ones', [0, 5, 0, 5_000, 0]],
])('%s come back in order', (_, lengths) => {
  const pieces = new Pieces();
  const given = lengths.map((length, at) => bytes(length, at));
  for (const piece of given) pieces.add(piece);
  expect(pieces.size).toBe(lengths.reduce((sum, length) => sum + length, 0));
  expect(Buffer.from(pieces.join())).toEqual(Buffer.concat(given));
});

test.each([
  ['as many bytes come as were declared', 0],
  ['fewer come', 5_000],
  ['more come', -5_000],
])('beyond a megabyte, where %s, they are all there in order', (_, missing) => {
  const lengths = [...Array.from({ length: 300 }, () => 4_000), 5_000, 1, 3_000, 70_000, 3];
  const given = lengths.map((length, at) => bytes(length, at));
  const whole = Buffer.concat(given);
  const pieces = new Pieces(whole.length + missing);
  for (const piece of given) pieces.add(piece);
  expect(whole.equals(pieces.join())).toBe(true);
});

test('a piece alone is not copied', () => {
  const pieces = new Pieces();
  const only = bytes(9);
  pieces.add(only);
  expect(pieces.join()).toBe(only);
});

test('short pieces are not held: a body in bytes would take a hundred times its length', () => {
  const pieces = new Pieces();
  const given = Array.from({ length: 10_000 }, (_, at) => {
    const piece = bytes(1, at);
    pieces.add(piece);
    return new WeakRef(piece);
  });
  Bun.gc(true);
  expect(given.filter((piece) => piece.deref() !== undefined).length).toBeLessThan(1_000);
  expect(pieces.join()).toHaveLength(10_000);
});
