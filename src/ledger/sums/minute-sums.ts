// Sums by minute let a window begin within an hour without counting that hour's rows. They are kept for a day and an hour.
import { MINUTE_MS, oldestMinute } from './sum-spans.ts';

/** In minutes. */
const HOUR = 60;
const DAY = 24 * HOUR;

export interface MinuteKeeper {
  /** Once an hour, the oldest minute to keep, so that older ones can be deleted; otherwise null. */
  due(newestMinute: number | null): number | null;
}

export function createMinuteKeeper(): MinuteKeeper {
  let doneUntil = Number.NEGATIVE_INFINITY;
  return {
    due(newestMinute) {
      if (newestMinute === null) return null;
      // If it is further away, the clock was ahead and has been set back: then it is due.
      if (newestMinute < doneUntil && newestMinute >= doneUntil - DAY) return null;
      doneUntil = newestMinute + HOUR;
      return oldestMinute(newestMinute * MINUTE_MS);
    },
  };
}
