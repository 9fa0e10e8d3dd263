// The spans of time over which sums are kept: each request is counted in its hour, in its day and in all time, so
// that no question adds up more than some hours and some days.
import type { SumWindow } from './store.ts';

/** Its number stands in the store; each span's places are numbered from 1970 on. */
export const SPANS = { all: 0, hour: 1, day: 24 } as const;

export const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Windows longer than this begin with a whole hour: the part of an hour is counted from rows. */
const EXACT_MS = DAY_MS;

/** Where a window from `since` on begins in truth. */
export function startOfWindow(since: number, now: number): number {
  return now - since > EXACT_MS ? Math.floor(since / HOUR_MS) * HOUR_MS : since;
}

/** What a window is made of. */
export interface WindowParts {
  /** Rows from `since` until the first whole hour begins, in Unix ms; null where it begins with one. */
  rows: { from: number; until: number } | null;
  /** Numbers of hours: the first, and the one behind the last. */
  hours: { from: number; until: number };
  /** The number of the first day. */
  days: { from: number };
}

export function partsOfWindow(since: number): WindowParts {
  const hour = Math.ceil(since / HOUR_MS);
  const day = Math.ceil(hour / 24);
  const until = hour * HOUR_MS;
  return {
    rows: since < until ? { from: since, until } : null,
    hours: { from: hour, until: day * 24 },
    days: { from: day },
  };
}

/** The same from the whole hour on: spreads are kept by the hour alone. */
export function wholeHours({ since }: SumWindow): SumWindow {
  return { since: since === null ? null : Math.floor(since / HOUR_MS) * HOUR_MS };
}

/** Every span and the place in it that a time belongs to. */
export function placesOf(timestamp: number): readonly (readonly [span: number, start: number])[] {
  return [
    [SPANS.all, 0],
    [SPANS.hour, Math.floor(timestamp / HOUR_MS)],
    [SPANS.day, Math.floor(timestamp / DAY_MS)],
  ];
}
