// Calendar hours, days, weeks and months in UTC: the same everywhere, with no hour repeated or skipped.

export const CALENDAR_PERIODS = ['hour', 'day', 'week', 'month'] as const;
export type CalendarPeriod = (typeof CALENDAR_PERIODS)[number];

/** Unix ms; `end` is the start of the next period. */
export interface PeriodBounds {
  start: number;
  end: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** 1970 began on a Thursday; weeks begin on Monday. */
const FIRST_MONDAY = 4 * DAY_MS;

/** The period that contains `time` (Unix ms). */
export function periodAt(period: CalendarPeriod, time: number): PeriodBounds {
  switch (period) {
    case 'hour':
      return evenly(HOUR_MS, 0, time);
    case 'day':
      return evenly(DAY_MS, 0, time);
    case 'week':
      return evenly(WEEK_MS, FIRST_MONDAY, time);
    case 'month': {
      const date = new Date(time);
      const month = (after: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + after);
      return { start: month(0), end: month(1) };
    }
  }
}

function evenly(length: number, from: number, time: number): PeriodBounds {
  const start = from + Math.floor((time - from) / length) * length;
  return { start, end: start + length };
}
