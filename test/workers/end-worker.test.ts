// How a worker is ended: in its own time, sooner where that is asked for, by force where it does not answer, and nothing stays set.
import { expect, test } from 'bun:test';
import { endServing } from '../../src/workers/end-worker.ts';
import type { WorkerProcess } from '../../src/workers/worker-process.ts';
import { createManualTimers } from '../support/manual-timers.ts';

const TIMES = { delayMs: 1_000, timeoutMs: 5_000 };

/** A worker that has been told to end, and what it and its process have been told besides. */
function ending() {
  const timers = createManualTimers();
  const told: string[] = [];
  const drained = Promise.withResolvers<number>();
  const gone = Promise.withResolvers<string>();
  const sooner = Promise.withResolvers<void>();
  const worker: Pick<WorkerProcess, 'channel' | 'gone' | 'kill'> = {
    channel: {
      call: () => drained.promise as Promise<never>,
      notify: (...asked: unknown[]) => void told.push(String(asked[0])),
      take() {},
      close() {},
    },
    gone: gone.promise,
    kill: () => void told.push('kill'),
  };
  const ended = endServing(worker as WorkerProcess, {
    ...TIMES,
    sooner: sooner.promise,
    setTimer: timers.setTimer,
  });
  return { timers, told, drained, gone, sooner, ended };
}

test('one that ends in its time is not hurried afterwards, whatever becomes of the others', async () => {
  const { timers, told, drained, gone, sooner, ended } = ending();
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  drained.resolve(2);
  await timers.advance(0);
  expect(isOver).toBe(false);
  gone.resolve('ended with code 0');
  expect(await ended).toBe(2);
  sooner.resolve();
  await timers.advance(60_000);
  expect([told, timers.pending()]).toEqual([[], 0]);
});

test('one that hangs is killed three seconds after its time', async () => {
  const { timers, told, drained, gone, ended } = ending();
  await timers.advance(8_999);
  expect(told).toEqual([]);
  await timers.advance(1);
  expect(told).toEqual(['kill']);
  drained.reject(new Error('the process is gone'));
  gone.resolve('was ended by SIGKILL');
  expect(await ended).toBe(0);
});

test('one that is to end sooner has three seconds from then on', async () => {
  const { timers, told, gone, drained, sooner, ended } = ending();
  sooner.resolve();
  await timers.advance(2_999);
  expect(told).toEqual(['hurry']);
  await timers.advance(1);
  expect(told).toEqual(['hurry', 'kill']);
  drained.resolve(1);
  gone.resolve('was ended by SIGKILL');
  expect(await ended).toBe(1);
  expect(timers.pending()).toBe(0);
});
