// Counters and histograms with labels, kept in memory.
import { bucketOf, eachPacked, HISTOGRAM_BUCKETS } from '../model/histogram.ts';

/** One metric and its series, in the form common to Prometheus and OpenTelemetry. */
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

/** One count per bound, and a last one beyond them all. Durations are in milliseconds. */
export interface Distribution {
  bounds: readonly number[];
  counts: number[];
  sum: number;
}

const FIRST_EXPONENT = 0;
const LAST_EXPONENT = 17;
/** 1 ms, 2 ms, 4 ms … 131 s: the ends of every fourth bucket of model/histogram.ts, so that what rows record is counted exactly. */
const BOUNDS_MS: readonly number[] = Array.from(
  { length: LAST_EXPONENT - FIRST_EXPONENT + 1 },
  (_, exponent) => 2 ** (FIRST_EXPONENT + exponent),
);

/** For each bucket of model/histogram.ts, the count of a distribution that it belongs to. */
const PLACES: readonly number[] = Array.from({ length: HISTOGRAM_BUCKETS }, (_, bucket) => {
  const last = bucketOf(1) - 1;
  return bucket <= last ? 0 : Math.ceil((bucket - last) / 4);
});

export interface Counter extends Metric {
  add(values: readonly string[], amount: number): void;
  /** The series with these labels, for frequent additions. It exists from then on, even at 0. */
  of(values: readonly string[]): CounterSeries;
}

export interface CounterSeries extends Series {
  point: number;
}

interface Histogram extends Metric {
  observe(values: readonly string[], value: number): void;
}

interface DurationHistogram extends Histogram {
  /** Observes many durations at once. @param packed a histogram from `packHistogram`. @param sumMs the sum of its durations. */
  observePacked(values: readonly string[], packed: string, sumMs: number): void;
  /** The series with these labels, for frequent observations. It exists from then on, even while empty. */
  of(values: readonly string[]): Distribution;
  /** Adds what another histogram with the same bounds has counted. */
  add(values: readonly string[], counted: Pick<Distribution, 'counts' | 'sum'>): void;
}

type Description = Pick<Metric, 'name' | 'help' | 'labels'>;

/** Model names are single lines; a label with a line end could at worst add to another series. */
const SEPARATOR = '\n';

export function createCounter(description: Description): Counter {
  const series = new Map<string, CounterSeries>();
  const of = (values: readonly string[]): CounterSeries => {
    const key = values.join(SEPARATOR);
    const known = series.get(key);
    if (known !== undefined) return known;
    const made = { values: [...values], point: 0 };
    series.set(key, made);
    return made;
  };
  return {
    ...description,
    type: 'counter',
    series: { [Symbol.iterator]: () => series.values() },
    of,
    add(values, amount) {
      of(values).point += amount;
    },
  };
}

/** A histogram of durations in milliseconds, with the bounds `BOUNDS_MS`. */
export function createDurationHistogram(description: Description): DurationHistogram {
  const { series, pointOf } = createDistributions(BOUNDS_MS);
  return {
    ...description,
    type: 'histogram',
    series,
    of: pointOf,
    observe: (values, ms) => addDuration(pointOf(values), ms),
    observePacked(values, packed, sumMs) {
      const point = pointOf(values);
      eachPacked(packed, (bucket, number) => add(point, PLACES[bucket], number, 0));
      point.sum += sumMs;
    },
    add(values, { counts, sum }) {
      const point = pointOf(values);
      for (const [place, number] of counts.entries()) add(point, place, number, 0);
      point.sum += sum;
    },
  };
}

export function addDuration(point: Distribution, ms: number): void {
  add(point, PLACES[bucketOf(ms)], 1, ms);
}

/** A histogram of any numbers. @param bounds in ascending order. */
export function createHistogram(description: Description, bounds: readonly number[]): Histogram {
  const { series, pointOf } = createDistributions(bounds);
  return {
    ...description,
    type: 'histogram',
    series,
    observe(values, value) {
      const place = bounds.findIndex((bound) => value <= bound);
      add(pointOf(values), place < 0 ? undefined : place, 1, value);
    },
  };
}

function createDistributions(bounds: readonly number[]) {
  const byKey = new Map<string, Series & { point: Distribution }>();
  return {
    series: { [Symbol.iterator]: () => byKey.values() },
    pointOf(values: readonly string[]): Distribution {
      const key = values.join(SEPARATOR);
      const known = byKey.get(key);
      if (known !== undefined) return known.point;
      const point = { bounds, counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 };
      byKey.set(key, { values: [...values], point });
      return point;
    },
  };
}

/** @param place undefined for a value beyond the last bound. */
function add(point: Distribution, place: number | undefined, number: number, value: number): void {
  const { counts } = point;
  const at = place ?? counts.length - 1;
  counts[at] = (counts[at] ?? 0) + number;
  point.sum += value;
}

/** A metric whose values are read at the moment of reporting. */
export function gauge(
  description: Description,
  series: readonly (readonly [values: readonly string[], point: number])[],
): Metric {
  return { ...description, type: 'gauge', series: series.map(([values, point]) => ({ values, point })) };
}
