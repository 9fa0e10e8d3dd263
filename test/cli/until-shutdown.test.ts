// How a command that looks for something new again and again ends, and what it holds meanwhile.
import { heapStats } from 'bun:jsc';
import { expect, test } from 'bun:test';
import { createLooks } from '../../src/cli/serve/until-shutdown.ts';

test('a pause ends with the command, and none begins after it', async () => {
  const over = Promise.withResolvers<void>();
  const looks = createLooks(over.promise);
  const pause = looks.pause(3_600_000);
  expect(looks.isOver()).toBe(false);
  over.resolve();
  await pause;
  expect(looks.isOver()).toBe(true);
  await looks.pause(3_600_000);
});

test('however long it looks, nothing is held of its pauses', async () => {
  const looks = createLooks(new Promise<void>(() => {}));
  const promisesAfter = async (pauses: number) => {
    for (let n = 0; n < pauses; n++) await looks.pause(0);
    Bun.gc(true);
    return heapStats().objectTypeCounts.Promise ?? 0;
  };
  const before = await promisesAfter(10);
  expect((await promisesAfter(500)) - before).toBeLessThan(100);
});
