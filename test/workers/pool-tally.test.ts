// What workers count is added up, and no sum ever falls.
import { expect, test } from 'bun:test';
import type { PoolState } from '../../src/upstream/connections.ts';
import { createPoolTally } from '../../src/workers/pool-tally.ts';

const pool = (
  origin: string,
  [active, idle, opened, reused]: [number, number, number, number],
): PoolState => ({
  origin,
  active,
  idle,
  opened,
  reused,
});

test('pools of one server are added up, others stand beside them', async () => {
  const pools: Record<string, PoolState[]> = {
    a: [pool('http://x', [1, 2, 3, 4]), pool('http://y', [1, 0, 1, 0])],
    b: [pool('http://x', [10, 20, 30, 40])],
    c: [],
  };
  const read = () => createPoolTally<string>().read(['a', 'b', 'c'], async (name) => pools[name]);
  expect(await read()).toEqual([pool('http://x', [11, 22, 33, 44]), pool('http://y', [1, 0, 1, 0])]);
  // Nothing of a worker's own is changed.
  expect(await read()).toEqual([pool('http://x', [11, 22, 33, 44]), pool('http://y', [1, 0, 1, 0])]);
});

test('a worker that does not answer counts as it last did', async () => {
  const tally = createPoolTally<string>();
  const first = async () => [pool('http://x', [1, 2, 3, 4])];
  await tally.read(['a', 'b'], first);
  const read = await tally.read(['a', 'b'], async (name) => (name === 'a' ? undefined : first()));
  expect(read).toEqual([pool('http://x', [2, 4, 6, 8])]);
});

test('a worker that is gone has no connection, but has opened some; the one in its place adds to that', async () => {
  const tally = createPoolTally<string>();
  await tally.read(['a', 'b'], async () => [pool('http://x', [1, 2, 3, 4])]);
  const read = () => tally.read(['b', 'c'], async () => [pool('http://x', [1, 1, 4, 5])]);
  expect(await read()).toEqual([pool('http://x', [2, 2, 11, 14])]);
  expect(await read()).toEqual([pool('http://x', [2, 2, 11, 14])]);
});
