// The ledger's questions as SQL.
import type { SQLQueryBindings } from 'bun:sqlite';
import type { AuditFilter, Dimension, Totals } from './store.ts';

export interface Where {
  sql: string;
  values: SQLQueryBindings[];
}

export function whereOf(filter: AuditFilter): Where {
  const terms: string[] = [];
  const values: SQLQueryBindings[] = [];
  const add = (term: string, value: SQLQueryBindings | undefined): void => {
    if (value === undefined) return;
    terms.push(term);
    values.push(value);
  };
  add('timestamp >= ?', filter.startTime);
  add('timestamp <= ?', filter.endTime);
  add('request_id = ?', filter.requestId);
  add('agent_type = ?', filter.agentType);
  add('provider = ?', filter.provider);
  add('model = ?', filter.model);
  add('project_id = ?', filter.projectId);
  add('operation = ?', filter.operation);
  add('status = ?', filter.status);
  // As a list and not as `<> 'success'`: the index on status serves a list.
  if (filter.success === true) terms.push("status = 'success'");
  if (filter.success === false) terms.push("status IN ('error', 'aborted', 'truncated')");
  return { sql: terms.length === 0 ? '' : ` WHERE ${terms.join(' AND ')}`, values };
}

export const INSERT_BODY = 'INSERT INTO ledger_body (row_id, request_body, response_body) VALUES (?, ?, ?)';

const NEWEST_FIRST = ' ORDER BY timestamp DESC, id DESC LIMIT ? OFFSET ?';

export function selectRows(where: string, includeBodies: boolean): string {
  return includeBodies
    ? `SELECT ledger_row.*, request_body, response_body FROM ledger_row LEFT JOIN ledger_body ON row_id = id${where}${NEWEST_FIRST}`
    : `SELECT * FROM ledger_row${where}${NEWEST_FIRST}`;
}

/** The sums of an hour: what each is over rows, and its name among the totals. */
const SUMS: readonly (readonly [column: string, field: keyof Totals, overRows: string])[] = [
  ['requests', 'requests', 'COUNT(*)'],
  ['failures', 'failures', "SUM(status <> 'success')"],
  ['unpriced', 'unpriced', 'SUM(usage_known AND cost_usd IS NULL)'],
  ['cost_usd', 'costUsd', 'TOTAL(cost_usd)'],
  ['input_tokens', 'inputTokens', 'SUM(input_tokens)'],
  ['output_tokens', 'outputTokens', 'SUM(output_tokens)'],
  ['cache_read_tokens', 'cacheReadTokens', 'SUM(cache_read_tokens)'],
  ['cache_write_tokens', 'cacheWriteTokens', 'SUM(cache_write_tokens)'],
  ['latency_ms_sum', 'latencyMsSum', 'TOTAL(latency_ms)'],
  ['ttft_ms_sum', 'ttftMsSum', 'TOTAL(ttft_ms)'],
  ['ttft_count', 'ttftCount', 'COUNT(ttft_ms)'],
];

const HOUR_MS = 3_600_000;
const NAMES = ['provider', 'model', 'agent_type', 'project_id'].map((column) => `COALESCE(${column}, '')`);

/**
 * Parameter: the id of the first row to count. Token counts are not in the sums: clients ask for many, each free and
 * over in no time, and would hide how the answers themselves fare.
 */
export const ADD_TO_HOUR =
  `INSERT INTO ledger_hour (hour, provider, model, agent, project, ${SUMS.map(([column]) => column).join(', ')}) ` +
  `SELECT CAST(timestamp / ${HOUR_MS} AS INTEGER), ${NAMES.join(', ')}, ${SUMS.map(([, , overRows]) => overRows).join(', ')} ` +
  "FROM ledger_row WHERE id >= ? AND operation <> 'count-tokens' " +
  'GROUP BY 1, 2, 3, 4, 5 ' +
  'ON CONFLICT (hour, provider, model, agent, project) DO UPDATE SET ' +
  SUMS.map(([column]) => `${column} = ${column} + excluded.${column}`).join(', ');

export const SELECT_TOTALS = `SELECT ${SUMS.map(([column, field]) => `COALESCE(SUM(${column}), 0) AS ${field}`).join(', ')} FROM ledger_hour`;

const DIMENSION_COLUMN: Record<Dimension, string> = {
  provider: 'provider',
  model: 'model',
  agent: 'agent',
  project: 'project',
};

export function selectCostBy(dimension: Dimension): string {
  const column = DIMENSION_COLUMN[dimension];
  return `SELECT ${column} AS name, SUM(cost_usd) AS cost FROM ledger_hour WHERE ${column} <> '' GROUP BY ${column} ORDER BY cost DESC, name`;
}

/** Parameters: time before which rows go, and how many at most. */
export const DELETE_EXPIRED =
  'DELETE FROM ledger_row WHERE id IN (SELECT id FROM ledger_row WHERE timestamp < ? ORDER BY timestamp LIMIT ?)';
