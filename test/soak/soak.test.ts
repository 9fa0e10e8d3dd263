// A short soak; `npm run soak` is the long one.
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { createHeapLog } from './heap-log.ts';
import { runSoak } from './run.ts';
import { growthOf } from './verdict.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

test('after a mixture of everything nothing is held and every request has its row', async () => {
  const { samples, requests, rows, outcomes, problems, descriptors, activeStreamsAfter } = await runSoak({
    clients: 20,
    pauseMs: 50,
    durationMs: 12_000,
    sampleEveryMs: 500,
    seed: 1,
  });
  expect(problems).toEqual([]);
  // Who leaves at once may have left before the request had arrived.
  expect(requests - rows).toBeLessThanOrEqual(outcomes.left ?? 0);
  for (const outcome of ['success', 'failed', 'left']) expect(outcomes[outcome]).toBeGreaterThan(0);
  expect(activeStreamsAfter).toBe(0);
  expect(descriptors.after).toBeLessThanOrEqual(descriptors.most);
  // A generous bound: the first seconds of a program are its growing ones.
  expect(
    growthOf(samples.slice(samples.length / 2).map((sample) => sample.residentMegabytes)).ratio,
  ).toBeLessThan(1.5);
  expect(Math.max(...samples.map((sample) => sample.activeStreams))).toBeGreaterThan(0);
  expect(samples.at(-1)?.heapMegabytes).toBeGreaterThan(0);
});

describe('growth', () => {
  test('is that of the line, not of its ends', () => {
    expect(growthOf([10, 12, 10, 12, 10, 12, 10]).ratio).toBeCloseTo(1, 1);
    expect(growthOf([100, 110, 120, 130, 140])).toEqual({ from: 100, to: 140, ratio: 1.4 });
    expect(growthOf([7])).toEqual({ from: 7, to: 7, ratio: 1 });
    // One sample far off says nothing.
    expect(growthOf([17, 3, 17, 17, 17, 17, 17]).ratio).toBe(1);
  });
});

describe('the log of collections', () => {
  const full = (thread: string, kilobytes: number) =>
    `[GC<${thread}>: START M 9109kb => FullCollection, a=0kb p=8.1ms (max 8.1)...]\n` +
    `[GC<${thread}>: M a=975kb v=8913kb 0+1 => ${kilobytes}kb, p=5.9ms (max 8.1), cycle 19.4ms END]\n`;
  const partial = full('0x1', 900).replace('Full', 'Eden');

  test('the last full collection of each thread counts, however the text is cut', () => {
    const heap = createHeapLog();
    expect(heap.kilobytes()).toBe(0);
    for (const letter of partial) heap.read(letter);
    expect(heap.kilobytes()).toBe(900);
    heap.read(full('0x1', 500) + full('0x2', 30) + partial);
    expect(heap.kilobytes()).toBe(530);
  });
});
