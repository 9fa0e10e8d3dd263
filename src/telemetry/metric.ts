// Counters and histograms with labels, kept in memory.
import { bucketOf, SPREAD_BUCKETS } from '../model/spread.ts';

/** One metric and its series, as Prometheus and OpenTelemetry both know it. */
export interface Metric {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  labels: readonly string[];
  series: Iterable<Series>;
}

export interface Series {
  /** In the order of the metric's labels. */
  values: readonly string[];
  point: number | Distribution;
}

/** Counts below and up to each of `BOUNDS_MS`, and the last beyond them; the sum in milliseconds. */
export interface Distribution {
  counts: number[];
  sumMs: number;
}

const FIRST_EXPONENT = 0;
const LAST_EXPONENT = 17;
/** 1 ms, 2 ms, 4 ms … 131 s: where every fourth bucket of a spread ends, so that spreads are counted exactly. */
export const BOUNDS_MS: readonly number[] = Array.from(
  { length: LAST_EXPONENT - FIRST_EXPONENT + 1 },
  (_, exponent) => 2 ** (FIRST_EXPONENT + exponent),
);

/** Which count of a distribution each bucket of a spread belongs to. */
const PLACES: readonly number[] = Array.from({ length: SPREAD_BUCKETS }, (_, bucket) => {
  const last = bucketOf(1) - 1;
  return bucket <= last ? 0 : Math.ceil((bucket - last) / 4);
});

export interface Counter extends Metric {
  add(values: readonly string[], amount: number): void;
}

export interface Histogram extends Metric {
  observe(values: readonly string[], ms: number): void;
  /** Counts by bucket of a spread, and what they add up to. */
  observeAll(values: readonly string[], spread: readonly number[], sumMs: number): void;
}

type Description = Pick<Metric, 'name' | 'help' | 'labels'>;

/** No label holds a line end that is part of a name: names of models are one line, and such a mix-up adds to another. */
const SEPARATOR = '\n';

export function createCounter(description: Description): Counter {
  const series = new Map<string, Series & { point: number }>();
  return {
    ...description,
    type: 'counter',
    series: { [Symbol.iterator]: () => series.values() },
    add(values, amount) {
      const key = values.join(SEPARATOR);
      const known = series.get(key);
      if (known === undefined) series.set(key, { values: [...values], point: amount });
      else known.point += amount;
    },
  };
}

export function createHistogram(description: Description): Histogram {
  const series = new Map<string, Series & { point: Distribution }>();

  function pointOf(values: readonly string[]): Distribution {
    const key = values.join(SEPARATOR);
    const known = series.get(key);
    if (known !== undefined) return known.point;
    const point = { counts: Array.from({ length: BOUNDS_MS.length + 1 }, () => 0), sumMs: 0 };
    series.set(key, { values: [...values], point });
    return point;
  }

  return {
    ...description,
    type: 'histogram',
    series: { [Symbol.iterator]: () => series.values() },
    observe(values, ms) {
      const point = pointOf(values);
      count(point, bucketOf(ms), 1);
      point.sumMs += ms;
    },
    observeAll(values, spread, sumMs) {
      const point = pointOf(values);
      for (const [bucket, number] of spread.entries()) if (number > 0) count(point, bucket, number);
      point.sumMs += sumMs;
    },
  };
}

function count({ counts }: Distribution, bucket: number, number: number): void {
  const place = PLACES[bucket] ?? counts.length - 1;
  counts[place] = (counts[place] ?? 0) + number;
}

/** What is asked for at the moment it is told. */
export function gauge(
  description: Description,
  series: readonly (readonly [values: readonly string[], point: number])[],
): Metric {
  return { ...description, type: 'gauge', series: series.map(([values, point]) => ({ values, point })) };
}
