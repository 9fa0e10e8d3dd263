// The spans of time for which sums are kept: each request is counted in its hour, in its day and in all time, so that no query adds up more
// than some hours and some days.

/** These numbers are stored. The places of each span are numbered from 1970 on. */
export const SPANS = { all: 0, hour: 1, day: 24 } as const;

/** Minutes are stored among the sums like a span, with a number of their own. */
export const MINUTE = -1;

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAY_HOURS = 24;
/** A place later than all others, within the range of each store's column. */
const END_OF_TIME = 2 ** 31 - 1;

/** Longer windows begin at a whole hour, so that older minutes are not needed. */
const EXACT_MS = DAY_MS;
/** How long minutes are kept, of which there are many. */
const MINUTES_MS = EXACT_MS + HOUR_MS;

/** Where a window that should begin at `since` really begins. @param retentionMs how long rows are kept; null means for ever. */
export function startOfWindow(since: number, now: number, retentionMs: number | null): number {
  const age = now - since;
  if (age > EXACT_MS) return Math.floor(since / HOUR_MS) * HOUR_MS;
  // A part of a minute is summed from its rows, which may have expired.
  return age > (retentionMs ?? age) ? Math.floor(since / MINUTE_MS) * MINUTE_MS : since;
}

/** In Unix ms; `until` is exclusive, and null means no end. */
export interface TimeRange {
  from: number | null;
  until: number | null;
}

/** Rows of one hour, with `from` and `until` in Unix ms, or sums, with the numbers of places; `until` is exclusive. */
export interface RangePart {
  unit: 'row' | 'minute' | 'hour' | 'day';
  from: number;
  until: number;
}

/** The parts of a range, newest first: whole days and hours, and rows where it begins or ends within an hour. */
export function partsOfRange({ from, until }: TimeRange): RangePart[] {
  const start = from ?? 0;
  const end = until ?? END_OF_TIME * HOUR_MS;
  const hours = { from: Math.ceil(start / HOUR_MS), until: Math.floor(end / HOUR_MS) };
  if (hours.from > hours.until) return part('row', start, end);
  const days = {
    from: Math.ceil(hours.from / DAY_HOURS),
    until: until === null ? END_OF_TIME : Math.floor(hours.until / DAY_HOURS),
  };
  const inside =
    days.from < days.until
      ? [
          ...(until === null ? [] : part('hour', days.until * DAY_HOURS, hours.until)),
          ...part('day', days.from, days.until),
          ...part('hour', hours.from, days.from * DAY_HOURS),
        ]
      : part('hour', hours.from, hours.until);
  return [
    ...(until === null ? [] : part('row', hours.until * HOUR_MS, end)),
    ...inside,
    ...part('row', start, hours.from * HOUR_MS),
  ];
}

/** The same with minutes instead of rows where they exist. @param newestMinute the newest with sums; null where there is none. */
export function withMinutes(parts: readonly RangePart[], newestMinute: number | null): RangePart[] {
  return parts.flatMap((whole) => {
    if (whole.unit !== 'row' || newestMinute === null) return [whole];
    const minutes = { from: Math.ceil(whole.from / MINUTE_MS), until: Math.floor(whole.until / MINUTE_MS) };
    // Older ones may have been deleted, or be incomplete since they contain only late rows.
    if (minutes.from < newestMinute - EXACT_MS / MINUTE_MS || minutes.from >= minutes.until) return [whole];
    return [
      ...part('row', minutes.until * MINUTE_MS, whole.until),
      ...part('minute', minutes.from, minutes.until),
      ...part('row', whole.from, minutes.from * MINUTE_MS),
    ];
  });
}

/** The oldest minute to keep when the newest row has this time. */
export function oldestMinute(newest: number): number {
  return Math.floor((newest - MINUTES_MS) / MINUTE_MS);
}

function part(unit: RangePart['unit'], from: number, until: number): RangePart[] {
  return from < until ? [{ unit, from, until }] : [];
}

/** Units that have sums. */
export type SumUnit = Exclude<RangePart['unit'], 'row'>;

/** The unit's number in the store. */
export function spanOf(unit: SumUnit): number {
  return unit === 'minute' ? MINUTE : SPANS[unit];
}

/** The length of one place, in ms. */
export function lengthOf(unit: SumUnit): number {
  return unit === 'minute' ? MINUTE_MS : SPANS[unit] * HOUR_MS;
}

/** When a place begins, and the next one, in Unix ms. */
export function timesOf(unit: SumUnit, place: number): { from: number; until: number } {
  const length = lengthOf(unit);
  return { from: place * length, until: (place + 1) * length };
}

/** The place of the unit that contains the time. */
export function placeOf(unit: SumUnit, time: number): number {
  return Math.floor(time / lengthOf(unit));
}

/** Every span, and its place that contains the time. */
export function placesOf(timestamp: number): readonly (readonly [span: number, start: number])[] {
  return [
    [SPANS.all, 0],
    [SPANS.hour, Math.floor(timestamp / HOUR_MS)],
    [SPANS.day, Math.floor(timestamp / DAY_MS)],
  ];
}
