// How long the requests of a batch took, counted by size for each model and span: what the store adds to its spreads.
import { addPacked, bucketOf, SPREAD_BUCKETS } from '../model/spread.ts';
import type { ModelTotals, Totals } from './store.ts';
import { HOUR_MS, placesOf } from './sum-spans.ts';

export const MEASURES = ['latency', 'ttft', 'gaps'] as const;
export type Measure = (typeof MEASURES)[number];

export interface TimedRow {
  timestamp: number;
  provider: string | null;
  model: string | null;
  latencyMs: number;
  ttftMs: number | null;
  gaps: string | null;
}

/** One count to add: where it belongs, and how many. No name is null: '' stands for none. */
export type SpreadCount = readonly [
  span: number,
  start: number,
  measure: Measure,
  provider: string,
  model: string,
  bucket: number,
  count: number,
];

export interface SpreadTally {
  add(row: TimedRow): void;
  counts(): SpreadCount[];
}

/** What is counted of one model in one hour. */
interface Place {
  hour: number;
  provider: string;
  model: string;
  counts: Record<Measure, number[]>;
}

export function createSpreadTally(): SpreadTally {
  const places = new Map<string, Place>();

  return {
    add(row) {
      const { ttftMs, gaps } = row;
      const { latency, ttft, gaps: counted } = placeOf(row).counts;
      addOne(latency, row.latencyMs);
      if (ttftMs !== null) addOne(ttft, ttftMs);
      if (gaps !== null) addPacked(counted, gaps);
    },
    counts: () => [...places.values()].flatMap(countsOf),
  };

  function placeOf({ timestamp, provider, model }: TimedRow): Place {
    const hour = Math.floor(timestamp / HOUR_MS);
    // A provider's name holds no slash.
    const key = `${hour} ${provider ?? ''}/${model ?? ''}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    const counts = { latency: noCounts(), ttft: noCounts(), gaps: noCounts() };
    const place = { hour, provider: provider ?? '', model: model ?? '', counts };
    places.set(key, place);
    return place;
  }
}

export type ModelName = Pick<ModelTotals, 'provider' | 'model'>;

export interface SpreadRow extends ModelName {
  measure: Measure;
  bucket: number;
  count: number;
}

/** The totals of models and, beside each, what the store has of its spreads. */
export function withSpreads(
  models: readonly (Totals & ModelName)[],
  rows: readonly SpreadRow[],
): ModelTotals[] {
  const found = models.map((totals) => ({
    ...totals,
    latency: noCounts(),
    ttft: noCounts(),
    gaps: noCounts(),
  }));
  const byName = new Map(found.map((totals) => [nameOf(totals), totals]));
  for (const row of rows) {
    const counts = byName.get(nameOf(row))?.[row.measure];
    if (counts !== undefined) counts[row.bucket] = row.count;
  }
  return found;
}

function nameOf({ provider, model }: ModelName): string {
  return JSON.stringify([provider, model]);
}

function noCounts(): number[] {
  return Array.from({ length: SPREAD_BUCKETS }, () => 0);
}

function countsOf({ hour, provider, model, counts }: Place): SpreadCount[] {
  const found: SpreadCount[] = [];
  for (const measure of MEASURES) {
    for (const [bucket, count] of counts[measure].entries()) {
      if (count === 0) continue;
      for (const [span, start] of placesOf(hour * HOUR_MS))
        found.push([span, start, measure, provider, model, bucket, count]);
    }
  }
  return found;
}

function addOne(counts: number[], ms: number): void {
  const bucket = bucketOf(ms);
  counts[bucket] = (counts[bucket] ?? 0) + 1;
}
