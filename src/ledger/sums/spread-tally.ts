// Counts the requests of a batch by duration for each model and span: what the store adds to its spreads.
import { addPacked, bucketOf, packSpread, SPREAD_BUCKETS } from '../../model/spread.ts';
import type { ModelTotals, Totals } from '../store.ts';
import { HOUR_MS, placesOf } from './sum-spans.ts';

export const MEASURES = ['latency', 'ttft', 'gaps'] as const;
type Measure = (typeof MEASURES)[number];

/** Counts by bucket. */
type Spreads = Record<Measure, number[]>;

/** As stored, in the format of `packSpread`. */
export type PackedSpreads = Record<Measure, string>;

export interface TimedRow {
  timestamp: number;
  latencyMs: number;
  ttftMs: number | null;
  gaps: string | null;
}

export type ModelName = Pick<ModelTotals, 'provider' | 'model'>;

/** One model in one span of time. Names are never null: '' stands for none. */
export interface SpreadPlace extends ModelName {
  span: number;
  start: number;
}

export interface SpreadTally {
  /** @param name under which the row is counted. */
  add(row: TimedRow, name: ModelName): void;
  /** One entry per place. */
  counts(): (SpreadPlace & Spreads)[];
}

export function createSpreadTally(): SpreadTally {
  const hours = new Map<string, ModelName & Spreads & { hour: number }>();

  return {
    add(row, name) {
      const { ttftMs, gaps } = row;
      const counts = countsOf(row, name);
      addOne(counts.latency, row.latencyMs);
      if (ttftMs !== null) addOne(counts.ttft, ttftMs);
      if (gaps !== null) addPacked(counts.gaps, gaps);
    },
    counts() {
      const places = new Map<string, SpreadPlace & Spreads>();
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

  function countsOf({ timestamp }: TimedRow, { provider, model }: ModelName): Spreads {
    const hour = Math.floor(timestamp / HOUR_MS);
    const key = `${hour} ${nameOf({ provider, model })}`;
    const known = hours.get(key);
    if (known !== undefined) return known;
    const counts = { hour, provider, model, ...noSpreads() };
    hours.set(key, counts);
    return counts;
  }
}

/** Stored counts with these added. `kept`: those stored so far, if any. */
export function packedSum(counts: Spreads, kept?: PackedSpreads): PackedSpreads {
  const sum = copyOf(counts);
  if (kept !== undefined) addKept(sum, kept);
  return { latency: packSpread(sum.latency), ttft: packSpread(sum.ttft), gaps: packSpread(sum.gaps) };
}

/** The totals of models, each with the sum of its stored spreads of any number of places. */
export function withSpreads(
  models: readonly (Totals & ModelName)[],
  places: readonly (ModelName & PackedSpreads)[],
): ModelTotals[] {
  const found = models.map((totals) => ({ ...totals, ...noSpreads() }));
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

function noSpreads(): Spreads {
  return { latency: noCounts(), ttft: noCounts(), gaps: noCounts() };
}

function noCounts(): number[] {
  return Array.from({ length: SPREAD_BUCKETS }, () => 0);
}

function copyOf({ latency, ttft, gaps }: Spreads): Spreads {
  return { latency: [...latency], ttft: [...ttft], gaps: [...gaps] };
}

function addKept(counts: Spreads, kept: PackedSpreads): void {
  for (const measure of MEASURES) addPacked(counts[measure], kept[measure]);
}

function addAll(counts: number[], more: readonly number[]): void {
  for (const [bucket, count] of more.entries()) counts[bucket] = (counts[bucket] ?? 0) + count;
}

function addOne(counts: number[], ms: number): void {
  const bucket = bucketOf(ms);
  counts[bucket] = (counts[bucket] ?? 0) + 1;
}
