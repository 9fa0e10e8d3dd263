// Which turns of a WebSocket its client may continue from.
import { describe, expect, test } from 'bun:test';
import {
  EarlierTurns,
  HeldTogether,
  itemsUpTo,
  MOST_HELD,
} from '../../../src/dialects/openai-responses/earlier-turns.ts';

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

describe('all connections together', () => {
  const ten = () => turn('x'.repeat(10));

  test('hold no more than they may: the one that holds most forgets first, its oldest', () => {
    const together = new HeldTogether(50);
    const [many, few] = [new EarlierTurns(together), new EarlierTurns(together)];
    for (let index = 0; index < 4; index++) many.keep(`m${index}`, ten());
    few.keep('f0', ten());
    expect(many.get('m0')).toBeDefined();
    few.keep('f1', ten());
    expect([many.get('m0'), few.get('f0')?.items.length, many.held, few.held]).toEqual([
      undefined,
      10,
      30,
      20,
    ]);
    few.keep('f2', turn('x'.repeat(60)));
    expect([few.get('f2'), few.held + many.held <= 50]).toEqual([undefined, true]);
  });

  test('one that is closed holds nothing, even if an answer of it ends later', () => {
    const together = new HeldTogether(50);
    const [gone, open] = [new EarlierTurns(together), new EarlierTurns(together)];
    for (let index = 0; index < 5; index++) gone.keep(`g${index}`, ten());
    gone.close();
    gone.keep('late', ten());
    expect([gone.get('g4'), gone.get('late'), gone.held]).toEqual([undefined, undefined, 0]);
    for (let index = 0; index < 5; index++) open.keep(`o${index}`, ten());
    expect(open.held).toBe(50);
  });
});

test('a conversation is all of its items, without those that are empty', () => {
  const first = { before: undefined, items: '{"a":1},{"b":2}' };
  const second = { before: first, items: '' };
  expect(itemsUpTo({ before: second, items: '{"c":3}' })).toBe('{"a":1},{"b":2},{"c":3}');
});

test('a conversation of hundreds of thousands of turns takes no time out of proportion', () => {
  const turns = new EarlierTurns(new HeldTogether());
  const last = 300_000;
  for (let index = 0; index <= last; index++)
    turns.keep(`r${index}`, { before: turns.get(`r${index - 1}`), items: '1' });
  const latest = turns.get(`r${last}`);
  expect([latest?.length, latest && itemsUpTo(latest).length]).toEqual([last + 1, 2 * last + 1]);
});
