// The rate of a stream is judged over the time in which it is waited for.
import { describe, expect, test } from 'bun:test';
import { createThroughputGuard } from '../../src/upstream/throughput.ts';

/** Arrivals as [milliseconds waited, bytes]; the first that was too slow, from 0, or -1. */
function judge(arrivals: readonly (readonly [number, number])[], pauseMs = 0): number {
  let now = 0;
  const guard = createThroughputGuard({ least: 100, windowMs: 1_000 }, () => now);
  return arrivals.findIndex(([waited, bytes]) => {
    now += pauseMs;
    guard.waiting(now);
    now += waited;
    return !guard.arrived(bytes);
  });
}

describe('a window of a second, 100 bytes at least', () => {
  test.each([
    ['exactly enough', [[1_000, 100]], -1],
    ['one byte too few', [[1_000, 99]], 0],
    ['not before the window is over', [[999, 0]], -1],
    [
      'added up over arrivals',
      [
        [500, 50],
        [499, 0],
        [1, 49],
      ],
      2,
    ],
    [
      'a burst makes up for a pause within the window',
      [
        [900, 0],
        [100, 100],
      ],
      -1,
    ],
    [
      'but not for the window after it',
      [
        [1_000, 5_000],
        [1_000, 10],
      ],
      1,
    ],
    [
      'nor is the next one judged before it is over',
      [
        [1_000, 100],
        [500, 0],
        [500, 100],
      ],
      -1,
    ],
    ['a wait longer than the window is judged by its whole length', [[10_000, 999]], 0],
    ['and passes where its bytes are enough for that', [[10_000, 1_000]], -1],
  ] as const)('%s', (_, arrivals, expected) => {
    expect(judge(arrivals)).toBe(expected);
    // What passes while nobody waits counts for nothing.
    expect(judge(arrivals, 60_000)).toBe(expected);
  });

  test('what comes without having been waited for adds no time', () => {
    let now = 0;
    const guard = createThroughputGuard({ least: 100, windowMs: 1_000 }, () => now);
    guard.waiting(now);
    now = 900;
    expect([guard.arrived(0), guard.arrived(0)]).toEqual([true, true]);
  });
});
