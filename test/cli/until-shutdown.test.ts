// Commands that wait for something new in a loop: how they end, and what they keep in memory meanwhile.
import { heapStats } from 'bun:jsc';
import { afterEach, expect, jest, mock, spyOn, test } from 'bun:test';
import type { CliContext } from '../../src/cli/command.ts';
import { SAME_PRESS_MS } from '../../src/server/shutdown.ts';
import { createLooks, HURRY_MS, untilShutdown } from '../../src/cli/serve/until-shutdown.ts';

afterEach(() => {
  jest.useRealTimers();
  mock.restore();
});

test('a pause that ended with the command keeps no timer, for which the process would stay', async () => {
  jest.useFakeTimers();
  const over = Promise.withResolvers<void>();
  const pause = createLooks(over.promise).pause(3_600_000);
  over.resolve();
  await pause;
  expect(jest.getTimerCount()).toBe(0);
});

test('an end that was hurried and hangs is forced, with the code of the signal', () => {
  jest.useFakeTimers();
  const codes: (string | number)[] = [];
  let press = (_signal: string) => {};
  const context: Partial<CliContext> = {
    exit: (code) => void codes.push(code),
    onSignal(handler) {
      press = handler;
    },
  };
  let time = 0;
  spyOn(performance, 'now').mockImplementation(() => time);
  untilShutdown(context as CliContext, { onSecond: (code) => void codes.push(`second: ${code}`) });
  press('SIGTERM');
  time = SAME_PRESS_MS + 1;
  press('SIGINT');
  expect(codes).toEqual(['second: 130']);
  jest.advanceTimersByTime(HURRY_MS);
  expect(codes).toEqual(['second: 130', 130]);
});

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
