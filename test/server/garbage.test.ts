// Garbage goes by the clock, while there is something to collect.
import { expect, test } from 'bun:test';
import { startCollector } from '../../src/server/garbage.ts';

test('what is new and held by nobody is gone after a while, unasked', async () => {
  const made = Array.from({ length: 100 }, (_, at) => new WeakRef({ at, filler: 'x'.repeat(100) }));
  const stop = startCollector({ wasBusy: () => true, everyMs: 5 });
  // Some may still be found by chance on the stack, which is searched for whatever looks like one.
  const held = () => made.filter((each) => each.deref() !== undefined).length;
  for (let round = 0; round < 100 && held() > 10; round++) await Bun.sleep(5);
  stop();
  expect(held()).toBeLessThanOrEqual(10);
});

test('nothing is collected while nothing happens, nor once it is stopped', async () => {
  let asked = 0;
  let collected = 0;
  const busy = [true, false, false, true];
  const done = Promise.withResolvers<void>();
  const stop = startCollector({
    wasBusy() {
      const isBusy = busy[asked++] ?? false;
      if (asked === busy.length + 1) {
        stop();
        done.resolve();
      }
      return isBusy;
    },
    everyMs: 1,
    collect: () => collected++,
  });
  await done.promise;
  await Bun.sleep(20);
  expect(asked).toBe(busy.length + 1);
  expect(collected).toBe(2);
});
