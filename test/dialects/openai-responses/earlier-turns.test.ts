// Which turns of a WebSocket its client may continue from.
import { expect, test } from 'bun:test';
import { EarlierTurns, itemsUpTo, MOST_HELD } from '../../../src/dialects/openai-responses/earlier-turns.ts';

const turn = (items: string) => ({ before: undefined, items });

test('the last 32 answers, each of which counts as last when its id comes again', () => {
  const turns = new EarlierTurns();
  for (let index = 0; index < 32; index++) turns.keep(`r${index}`, turn(`${index}`));
  expect(turns.get('r0')?.items).toBe('0');
  turns.keep('r0', turn('again'));
  turns.keep('r32', turn('32'));
  expect(turns.get('r0')?.items).toBe('again');
  expect(turns.get('r1')).toBeUndefined();
  expect(turns.get('r2')?.items).toBe('2');
  expect(turns.get(undefined)).toBeUndefined();
});

test('fewer where they are long, but always the latest', () => {
  const turns = new EarlierTurns();
  const half = turn('x'.repeat(MOST_HELD / 2));
  turns.keep('a', half);
  turns.keep('b', half);
  expect(turns.get('a')).toBeDefined();
  turns.keep('c', turn('y'));
  expect([turns.get('a'), turns.get('b')?.items.length]).toEqual([undefined, MOST_HELD / 2]);
  turns.keep('d', turn('z'.repeat(MOST_HELD + 1)));
  expect(['b', 'c'].map((id) => turns.get(id))).toEqual([undefined, undefined]);
  expect(turns.get('d')).toBeDefined();
});

test('a conversation is all of its items, without those that are empty', () => {
  const first = { before: undefined, items: '{"a":1},{"b":2}' };
  const second = { before: first, items: '' };
  expect(itemsUpTo({ before: second, items: '{"c":3}' })).toBe('{"a":1},{"b":2},{"c":3}');
});
