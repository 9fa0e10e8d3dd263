// Quantiles from fixed room: as near as promised, whatever the durations, also when histograms are added up.
import { describe, expect, test } from 'bun:test';
import {
  addPacked,
  bucketOf,
  durationOf,
  packHistogram,
  quantileOf,
  HISTOGRAM_BUCKETS,
} from '../../src/model/histogram.ts';

function histogramOf(durations: readonly number[]): Uint32Array {
  const counts = new Uint32Array(HISTOGRAM_BUCKETS);
  for (const ms of durations) {
    const bucket = bucketOf(ms);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

/** Durations over five orders of magnitude, always the same. */
function durations(count: number): number[] {
  let seed = 42;
  return Array.from({ length: count }, () => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return 10 ** (-1 + (5 * seed) / 2 ** 32);
  });
}

describe('a histogram', () => {
  test('quantiles are within a tenth', () => {
    const all = durations(10_000);
    const sorted = [...all].sort((a, b) => a - b);
    for (const q of [0.01, 0.1, 0.5, 0.9, 0.99, 1]) {
      const exact = sorted[Math.ceil(q * sorted.length) - 1] ?? Number.NaN;
      const estimate = quantileOf(histogramOf(all), q) ?? Number.NaN;
      expect(Math.abs(estimate / exact - 1)).toBeLessThan(0.1);
    }
  });

  test('has a bucket for every number', () => {
    for (const ms of [Number.NaN, -1, 0, 1e-9, 1, 131_071, 1e9, Number.POSITIVE_INFINITY]) {
      const bucket = bucketOf(ms);
      expect(Number.isInteger(bucket) && bucket >= 0 && bucket < HISTOGRAM_BUCKETS).toBe(true);
    }
    expect(bucketOf(Number.POSITIVE_INFINITY)).toBe(HISTOGRAM_BUCKETS - 1);
  });

  test('the duration of a bucket lies in that bucket, and rises from one to the next', () => {
    for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
      expect(bucketOf(durationOf(bucket))).toBe(bucket);
      if (bucket > 0) expect(durationOf(bucket)).toBeGreaterThan(durationOf(bucket - 1));
    }
  });

  test('packed and added up again it is the histogram of all', () => {
    const all = durations(2_000);
    const sum = Array.from({ length: HISTOGRAM_BUCKETS }, () => 0);
    for (const part of [all.slice(0, 700), all.slice(700)]) addPacked(sum, packHistogram(histogramOf(part)));
    expect(sum).toEqual([...histogramOf(all)]);
  });

  test('of nothing has no quantile, and text that is no histogram adds nothing', () => {
    expect(quantileOf(new Uint32Array(HISTOGRAM_BUCKETS), 0.5)).toBeNull();
    const sum = Array.from({ length: HISTOGRAM_BUCKETS }, () => 0);
    for (const text of [
      '',
      'nonsense',
      '1:',
      ':1',
      '1:-3',
      '9999:1',
      '1:NaN',
      '1:2:3',
      'x1:2',
      '1:2x',
      '1.5:2',
      '7',
      ' : ',
    ])
      addPacked(sum, text);
    expect(sum.every((count) => count === 0)).toBe(true);
  });
});
