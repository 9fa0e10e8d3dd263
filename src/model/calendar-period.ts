// Hours, days, weeks and months as the calendar has them, in UTC: the same everywhere, with no hour twice or left out.

export const CALENDAR_PERIODS = ['hour', 'day', 'week', 'month'] as const;
export type CalendarPeriod = (typeof CALENDAR_PERIODS)[number];

/** Unix ms; `end` is the next one's start. */
export interface PeriodBounds {
  start: number;
  end: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** 1970 began with a Thursday; weeks begin with Monday. */
const FIRST_MONDAY = 4 * DAY_MS;

/** The one that `time` (Unix ms) lies in. */
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
