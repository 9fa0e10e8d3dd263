// The sums of the ledger as SQL: how rows are added to them, and how they are read by window and name.
import type { SqlValue } from './row-columns.ts';
import type { ModelName } from './spread-tally.ts';
import type { Dimension, SumWindow, Totals } from './store.ts';
import { HOUR_MS, partsOfWindow, SPANS, wholeHours } from './sum-spans.ts';

/** Content came more than once, so that it has a speed. */
const FLOWED = 'gaps IS NOT NULL AND last_token_ms > ttft_ms';

/** What each sum is over rows, and its name among the totals. */
const SUMS: readonly (readonly [column: string, field: keyof Totals, overRows: string])[] = [
  ['requests', 'requests', 'COUNT(*)'],
  ['failures', 'failures', "COUNT(*) FILTER (WHERE status <> 'success')"],
  ['unpriced', 'unpriced', 'COUNT(*) FILTER (WHERE usage_known = 1 AND cost_usd IS NULL)'],
  ['cost_usd', 'costUsd', 'COALESCE(SUM(cost_usd), 0)'],
  ['input_tokens', 'inputTokens', 'SUM(input_tokens)'],
  ['output_tokens', 'outputTokens', 'SUM(output_tokens)'],
  ['cache_read_tokens', 'cacheReadTokens', 'SUM(cache_read_tokens)'],
  ['cache_write_tokens', 'cacheWriteTokens', 'SUM(cache_write_tokens)'],
  ['latency_ms_sum', 'latencyMsSum', 'COALESCE(SUM(latency_ms), 0)'],
  ['ttft_ms_sum', 'ttftMsSum', 'COALESCE(SUM(ttft_ms), 0)'],
  ['ttft_count', 'ttftCount', 'COUNT(ttft_ms)'],
  ['reasoning_tokens', 'reasoningTokens', 'SUM(reasoning_tokens)'],
  ['web_searches', 'webSearches', 'SUM(web_searches)'],
  ['provider_ms_sum', 'providerMsSum', 'COALESCE(SUM(provider_ms), 0)'],
  ['gateway_ms_sum', 'gatewayMsSum', 'COALESCE(SUM(gateway_ms), 0)'],
  ['stalls', 'stalls', 'SUM(stalls)'],
  ['flow_tokens', 'flowTokens', `SUM(CASE WHEN ${FLOWED} THEN output_tokens ELSE 0 END)`],
  ['flow_ms', 'flowMs', `SUM(CASE WHEN ${FLOWED} THEN last_token_ms - ttft_ms ELSE 0.0 END)`],
];

/** '' stands for no name. */
const NAMES: Record<Dimension, string> = {
  provider: "COALESCE(provider, '')",
  model: "COALESCE(model, '')",
  agent: "COALESCE(agent_type, '')",
  project: "COALESCE(project_id, '')",
};

/**
 * Token counts are not in the sums: clients ask for many, each free and over in no time, and would hide how the
 * answers themselves fare.
 */
const COUNTED = "operation <> 'count-tokens'";

const PLACES: Record<keyof typeof SPANS, string> = {
  all: '0',
  hour: `CAST(timestamp / ${HOUR_MS} AS INTEGER)`,
  day: `CAST(timestamp / ${24 * HOUR_MS} AS INTEGER)`,
};

const COLUMNS = SUMS.map(([column]) => column).join(', ');
const OVER_ROWS = SUMS.map(([column, , overRows]) => `${overRows} AS ${column}`).join(', ');

/** One statement a span. `rows`: the rows to count, as in FROM, with a WHERE. */
export function addToSums(rows: string): string[] {
  return (['all', 'hour', 'day'] as const).map(
    (span) =>
      `INSERT INTO ledger_sum (span, start, provider, model, agent, project, ${COLUMNS}) ` +
      `SELECT ${SPANS[span]}, ${PLACES[span]}, ${Object.values(NAMES).join(', ')}, ${OVER_ROWS} ` +
      `FROM ${rows} AND ${COUNTED} GROUP BY 2, 3, 4, 5, 6 ` +
      'ON CONFLICT (span, start, provider, model, agent, project) DO UPDATE SET ' +
      SUMS.map(([column]) => `${column} = ledger_sum.${column} + excluded.${column}`).join(', '),
  );
}

/** In the order of a `SpreadCount`. */
export const SPREAD_COLUMNS = 'span, start, measure, provider, model, bucket, count';

/** `counts`: the counts to add, as VALUES or a SELECT. */
export function addToSpread(counts: string): string {
  return (
    `INSERT INTO ledger_spread (${SPREAD_COLUMNS}) ${counts} ` +
    'ON CONFLICT (span, start, provider, model, measure, bucket) DO UPDATE SET count = ledger_spread.count + excluded.count'
  );
}

export interface SumQuery {
  sql: string;
  values: SqlValue[];
}

/** Which places of a table with spans make up a window. */
function placesIn({ since }: SumWindow): { sql: string; values: number[] } {
  if (since === null) return { sql: `span = ${SPANS.all} AND start = 0`, values: [] };
  const { hours, days } = partsOfWindow(since);
  return {
    sql: `((span = ${SPANS.hour} AND start >= ? AND start < ?) OR (span = ${SPANS.day} AND start >= ?))`,
    values: [hours.from, hours.until, days.from],
  };
}

/** The sums of a window by these names, as something to select from. */
function sumsIn(window: SumWindow, names: readonly Dimension[]): SumQuery {
  const places = placesIn(window);
  const list = names.map((name) => `${name}, `).join('');
  const sums = `SELECT ${list}${COLUMNS} FROM ledger_sum WHERE ${places.sql}`;
  const rows = window.since === null ? null : partsOfWindow(window.since).rows;
  if (rows === null) return { sql: `(${sums}) AS sums`, values: places.values };
  const renamed = names.map((name) => `${NAMES[name]} AS ${name}, `).join('');
  const grouped = names.length === 0 ? '' : ` GROUP BY ${names.map((_, index) => index + 1).join(', ')}`;
  const edge =
    `SELECT ${renamed}${OVER_ROWS} FROM ledger_row ` +
    `WHERE timestamp >= ? AND timestamp < ? AND ${COUNTED}${grouped}`;
  return { sql: `(${sums} UNION ALL ${edge}) AS sums`, values: [...places.values, rows.from, rows.until] };
}

const TOTALS = SUMS.map(([column, field]) => `COALESCE(SUM(${column}), 0) AS "${field}"`).join(', ');

export function selectTotals(window: SumWindow): SumQuery {
  const { sql, values } = sumsIn(window, []);
  return { sql: `SELECT ${TOTALS} FROM ${sql}`, values };
}

export function selectCostBy(dimension: Dimension, window: SumWindow): SumQuery {
  const { sql, values } = sumsIn(window, [dimension]);
  return {
    sql:
      `SELECT ${dimension} AS name, SUM(cost_usd) AS cost FROM ${sql} WHERE ${dimension} <> '' ` +
      `GROUP BY ${dimension} ORDER BY cost DESC, name`,
    values,
  };
}

/** Those of which requests were answered or refused by a provider. */
export function selectModels(limit: number, window: SumWindow): SumQuery {
  const { sql, values } = sumsIn(window, ['provider', 'model']);
  return {
    sql:
      `SELECT provider, model, ${TOTALS} FROM ${sql} WHERE provider <> '' AND model <> '' ` +
      'GROUP BY provider, model ORDER BY SUM(requests) DESC, provider, model LIMIT ?',
    values: [...values, limit],
  };
}

/** Of these models, at least one. */
export function selectSpreads(models: readonly ModelName[], window: SumWindow): SumQuery {
  const places = placesIn(wholeHours(window));
  return {
    sql:
      `SELECT provider, model, measure, bucket, SUM(count) AS count FROM ledger_spread WHERE ${places.sql} ` +
      `AND (provider, model) IN (VALUES ${models.map(() => '(?, ?)').join(', ')}) ` +
      'GROUP BY provider, model, measure, bucket',
    values: [...places.values, ...models.flatMap(({ provider, model }) => [provider, model])],
  };
}
