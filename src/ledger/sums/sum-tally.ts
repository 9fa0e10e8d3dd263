// Adds up the rows of a batch by kind and span, so that the store adds them to its sums in few statements.
import { columnAt, numberOf, type RowValues, TIMESTAMP } from '../rows/row-columns.ts';
import { type RowOperation, type RowStatus, UNCOUNTED } from '../rows/row.ts';
import { SUM_FIELDS } from './sum-queries.ts';
import { MINUTE, MINUTE_MS, placesOf, SPANS } from './sum-spans.ts';

/** In the order of `SUM_COLUMNS`, or of `TOTAL_COLUMNS`. */
export type SumValues = readonly number[];

export interface SumTally {
  /** @param kind the number of the row's kind. */
  add(row: RowValues, kind: number): void;
  /** One entry per place. */
  sums(): SumValues[];
  /** One entry per hour and day, with the sums of all kinds that are counted. */
  totals(): SumValues[];
  /** The newest minute that has rows; null where none has. */
  newestMinute(): number | null;
}

/** The sums of one kind in one minute. */
interface Counted {
  minute: number;
  kind: number;
  /** Whether figures include it. */
  isCounted: boolean;
  /** In the order of `SUM_FIELDS`. */
  sums: number[];
}

export function createSumTally(): SumTally {
  const minutes = new Map<string, Counted>();
  // Consecutive rows mostly have the same kind and minute.
  let latest: Counted | undefined;

  return {
    add(row, kind) {
      const minute = Math.floor(numberOf(row[TIMESTAMP]) / MINUTE_MS);
      if (latest?.minute !== minute || latest.kind !== kind) latest = countedOf(minute, kind, row);
      const { sums } = latest;
      for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] ?? 0) + (ADDED[at]?.(row) ?? 0);
    },
    sums() {
      const places = new Map<string, number[]>();
      for (const { minute, kind, sums } of minutes.values())
        for (const [span, start] of [[MINUTE, minute] as const, ...placesOf(minute * MINUTE_MS)])
          addTo(places, [span, start, kind], sums);
      return [...places.values()];
    },
    totals() {
      const places = new Map<string, number[]>();
      for (const { minute, isCounted, sums } of minutes.values()) {
        if (!isCounted) continue;
        const [, ...values] = sums;
        for (const [span, start] of placesOf(minute * MINUTE_MS))
          if (span !== SPANS.all) addTo(places, [span, start], values);
      }
      return [...places.values()];
    },
    newestMinute() {
      let newest: number | null = null;
      for (const { minute } of minutes.values()) newest = Math.max(newest ?? minute, minute);
      return newest;
    },
  };

  function countedOf(minute: number, kind: number, row: RowValues): Counted {
    const key = `${minute} ${kind}`;
    const known = minutes.get(key);
    if (known !== undefined) return known;
    const isCounted = !UNCOUNTED.some((operation) => operation === row[OPERATION]);
    const counted = { minute, kind, isCounted, sums: SUM_FIELDS.map(() => 0) };
    minutes.set(key, counted);
    return counted;
  }
}

/** Adds to the values of a place, which follow those that identify it. */
function addTo(places: Map<string, number[]>, place: readonly number[], values: readonly number[]): void {
  const key = place.join(' ');
  const known = places.get(key);
  if (known === undefined) places.set(key, [...place, ...values]);
  else
    for (const [at, value] of values.entries())
      known[at + place.length] = (known[at + place.length] ?? 0) + value;
}

const STATUS = columnAt('status');
const OPERATION = columnAt('operation');
const USAGE_KNOWN = columnAt('usage_known');
const COST = columnAt('cost_usd');
const TTFT = columnAt('ttft_ms');
const LAST_TOKEN = columnAt('last_token_ms');
const GAPS = columnAt('gaps');
const inputTokens = numberAt('input_tokens');
const outputTokens = numberAt('output_tokens');

/** What one row adds to each sum, as in the SQL of `sum-queries.ts`. */
const OF_ROW: Record<(typeof SUM_FIELDS)[number], (row: RowValues) => number> = {
  kept: () => 1,
  requests: () => 1,
  failures: (row) => Number(row[STATUS] !== ('success' satisfies RowStatus)),
  unpriced: (row) =>
    Number(
      row[COST] === null &&
        (row[USAGE_KNOWN] === 1 ||
          inputTokens(row) > 0 ||
          outputTokens(row) > 0 ||
          (row[OPERATION] === ('infer' satisfies RowOperation) &&
            row[STATUS] === ('success' satisfies RowStatus))),
    ),
  costUsd: numberAt('cost_usd'),
  inputTokens,
  outputTokens,
  cacheReadTokens: numberAt('cache_read_tokens'),
  cacheWriteTokens: numberAt('cache_write_tokens'),
  latencyMsSum: numberAt('latency_ms'),
  ttftMsSum: numberAt('ttft_ms'),
  ttftCount: (row) => Number(row[TTFT] !== null),
  reasoningTokens: numberAt('reasoning_tokens'),
  webSearches: numberAt('web_searches'),
  providerMsSum: numberAt('provider_ms'),
  gatewayMsSum: numberAt('gateway_ms'),
  stalls: numberAt('stalls'),
  flowTokens: (row) => (flowMs(row) > 0 ? outputTokens(row) : 0),
  flowMs,
};

const ADDED = SUM_FIELDS.map((field) => OF_ROW[field]);

/** Null counts as 0. */
function numberAt(column: string): (row: RowValues) => number {
  const at = columnAt(column);
  return (row) => numberOf(row[at]);
}

/** The time in which content came; 0 where it came at once, or its tokens are not known (../speed.ts). */
function flowMs(row: RowValues): number {
  if (row[STATUS] !== ('success' satisfies RowStatus) || row[USAGE_KNOWN] !== 1) return 0;
  if (row[GAPS] === null || row[LAST_TOKEN] === null || row[TTFT] === null) return 0;
  return Math.max(0, numberOf(row[LAST_TOKEN]) - numberOf(row[TTFT]));
}
