// The sums of the ledger as SQL: how rows are added to them, and how they are read by window and name.
import { COUNTED } from '../kinds.ts';
import type { Ask } from '../audit/cells.ts';
import type { SqlValue } from '../rows/row-columns.ts';
import { MEASURES, type ModelName } from './histogram-tally.ts';
import type { Dimension, SeriesRequest, SumWindow, Totals } from '../store.ts';
import {
  HOUR_MS,
  MINUTE,
  partsOfRange,
  placeOf,
  type RangePart,
  spanOf,
  SPANS,
  withMinutes,
} from './sum-spans.ts';

/** Content came more than once and its tokens are known, so that the answer has a speed (../speed.ts). */
const FLOWED = "status = 'success' AND usage_known = 1 AND gaps IS NOT NULL AND last_token_ms > ttft_ms";

/** The same as in `isUnpriced` (../rows/row.ts). */
const HAS_COUNTS = '(usage_known = 1 OR input_tokens > 0 OR output_tokens > 0)';
const UNPRICED = `cost_usd IS NULL AND (${HAS_COUNTS} OR (operation = 'infer' AND status = 'success'))`;

/** PostgreSQL returns sums as decimals, which take three times as long to add up. */
function whole(number: string): string {
  return `CAST(SUM(${number}) AS BIGINT)`;
}

/** Sums that are not whole numbers. */
const REAL = new Set([
  'cost_usd',
  'latency_ms_sum',
  'ttft_ms_sum',
  'provider_ms_sum',
  'gateway_ms_sum',
  'flow_ms',
]);

/** Each sum's column, its name among the totals, and its SQL over rows. */
const SUMS: readonly (readonly [column: string, field: keyof Totals, overRows: string])[] = [
  ['requests', 'requests', 'COUNT(*)'],
  ['failures', 'failures', "COUNT(*) FILTER (WHERE status <> 'success')"],
  ['unpriced', 'unpriced', `COUNT(*) FILTER (WHERE ${UNPRICED})`],
  ['cost_usd', 'costUsd', 'COALESCE(SUM(cost_usd), 0)'],
  ['input_tokens', 'inputTokens', whole('input_tokens')],
  ['output_tokens', 'outputTokens', whole('output_tokens')],
  ['cache_read_tokens', 'cacheReadTokens', whole('cache_read_tokens')],
  ['cache_write_tokens', 'cacheWriteTokens', whole('cache_write_tokens')],
  ['latency_ms_sum', 'latencyMsSum', 'COALESCE(SUM(latency_ms), 0)'],
  ['ttft_ms_sum', 'ttftMsSum', 'COALESCE(SUM(ttft_ms), 0)'],
  ['ttft_count', 'ttftCount', 'COUNT(ttft_ms)'],
  ['reasoning_tokens', 'reasoningTokens', whole('reasoning_tokens')],
  ['web_searches', 'webSearches', whole('web_searches')],
  ['provider_ms_sum', 'providerMsSum', 'COALESCE(SUM(provider_ms), 0)'],
  ['gateway_ms_sum', 'gatewayMsSum', 'COALESCE(SUM(gateway_ms), 0)'],
  ['stalls', 'stalls', whole('stalls')],
  ['flow_tokens', 'flowTokens', whole(`CASE WHEN ${FLOWED} THEN output_tokens ELSE 0 END`)],
  ['flow_ms', 'flowMs', `SUM(CASE WHEN ${FLOWED} THEN last_token_ms - ttft_ms ELSE 0.0 END)`],
];

const COLUMNS = SUMS.map(([column]) => column).join(', ');
const OVER_ROWS = SUMS.map(([column, , overRows]) => `${overRows} AS ${column}`).join(', ');

/** The names of a place's sums; `kept` counts its rows that still exist. */
export const SUM_FIELDS = ['kept', ...SUMS.map(([, field]) => field)] as const;

const ADDED = ['kept', ...SUMS.map(([column]) => column)];

/** A place, and its values in the order of `SUM_FIELDS`. */
export const SUM_COLUMNS = ['span', 'start', 'kind', ...ADDED].join(', ');

/** @param sums what to add, each place once, as VALUES or a SELECT. */
export function addToSums(sums: string): string {
  return (
    `INSERT INTO ledger_sum (${SUM_COLUMNS}) ${sums} ON CONFLICT (span, start, kind) DO UPDATE SET ` +
    adding('ledger_sum', ADDED)
  );
}

/** An hour or a day, and the sums of all `COUNTED` kinds in it, in their order. */
export const TOTAL_COLUMNS = `span, start, ${COLUMNS}`;

/** Like `addToSums`. */
export function addToTotals(totals: string): string {
  return (
    `INSERT INTO ledger_total (${TOTAL_COLUMNS}) ${totals} ON CONFLICT (span, start) DO UPDATE SET ` +
    adding(
      'ledger_total',
      SUMS.map(([column]) => column),
    )
  );
}

function adding(table: string, columns: readonly string[]): string {
  return columns.map((column) => `${column} = ${table}.${column} + excluded.${column}`).join(', ');
}

/** Parameters: how many rows no longer exist, and the place: span, start, kind. */
export const SUBTRACT_KEPT =
  'UPDATE ledger_sum SET kept = kept - ? WHERE span = ? AND start = ? AND kind = ?';

/** A place in the table `ledger_spread`, whose name is older than the others'. */
export const HISTOGRAM_PLACE = 'span, start, provider, model';
export const HISTOGRAMS = MEASURES.join(', ');

/** @param histograms those to store, as VALUES or a SELECT in the order of `HISTOGRAM_PLACE` and `HISTOGRAMS`. */
export function replaceHistograms(histograms: string): string {
  return (
    `INSERT INTO ledger_spread (${HISTOGRAM_PLACE}, ${HISTOGRAMS}) ${histograms} ON CONFLICT (${HISTOGRAM_PLACE}) DO UPDATE SET ` +
    MEASURES.map((measure) => `${measure} = excluded.${measure}`).join(', ')
  );
}

export interface SumQuery {
  sql: string;
  values: SqlValue[];
}

/** Its parameters are what `toSpan` returns for sums. */
const OF_SPAN = 'span = ? AND start >= ? AND start < ?';

function toSpan({ unit, from, until }: RangePart): SqlValue[] {
  return unit === 'row' ? [from, until] : [spanOf(unit), from, until];
}

/** The newest minute with sums; null where there is none. */
export async function newestMinute(ask: Ask): Promise<number | null> {
  const sql = `SELECT MAX(start) AS newest FROM ledger_sum WHERE span = ${MINUTE}`;
  return (await ask<{ newest: number | null }>({ sql, values: [] }))[0]?.newest ?? null;
}

/** Returns as `oldest` the oldest minute with sums; null where there is none. */
export const OLDEST_MINUTE = `SELECT MIN(start) AS oldest FROM ledger_sum WHERE span = ${MINUTE}`;

/** Parameter: the oldest minute to keep. */
export const DELETE_MINUTES = `DELETE FROM ledger_sum WHERE span = ${MINUTE} AND start < ?`;

/** The sums of a window by kind, one row per kind and place. */
function sumsIn({ since, until }: SumWindow, newestMinute: number | null): SumQuery {
  const sums = `SELECT kind, ${COLUMNS} FROM ledger_sum WHERE`;
  if (since === null) return { sql: `${sums} span = ${SPANS.all} AND start = 0`, values: [] };
  const parts = withMinutes(partsOfRange({ from: since, until: until ?? null }), newestMinute);
  return {
    sql: parts
      .map(({ unit }) =>
        unit === 'row'
          ? `SELECT kind, ${OVER_ROWS} FROM ledger_row WHERE timestamp >= ? AND timestamp < ? GROUP BY kind`
          : `${sums} ${OF_SPAN}`,
      )
      .join(' UNION ALL '),
    values: parts.flatMap(toSpan),
  };
}

const FIELDS = SUMS.map(([column, field]) => `${column} AS "${field}"`).join(', ');
const TOTALS = SUMS.map(([column, field]) => `COALESCE(SUM(${column}), 0) AS "${field}"`).join(', ');

/** Groups by the kind's number first, which takes a third of the time: each kind comes many times, and names are long. */
const BY_KIND = `SELECT kind, ${SUMS.map(([column]) => `${REAL.has(column) ? `SUM(${column})` : whole(column)} AS ${column}`).join(', ')}`;

/** One row per combination of these names; '' means no name. @param newestMinute null where it is not needed. */
export function selectTotals(
  window: SumWindow,
  names: readonly Dimension[],
  newestMinute: number | null,
): SumQuery {
  const { sql, values } = sumsIn(window, newestMinute);
  const of = ofProject(window.project);
  const list = names.join(', ');
  return {
    sql:
      `SELECT ${list === '' ? '' : `${list}, `}${TOTALS} FROM (${BY_KIND} FROM (${sql}) AS places GROUP BY kind) AS sums ` +
      `JOIN ledger_kind ON ledger_kind.id = sums.kind WHERE ${COUNTED}${of.sql}${list === '' ? '' : ` GROUP BY ${list}`}`,
    values: [...values, ...of.values],
  };
}

/** One row per step and combination of these names, in any order; '' means no name. */
export function selectSeries(
  { step, from, until, project }: SeriesRequest,
  names: readonly Dimension[],
): SumQuery {
  const values = [spanOf(step), placeOf(step, from), placeOf(step, until) + 1];
  const of = ofProject(project);
  if (names.length === 0 && project === undefined)
    return { sql: `SELECT start, ${FIELDS} FROM ledger_total WHERE ${OF_SPAN}`, values };
  const list = ['start', ...names].join(', ');
  return {
    sql:
      `SELECT ${list}, ${TOTALS} FROM ledger_sum JOIN ledger_kind ON ledger_kind.id = ledger_sum.kind ` +
      `WHERE ${OF_SPAN} AND ${COUNTED}${of.sql} GROUP BY ${list}`,
    values: [...values, ...of.values],
  };
}

function ofProject(project: string | undefined): SumQuery {
  return project === undefined ? { sql: '', values: [] } : { sql: ' AND project = ?', values: [project] };
}

/** One row per model and place in the window. @param models at least one. */
export function selectHistograms(models: readonly ModelName[], window: SumWindow): SumQuery {
  const since = window.since === null ? null : Math.floor(window.since / HOUR_MS) * HOUR_MS;
  const parts = partsOfRange({ from: since, until: null });
  const names = models.map(() => '(?, ?)').join(', ');
  const values = models.flatMap(({ provider, model }) => [provider, model]);
  const places =
    since === null
      ? { sql: `span = ${SPANS.all} AND start = 0`, values: [] }
      : { sql: parts.map(() => `(${OF_SPAN})`).join(' OR '), values: parts.flatMap(toSpan) };
  return {
    sql:
      `SELECT provider, model, ${HISTOGRAMS} FROM ledger_spread ` +
      `WHERE (${places.sql}) AND (provider, model) IN (VALUES ${names})`,
    values: [...places.values, ...values],
  };
}
