// Which hours a page of the audit has to search, as the sums of days and hours tell.
import { describe, expect, test } from 'bun:test';
import type { Ask, CountedPart, OfKinds } from '../../src/ledger/audit/cells.ts';
import { FEW, narrow } from '../../src/ledger/audit/narrow.ts';
import { HOUR_MS, SPANS } from '../../src/ledger/sums/sum-spans.ts';

const DAY_MS = 24 * HOUR_MS;

/** By hour: how many rows match, and how many there are. */
type Hours = Record<number, [matches: number, rows: number]>;

/** Answers what is asked for places, as a store does. */
function storeOf(hours: Hours): Ask {
  const rows = (span: number) => {
    const places = new Map<number, { start: number; matches: number; rows: number }>();
    for (const [hour, [matches, all]] of Object.entries(hours)) {
      const start = span === SPANS.hour ? Number(hour) : Math.floor(Number(hour) / 24);
      const place = places.get(start) ?? { start, matches: 0, rows: 0 };
      places.set(start, { start, matches: place.matches + matches, rows: place.rows + all });
    }
    return [...places.values()]
      .filter(({ matches }) => matches > 0)
      .sort((one, other) => other.start - one.start);
  };
  const answer = async ({ values }: Parameters<Ask>[0]) => {
    const [span, from, until, limit] = values.map(Number);
    const places = rows(span ?? 0).filter(({ start }) => start >= (from ?? 0) && start < (until ?? 0));
    return places.slice(0, limit);
  };
  return answer as Ask;
}

const SOME: OfKinds = { sql: 'kind = 1', values: [] };

/** Of ten days. */
function find(hours: Hours, { limit = 10, offset = 0, kinds = SOME as OfKinds } = {}) {
  const matches = Object.values(hours).reduce((sum, [count]) => sum + count, 0);
  const parts: CountedPart[] = [{ unit: 'day', from: 0, until: 10, matches }];
  return narrow(storeOf(hours), parts, kinds, { limit, offset });
}

const hour = (day: number, of: number) => day * 24 + of;

describe('the time of a page', () => {
  test('reaches no further back than the hour in which it ends', async () => {
    const hours: Hours = { [hour(9, 5)]: [5, 5], [hour(8, 20)]: [60, 60], [hour(8, 3)]: [40, 40] };
    expect(await find(hours)).toMatchObject({
      from: hour(8, 20) * HOUR_MS,
      until: 10 * DAY_MS,
      offset: 0,
      isNewest: true,
    });
  });

  test('begins in the hour in which the page does, behind all that is skipped', async () => {
    const hours: Hours = { [hour(9, 5)]: [2_000, 2_000], [hour(8, 20)]: [60, 60], [hour(8, 3)]: [440, 440] };
    expect(await find(hours, { offset: 2_100 })).toMatchObject({
      from: hour(8, 3) * HOUR_MS,
      until: hour(8, 4) * HOUR_MS,
      offset: 40,
      isNewest: false,
    });
  });

  test('of whole days where the page goes on in the next', async () => {
    const hours: Hours = {
      [hour(9, 5)]: [4, 4],
      [hour(7, 5)]: [4, 4],
      [hour(6, 5)]: [2, 2],
      [hour(5, 5)]: [9, 9],
    };
    expect(await find(hours)).toMatchObject({ from: 6 * DAY_MS, until: 10 * DAY_MS, offset: 0 });
  });

  test('begins in an hour too where many are skipped in a day that the page leaves', async () => {
    const hours: Hours = { [hour(9, 20)]: [FEW, FEW], [hour(9, 5)]: [8, 8], [hour(8, 5)]: [9, 9] };
    expect(await find(hours, { offset: FEW + 3 })).toMatchObject({ until: hour(9, 6) * HOUR_MS, offset: 3 });
  });

  test('is all there is where the page is the last', async () => {
    const hours: Hours = { [hour(9, 5)]: [4, 4], [hour(2, 5)]: [3, 3] };
    expect(await find(hours, { offset: 5 })).toMatchObject({
      from: 2 * DAY_MS,
      until: 3 * DAY_MS,
      offset: 1,
    });
  });
});

describe('how its rows are found', () => {
  test.each<[string, Hours, OfKinds, string]>([
    ['all rows match', { [hour(9, 5)]: [50, 90] }, null, 'time'],
    ['most of them do', { [hour(9, 5)]: [50, 90] }, SOME, 'time'],
    ['so in hours that follow one another', { [hour(9, 5)]: [5, 5], [hour(9, 4)]: [50, 60] }, SOME, 'time'],
    ['few of them do', { [hour(9, 5)]: [50, 50_000] }, SOME, 'kind'],
    ['as many are walked past as match', { [hour(9, 5)]: [50, 250] }, SOME, 'kind'],
    [
      'there are hours without any between them',
      { [hour(9, 5)]: [5, 5], [hour(7, 5)]: [50, 50] },
      SOME,
      'kind',
    ],
  ])('where %s', async (_, hours, kinds, order) => {
    expect((await find(hours, { kinds })).order).toBe(order as 'time');
  });
});
