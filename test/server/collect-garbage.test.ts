// Garbage is collected by the clock: new objects while there are requests, all of it in the pause after them.
import { expect, test } from 'bun:test';
import { startCollector } from '../../src/server/collect-garbage.ts';

test('new objects that nothing references are collected after a while', async () => {
  const made = Array.from({ length: 100 }, (_, at) => new WeakRef({ at, filler: 'x'.repeat(100) }));
  const stop = startCollector({ begun: () => 0, open: () => 1, tickMs: 5 });
  // Some may still be found by chance on the stack, which is searched for whatever looks like one.
  const held = () => made.filter((each) => each.deref() !== undefined).length;
  for (let round = 0; round < 100 && held() > 10; round++) await Bun.sleep(5);
  stop();
  expect(held()).toBeLessThanOrEqual(10);
});

/** What is collected, tick by tick, while so many requests begin in each: (n)ew, (A)ll, or nothing. */
async function collected(course: readonly number[], { open = 0, isSmall = true } = {}): Promise<string> {
  const collections: string[] = [];
  const done = Promise.withResolvers<void>();
  let begun = 0;
  const stop = startCollector({
    begun() {
      if (collections.length === course.length) {
        stop();
        done.resolve();
      } else begun += course[collections.length] ?? 0;
      collections.push('.');
      return begun;
    },
    open: () => open,
    tickMs: 1,
    collectNew: () => {
      if (collections.at(-1) !== 'A') collections[collections.length - 1] = 'n';
    },
    collectAll: () => {
      collections[collections.length - 1] = 'A';
    },
    isSmall: () => isSmall,
  });
  await done.promise;
  await Bun.sleep(10);
  expect(collections).toHaveLength(course.length + 1);
  return collections.slice(0, course.length).join('');
}

const steady = (perTick: number, ticks: number) => Array<number>(ticks).fill(perTick);

test('while requests come the new is collected, and everything each hundredth tick', async () => {
  const collections = await collected(steady(1000, 250));
  expect(collections.replaceAll('n', '')).toBe('AA');
  expect(collections.slice(0, 100)).toBe(`${'n'.repeat(99)}A`);
});

test('after a crowd of requests whose answers go on, everything, once', async () => {
  expect(await collected([400, 400, 20, 5, 0, 0, 0, 0], { open: 800 })).toBe('nnnAnnnn');
});

test('a heap that takes long is left to the runtime as long as requests run', async () => {
  const course = [400, 400, ...steady(0, 5)];
  expect(await collected(course, { open: 800, isSmall: false })).toBe('nnnnnnn');
  expect(await collected(course, { isSmall: false })).toBe('nn..A..');
});

test('once idle: everything, once, after some ticks; not after each of some rare requests', async () => {
  expect(await collected([1, ...steady(0, 8)])).toBe('n..A.....');
  expect(await collected([0, 0, 0, 0, 0])).toBe('..A..');
  expect(await collected([1, 0, 1, 0, 0, 1, 0, 1])).toBe('n.n..n.n');
});

test('with many answers open the new is collected between ticks too', async () => {
  const perTick = async (open: number): Promise<number> => {
    const done = Promise.withResolvers<void>();
    let ticks = 0;
    let times = 0;
    const stop = startCollector({
      begun() {
        ticks += 1;
        if (ticks === 50) done.resolve();
        return ticks;
      },
      open: () => open,
      tickMs: 2,
      collectNew: () => {
        times += 1;
      },
      collectAll() {},
    });
    await done.promise;
    stop();
    return Math.round(times / ticks);
  };
  expect([await perTick(1), await perTick(99), await perTick(100)]).toEqual([1, 1, 2]);
});
