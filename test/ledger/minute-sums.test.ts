// When sums by minute are deleted: once an hour, whatever the clock does.
import { expect, test } from 'bun:test';
import { createMinuteKeeper } from '../../src/ledger/sums/minute-sums.ts';

const DAY = 24 * 60;
/** Kept for a day and an hour. */
const KEPT = DAY + 60;
const YEAR = 365 * DAY;

test('old minutes are deleted once an hour, also after the clock was a year ahead', () => {
  const { due } = createMinuteKeeper();
  const now = 30_000_000;
  expect(due(null)).toBeNull();
  expect(due(now)).toBe(now - KEPT);
  // Of a request that took long.
  expect([due(now - 30), due(now + 59)]).toEqual([null, null]);
  expect(due(now + 60)).toBe(now + 60 - KEPT);
  expect(due(now + YEAR)).toBe(now + YEAR - KEPT);
  expect(due(now + 61)).toBe(now + 61 - KEPT);
  expect(due(now + 62)).toBeNull();
});
