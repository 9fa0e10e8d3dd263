// How many of the rows that go each place of the sums has.
import { placesOf } from './sum-spans.ts';

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

export function countPlaces(gone: readonly ExpiredRow[]): ExpiredPlace[] {
  const places = new Map<string, ExpiredPlace>();
  for (const { kind, timestamp } of gone) {
    for (const [span, start] of placesOf(timestamp)) {
      const key = `${span} ${start} ${kind}`;
      const place = places.get(key);
      if (place === undefined) places.set(key, { span, start, kind, rows: 1 });
      else place.rows += 1;
    }
  }
  return [...places.values()];
}
