// One press of Ctrl-C may arrive several times; a second press counts as one.
import { expect, test } from 'bun:test';
import { createShutdown, SAME_PRESS_MS } from '../../src/server/shutdown.ts';

function createRecorder(hurries = false) {
  let time = 0;
  const calls: string[] = [];
  const onSignal = createShutdown({
    now: () => time,
    onShutdown: (signal) => calls.push(`drain ${signal}`),
    ...(hurries && { onHurry: (signal) => calls.push(`hurry ${signal}`) }),
    onForce: (signal) => calls.push(`force ${signal}`),
  });
  return {
    calls,
    at(milliseconds: number, signal: string) {
      time = milliseconds;
      onSignal(signal);
    },
  };
}

test('the first drains, and its echoes change nothing', () => {
  const { calls, at } = createRecorder();
  at(0, 'SIGINT');
  at(1, 'SIGINT');
  at(SAME_PRESS_MS, 'SIGTERM');
  expect(calls).toEqual(['drain SIGINT']);
  at(SAME_PRESS_MS + 1, 'SIGTERM');
  expect(calls).toEqual(['drain SIGINT', 'force SIGTERM']);
});

test('a later one ends at once', () => {
  const { calls, at } = createRecorder();
  at(0, 'SIGTERM');
  at(1000, 'SIGINT');
  expect(calls).toEqual(['drain SIGTERM', 'force SIGINT']);
});

test('where an end can be hurried, the second hurries it, and its echoes change nothing; the next ends at once', () => {
  const { calls, at } = createRecorder(true);
  at(0, 'SIGINT');
  at(1, 'SIGINT');
  at(1000, 'SIGINT');
  at(1001, 'SIGTERM');
  expect(calls).toEqual(['drain SIGINT', 'hurry SIGINT']);
  at(2000, 'SIGTERM');
  expect(calls).toEqual(['drain SIGINT', 'hurry SIGINT', 'force SIGTERM']);
});
