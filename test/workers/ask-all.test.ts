// One question to several workers, one of which may be slow: they answer as the test says, and time is turned by hand.
import { expect, test } from 'bun:test';
import { createQuestions } from '../../src/workers/ask-all.ts';
import { type Channel, createChannel } from '../../src/workers/channel.ts';
import type { WorkerMethods } from '../../src/workers/protocol.ts';
import { createManualTimers } from '../support/manual-timers.ts';

/** Longer than a question waits for anybody. */
const LONG_MS = 10_000;

function startLab({ quickSays = true } = {}) {
  const timers = createManualTimers();
  const questions = createQuestions(timers.setTimer);
  const kept: unknown[] = [];
  let isAwake = true;
  const channelOf = (send: (message: unknown) => void): Channel<WorkerMethods> =>
    createChannel<WorkerMethods>({ send, methods: {}, onError() {} });
  /** The question comes back as its answer. */
  const answer = (channel: Channel<WorkerMethods>, message: unknown, result = true) =>
    channel.take({ ...(message as object), kind: 'answer', result });
  const quick = channelOf((message) => answer(quick, message, quickSays));
  const slow = channelOf((message) => (isAwake ? answer(slow, message) : kept.push(message)));
  const workers = [{ channel: quick }, { channel: slow }];
  return {
    timers,
    ask: () => questions.all(workers, 'cancel', 'r1'),
    isAny: () => questions.anyWithin(LONG_MS, workers, 'cancel', 'r1'),
    silent: () =>
      workers.filter(questions.isSilent).map(({ channel }) => (channel === slow ? 'slow' : 'quick')),
    close: () => slow.close(),
    kept,
    sleep() {
      isAwake = false;
    },
    /** Answers all that it was asked meanwhile. */
    wake() {
      isAwake = true;
      for (const message of kept.splice(0)) answer(slow, message);
    },
  };
}

test('all that answer are heard, and no timer is left', async () => {
  const { ask, timers, silent } = startLab();
  expect(await ask()).toEqual([true, true]);
  expect({ silent: silent(), timers: timers.pending() }).toEqual({ silent: [], timers: 0 });
});

test('one that lets a question pass is asked further, but waited for no more', async () => {
  const { ask, timers, silent, sleep, kept } = startLab();
  sleep();
  const first = ask();
  await timers.advance(LONG_MS);
  expect(await first).toEqual([true]);
  expect(silent()).toEqual(['slow']);
  const second = ask();
  await timers.advance(0);
  expect(await second).toEqual([true]);
  expect(kept).toHaveLength(2);
});

test('when it answers, however late, it is heard and waited for again', async () => {
  const { ask, timers, silent, sleep, wake } = startLab();
  sleep();
  const first = ask();
  await timers.advance(LONG_MS);
  await first;
  wake();
  await timers.advance(0);
  expect(silent()).toEqual([]);
  sleep();
  let isOver = false;
  const waiting = ask().then((answers) => {
    isOver = true;
    return answers;
  });
  await timers.advance(0);
  expect(isOver).toBe(false);
  wake();
  expect(await waiting).toEqual([true, true]);
});

test('one that is gone answers nothing, at once', async () => {
  const { ask, close, silent } = startLab();
  close();
  expect(await ask()).toEqual([true]);
  expect(silent()).toEqual([]);
});

test('where one yes is enough, no other is waited for', async () => {
  const { isAny, sleep } = startLab();
  sleep();
  expect(await isAny()).toBe(true);
});

test('the yes of one that let a question pass is waited for', async () => {
  const { ask, isAny, timers, silent, sleep, wake } = startLab({ quickSays: false });
  sleep();
  const first = ask();
  await timers.advance(LONG_MS);
  await first;
  expect(silent()).toEqual(['slow']);
  const any = isAny();
  await timers.advance(LONG_MS / 2);
  wake();
  expect(await any).toBe(true);
});

test('without a yes in time the answer is no', async () => {
  const { isAny, timers, sleep } = startLab({ quickSays: false });
  sleep();
  const any = isAny();
  await timers.advance(LONG_MS);
  expect(await any).toBe(false);
});
