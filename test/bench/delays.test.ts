// Delays counted in classes: a quantile is exact to the width of its class.
import { expect, test } from 'bun:test';
import { createDelays } from '../../bench/delays.ts';
import { findStamp, readStamps, STAMP, writeStamp } from '../../bench/stamp.ts';

test('quantiles are those of the values, within two percent', () => {
  const delays = createDelays();
  for (let microseconds = 1; microseconds <= 10_000; microseconds++) delays.add(microseconds);
  const { count, p50, p99, highest, stalls } = delays.summary();
  expect({ count, highest, stalls }).toEqual({ count: 10_000, highest: 10_000, stalls: 0 });
  expect(Math.abs(p50 / 5_000 - 1)).toBeLessThan(0.02);
  expect(Math.abs(p99 / 9_900 - 1)).toBeLessThan(0.02);
});

test('what is later than 100 ms is a stall, and clocks that differ a little do no harm', () => {
  const delays = createDelays();
  for (const microseconds of [-3, 100_000, 100_001, 9e12]) delays.add(microseconds);
  expect(delays.summary()).toMatchObject({ count: 4, stalls: 2, highest: 9e12 });
});

test('no delays make no quantiles', () => {
  expect(createDelays().summary()).toEqual({ count: 0, p50: 0, p99: 0, highest: 0, stalls: 0 });
});

test('a stamp is read back from among other text; one that is cut off is left out', () => {
  const event = Buffer.from(`data: {"text":" word${STAMP}"}\n\n`);
  writeStamp(event, findStamp(event));
  const ways: number[] = [];
  readStamps(Buffer.concat([event, event, event.subarray(0, 25)]), (way) => ways.push(way));
  expect(ways).toHaveLength(2);
  for (const way of ways) expect(way).toBeGreaterThanOrEqual(0);
});
