// Counts the requests of a batch by duration for each model and span: what the store adds to its histograms.
import { addPacked, bucketOf, packHistogram, HISTOGRAM_BUCKETS } from '../../model/histogram.ts';
import type { ModelTotals, Totals } from '../store.ts';
import { HOUR_MS, placesOf } from './sum-spans.ts';

export const MEASURES = ['latency', 'ttft', 'gaps'] as const;
type Measure = (typeof MEASURES)[number];

/** Counts by bucket. */
type Histograms = Record<Measure, number[]>;

/** In the stored form, that of `packHistogram`. */
export type PackedHistograms = Record<Measure, string>;

export interface TimedRow {
  timestamp: number;
  latencyMs: number;
  ttftMs: number | null;
  gaps: string | null;
}

export type ModelName = Pick<ModelTotals, 'provider' | 'model'>;

/** One model in one span of time. Names are never null: '' means that there is none. */
export interface HistogramPlace extends ModelName {
  span: number;
  start: number;
}

export interface HistogramTally {
  /** @param name under which the row is counted. */
  add(row: TimedRow, name: ModelName): void;
  /** One entry per place. */
  counts(): (HistogramPlace & Histograms)[];
}

export function createHistogramTally(): HistogramTally {
  const hours = new Map<string, ModelName & Histograms & { hour: number }>();

  return {
    add(row, name) {
      const { ttftMs, gaps } = row;
      const counts = countsOf(row, name);
      addOne(counts.latency, row.latencyMs);
      if (ttftMs !== null) addOne(counts.ttft, ttftMs);
      if (gaps !== null) addPacked(counts.gaps, gaps);
    },
    counts() {
      const places = new Map<string, HistogramPlace & Histograms>();
      for (const { hour, provider, model, ...counts } of hours.values()) {
        for (const [span, start] of placesOf(hour * HOUR_MS)) {
          const key = `${span} ${start} ${nameOf({ provider, model })}`;
          const known = places.get(key);
          if (known === undefined) places.set(key, { span, start, provider, model, ...copyOf(counts) });
          else for (const measure of MEASURES) addAll(known[measure], counts[measure]);
        }
      }
      return [...places.values()];
    },
  };

  function countsOf({ timestamp }: TimedRow, { provider, model }: ModelName): Histograms {
    const hour = Math.floor(timestamp / HOUR_MS);
    const key = `${hour} ${nameOf({ provider, model })}`;
    const known = hours.get(key);
    if (known !== undefined) return known;
    const counts = { hour, provider, model, ...noHistograms() };
    hours.set(key, counts);
    return counts;
  }
}

/** The stored counts with these added. @param kept the counts stored so far, if any. */
export function packedSum(counts: Histograms, kept?: PackedHistograms): PackedHistograms {
  const sum = copyOf(counts);
  if (kept !== undefined) addKept(sum, kept);
  return {
    latency: packHistogram(sum.latency),
    ttft: packHistogram(sum.ttft),
    gaps: packHistogram(sum.gaps),
  };
}

/** The totals of models, each with the sum of its stored histograms of any number of places. */
export function withHistograms(
  models: readonly (Totals & ModelName)[],
  places: readonly (ModelName & PackedHistograms)[],
): ModelTotals[] {
  const found = models.map((totals) => ({ ...totals, ...noHistograms() }));
  const byName = new Map(found.map((totals) => [nameOf(totals), totals]));
  for (const place of places) {
    const totals = byName.get(nameOf(place));
    if (totals !== undefined) addKept(totals, place);
  }
  return found;
}

/** A provider's name contains no slash. */
function nameOf({ provider, model }: ModelName): string {
  return `${provider}/${model}`;
}

function noHistograms(): Histograms {
  return { latency: noCounts(), ttft: noCounts(), gaps: noCounts() };
}

function noCounts(): number[] {
  return Array.from({ length: HISTOGRAM_BUCKETS }, () => 0);
}

function copyOf({ latency, ttft, gaps }: Histograms): Histograms {
  return { latency: [...latency], ttft: [...ttft], gaps: [...gaps] };
}

function addKept(counts: Histograms, kept: PackedHistograms): void {
  for (const measure of MEASURES) addPacked(counts[measure], kept[measure]);
}

function addAll(counts: number[], more: readonly number[]): void {
  for (const [bucket, count] of more.entries()) counts[bucket] = (counts[bucket] ?? 0) + count;
}

function addOne(counts: number[], ms: number): void {
  const bucket = bucketOf(ms);
  counts[bucket] = (counts[bucket] ?? 0) + 1;
}
