// Counts expired rows by the places of their sums.
import { MINUTE, MINUTE_MS, placesOf } from './sums/sum-spans.ts';

export interface ExpiredRow {
  kind: number;
  timestamp: number;
}

export interface ExpiredPlace {
  span: number;
  start: number;
  kind: number;
  rows: number;
}

/** @param oldestMinute the oldest minute with sums; null where there is none. */
export function countPlaces(gone: readonly ExpiredRow[], oldestMinute: number | null): ExpiredPlace[] {
  const places = new Map<string, ExpiredPlace>();
  for (const { kind, timestamp } of gone) {
    for (const [span, start] of keptPlacesOf(timestamp, oldestMinute)) {
      const key = `${span} ${start} ${kind}`;
      const place = places.get(key);
      if (place === undefined) places.set(key, { span, start, kind, rows: 1 });
      else place.rows += 1;
    }
  }
  return [...places.values()];
}

function keptPlacesOf(timestamp: number, oldestMinute: number | null): ReturnType<typeof placesOf> {
  const minute = Math.floor(timestamp / MINUTE_MS);
  const places = placesOf(timestamp);
  return oldestMinute === null || minute < oldestMinute ? places : [...places, [MINUTE, minute]];
}
