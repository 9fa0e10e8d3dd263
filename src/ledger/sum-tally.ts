// What the rows of a batch add up to, by kind and span: what the store adds to its sums, in few statements a batch.
import { columnAt, type RowValues, TIMESTAMP } from './row-columns.ts';
import type { RowStatus } from './row.ts';
import { SUM_FIELDS } from './sum-queries.ts';
import { HOUR_MS, placesOf } from './sum-spans.ts';

/** In the order of `SUM_COLUMNS`. */
export type SumValues = readonly number[];

export interface SumTally {
  /** `kind`: its number. */
  add(row: RowValues, kind: number): void;
  /** Each place once. */
  sums(): SumValues[];
}

/** What belongs to one kind in one hour. */
interface Counted {
  hour: number;
  kind: number;
  /** In the order of `SUM_FIELDS`. */
  sums: number[];
}

export function createSumTally(): SumTally {
  const hours = new Map<string, Counted>();
  // Most rows that follow each other belong together.
  let latest: Counted | undefined;

  return {
    add(row, kind) {
      const hour = Math.floor(Number(row[TIMESTAMP]) / HOUR_MS);
      if (latest?.hour !== hour || latest.kind !== kind) latest = countedOf(hour, kind);
      const { sums } = latest;
      for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] ?? 0) + (ADDED[at]?.(row) ?? 0);
    },
    sums() {
      const places = new Map<string, number[]>();
      for (const { hour, kind, sums } of hours.values()) {
        for (const [span, start] of placesOf(hour * HOUR_MS)) {
          const key = `${span} ${start} ${kind}`;
          const known = places.get(key);
          if (known === undefined) places.set(key, [span, start, kind, ...sums]);
          else for (const [at, sum] of sums.entries()) known[at + 3] = (known[at + 3] ?? 0) + sum;
        }
      }
      return [...places.values()];
    },
  };

  function countedOf(hour: number, kind: number): Counted {
    const key = `${hour} ${kind}`;
    const known = hours.get(key);
    if (known !== undefined) return known;
    const counted = { hour, kind, sums: SUM_FIELDS.map(() => 0) };
    hours.set(key, counted);
    return counted;
  }
}

const STATUS = columnAt('status');
const USAGE_KNOWN = columnAt('usage_known');
const COST = columnAt('cost_usd');
const TTFT = columnAt('ttft_ms');
const LAST_TOKEN = columnAt('last_token_ms');
const GAPS = columnAt('gaps');
const outputTokens = numberAt('output_tokens');

/** What one row adds to each sum: the same as `sum-queries.ts` has in SQL. */
const OF_ROW: Record<(typeof SUM_FIELDS)[number], (row: RowValues) => number> = {
  kept: () => 1,
  requests: () => 1,
  failures: (row) => Number(row[STATUS] !== ('success' satisfies RowStatus)),
  unpriced: (row) => Number(row[USAGE_KNOWN] === 1 && row[COST] === null),
  costUsd: numberAt('cost_usd'),
  inputTokens: numberAt('input_tokens'),
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

/** Null adds nothing. */
function numberAt(column: string): (row: RowValues) => number {
  const at = columnAt(column);
  return (row) => Number(row[at]);
}

/** The time in which content came: none where it came once. */
function flowMs(row: RowValues): number {
  if (row[GAPS] === null || row[LAST_TOKEN] === null || row[TTFT] === null) return 0;
  return Math.max(0, Number(row[LAST_TOKEN]) - Number(row[TTFT]));
}
