// A pause that ends with its timer or with an abort.
import { expect, test } from 'bun:test';
import { createSleep } from '../../src/simulator/index.ts';

test('a pause ends with its timer, and an abort ends it at once and calls the timer off', async () => {
  const timers: { callback: () => void; ms: number; isOff: boolean }[] = [];
  const sleep = createSleep((callback, ms) => {
    const timer = { callback, ms, isOff: false };
    timers.push(timer);
    return () => {
      timer.isOff = true;
    };
  });
  const leave = new AbortController();
  const first = sleep(20, leave.signal);
  expect(timers[0]?.ms).toBe(20);
  timers[0]?.callback();
  await first;

  const second = sleep(30, leave.signal);
  leave.abort(new Error('left'));
  await expect(second).rejects.toThrow('left');
  expect(timers[0]?.isOff).toBe(false);
  expect(timers[1]?.isOff).toBe(true);
  await expect(sleep(40, leave.signal)).rejects.toThrow('left');
  expect(timers).toHaveLength(2);
});
