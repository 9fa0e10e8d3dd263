// When a worker counts as hanging: with a worker that answers as the test says, and a clock turned by hand.
import { expect, test } from 'bun:test';
import {
  BEAT_MS,
  UNANSWERED_BEATS,
  UNANSWERED_BEATS_AT_START,
  watchHeartbeat,
} from '../../src/workers/heartbeat.ts';
import { createManualTimers } from '../support/manual-timers.ts';

function watchOne(serves = Promise.resolve()) {
  const timers = createManualTimers();
  const { setTimer } = timers;
  const asked: (() => void)[] = [];
  let hangs = 0;
  let isAwake = true;
  const stop = watchHeartbeat({
    ask: () =>
      new Promise<void>((resolve) => {
        if (isAwake) resolve();
        else asked.push(resolve);
      }),
    serves,
    onHang: () => hangs++,
    setTimer,
  });
  return {
    timers,
    stop,
    hangs: () => hangs,
    sleep() {
      isAwake = false;
    },
    /** Answers all that it was asked meanwhile. */
    wake() {
      isAwake = true;
      for (const answer of asked.splice(0)) answer();
    },
  };
}

const LIMIT_MS = UNANSWERED_BEATS * BEAT_MS;

test('one that answers never hangs', async () => {
  const { timers, hangs } = watchOne();
  await timers.advance(10 * LIMIT_MS);
  expect(hangs()).toBe(0);
});

test('one that falls silent hangs once the limit has passed, and that is reported once', async () => {
  const { timers, hangs, sleep } = watchOne();
  await timers.advance(3 * BEAT_MS);
  sleep();
  await timers.advance(LIMIT_MS);
  expect(hangs()).toBe(0);
  await timers.advance(BEAT_MS);
  expect(hangs()).toBe(1);
  await timers.advance(10 * LIMIT_MS);
  expect(hangs()).toBe(1);
  expect(timers.pending()).toBe(0);
});

test('one that answers late, however often, has the whole limit again', async () => {
  const { timers, hangs, sleep, wake } = watchOne();
  for (let times = 0; times < 3; times++) {
    sleep();
    await timers.advance(LIMIT_MS);
    wake();
    await timers.advance(0);
  }
  expect(hangs()).toBe(0);
});

test('one that does not serve yet has longer, and the usual limit from then on', async () => {
  const begun = Promise.withResolvers<void>();
  const { timers, hangs, sleep } = watchOne(begun.promise);
  sleep();
  await timers.advance(UNANSWERED_BEATS_AT_START * BEAT_MS);
  expect(hangs()).toBe(0);
  begun.resolve();
  await timers.advance(LIMIT_MS);
  expect(hangs()).toBe(0);
  await timers.advance(BEAT_MS);
  expect(hangs()).toBe(1);
});

test('one that never serves hangs in the end', async () => {
  const { timers, hangs, sleep } = watchOne(new Promise(() => {}));
  sleep();
  await timers.advance((UNANSWERED_BEATS_AT_START + 1) * BEAT_MS);
  expect(hangs()).toBe(1);
});

test('while the whole machine sleeps nobody is found silent: one turn of the clock is one question, however long', async () => {
  let time = 0;
  let next = () => {};
  let hangs = 0;
  watchHeartbeat({
    ask: () => new Promise(() => {}),
    serves: Promise.resolve(),
    onHang: () => hangs++,
    setTimer(callback, ms) {
      time += ms;
      next = callback;
      return () => {};
    },
  });
  next();
  // An hour asleep: then the timer that was set fires, once.
  time += 3_600_000;
  next();
  expect({ hangs, hour: time > 3_600_000 }).toEqual({ hangs: 0, hour: true });
});

test('one that is stopped watching asks no more', async () => {
  const { timers, stop, sleep, hangs } = watchOne();
  sleep();
  await timers.advance(BEAT_MS);
  stop();
  await timers.advance(2 * LIMIT_MS);
  expect({ hangs: hangs(), timers: timers.pending() }).toEqual({ hangs: 0, timers: 0 });
});
