// A clock that also runs while the machine sleeps. The system's clocks are made up, since a test cannot put its machine to
// sleep.
import { expect, test } from 'bun:test';
import { createElapsed } from '../../src/server/elapsed.ts';

const HOUR = 3_600_000;

function createClocks() {
  let awakeMs = 400;
  let upMs = 5_000_400;
  let timeMs = 1_800_000_000_000;
  return {
    monotonic: () => awakeMs,
    now: () => timeMs,
    /** In whole seconds, as Linux tells it. */
    uptime: () => Math.floor(upMs / 1_000),
    pass(ms: number) {
      awakeMs += ms;
      upMs += ms;
      timeMs += ms;
    },
    sleep(ms: number) {
      upMs += ms;
      timeMs += ms;
    },
    set(ms: number) {
      timeMs += ms;
    },
  };
}

test('while the machine is awake it is the monotonic clock', () => {
  const clocks = createClocks();
  const elapsed = createElapsed(clocks);
  for (let step = 0; step < 1_000; step++) {
    clocks.pass(777);
    expect(elapsed()).toBe(clocks.monotonic());
  }
});

test('each sleep passes, to within two seconds', () => {
  const clocks = createClocks();
  const elapsed = createElapsed(clocks);
  let slept = 0;
  for (const ms of [8 * HOUR, 10_000, HOUR]) {
    clocks.sleep(ms);
    slept += ms;
    expect(Math.abs(elapsed() - clocks.monotonic() - slept)).toBeLessThan(2_000);
    const before = elapsed();
    clocks.pass(500);
    expect(elapsed()).toBe(before + 500);
  }
});

test('a time of day that is set, forward or back, is no sleep', () => {
  const clocks = createClocks();
  const elapsed = createElapsed(clocks);
  for (const ms of [24 * HOUR, -48 * HOUR, 24 * HOUR, 30 * 24 * HOUR]) {
    clocks.set(ms);
    clocks.pass(1_000);
    expect(elapsed()).toBe(clocks.monotonic());
  }
  clocks.sleep(HOUR);
  expect(elapsed()).toBeGreaterThan(clocks.monotonic() + HOUR - 2_000);
});

test('the system is asked only where the time of day has run ahead', () => {
  const clocks = createClocks();
  let asked = 0;
  const uptime = () => {
    asked++;
    return clocks.uptime();
  };
  const elapsed = createElapsed({ ...clocks, uptime });
  for (let step = 0; step < 100; step++) elapsed();
  expect(asked).toBe(1);
  clocks.sleep(HOUR);
  for (let step = 0; step < 100; step++) elapsed();
  expect(asked).toBe(2);
});
