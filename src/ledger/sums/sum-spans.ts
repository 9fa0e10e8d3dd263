// The spans of time over which sums are kept: each request is counted in its hour, in its day and in all time, so
// that no question adds up more than some hours and some days.

/** Its number stands in the store; each span's places are numbered from 1970 on. */
export const SPANS = { all: 0, hour: 1, day: 24 } as const;

/** Minutes have the place of a span among the sums too, with a number of their own. */
export const MINUTE = -1;

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAY_HOURS = 24;
/** Later than every place there is, and still a number that each store's column takes. */
const END_OF_TIME = 2 ** 31 - 1;

/** Windows longer than this begin with a whole hour, so that none needs older minutes. */
const EXACT_MS = DAY_MS;
/** How long minutes are kept: they are many. */
const MINUTES_MS = EXACT_MS + HOUR_MS;

/** Where a window from `since` on begins in truth. @param retentionMs how long rows stay; null: always. */
export function startOfWindow(since: number, now: number, retentionMs: number | null): number {
  const age = now - since;
  if (age > EXACT_MS) return Math.floor(since / HOUR_MS) * HOUR_MS;
  // A part of a minute is added up from its rows, which may be gone.
  return age > (retentionMs ?? age) ? Math.floor(since / MINUTE_MS) * MINUTE_MS : since;
}

/** In Unix ms, `until` exclusive; null: without end. */
export interface TimeRange {
  from: number | null;
  until: number | null;
}

/** Rows of one hour from one time until another (Unix ms), or sums by the numbers of their places; `until` exclusive. */
export interface RangePart {
  unit: 'row' | 'minute' | 'hour' | 'day';
  from: number;
  until: number;
}

/** What a range is made of, newest first: whole days and hours, and rows where it begins or ends within an hour. */
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

/**
 * The same with minutes in place of rows, as far as there are any. `newestMinute`: the newest that sums are kept of; null:
 * none are.
 */
export function withMinutes(parts: readonly RangePart[], newestMinute: number | null): RangePart[] {
  return parts.flatMap((whole) => {
    if (whole.unit !== 'row' || newestMinute === null) return [whole];
    const minutes = { from: Math.ceil(whole.from / MINUTE_MS), until: Math.floor(whole.until / MINUTE_MS) };
    // Older ones may be gone, or have come late and stand for a part of their rows alone.
    if (minutes.from < newestMinute - EXACT_MS / MINUTE_MS || minutes.from >= minutes.until) return [whole];
    return [
      ...part('row', minutes.until * MINUTE_MS, whole.until),
      ...part('minute', minutes.from, minutes.until),
      ...part('row', whole.from, minutes.from * MINUTE_MS),
    ];
  });
}

/** The oldest minute that is kept when this is the newest row's time. */
export function oldestMinute(newest: number): number {
  return Math.floor((newest - MINUTES_MS) / MINUTE_MS);
}

function part(unit: RangePart['unit'], from: number, until: number): RangePart[] {
  return from < until ? [{ unit, from, until }] : [];
}

/** Of sums. */
export type SumUnit = Exclude<RangePart['unit'], 'row'>;

/** As the store has it. */
export function spanOf(unit: SumUnit): number {
  return unit === 'minute' ? MINUTE : SPANS[unit];
}

/** Of each of its places, in ms. */
export function lengthOf(unit: SumUnit): number {
  return unit === 'minute' ? MINUTE_MS : SPANS[unit] * HOUR_MS;
}

/** When a place of a span begins, and the one behind it, in Unix ms. */
export function timesOf(unit: SumUnit, place: number): { from: number; until: number } {
  const length = lengthOf(unit);
  return { from: place * length, until: (place + 1) * length };
}

/** Every span and the place in it that a time belongs to. */
export function placesOf(timestamp: number): readonly (readonly [span: number, start: number])[] {
  return [
    [SPANS.all, 0],
    [SPANS.hour, Math.floor(timestamp / HOUR_MS)],
    [SPANS.day, Math.floor(timestamp / DAY_MS)],
  ];
}
