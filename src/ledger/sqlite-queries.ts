// The ledger's questions as SQL.
import type { SQLQueryBindings } from 'bun:sqlite';
import type { AuditFilter, Dimension } from './store.ts';

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

const SUMS: readonly (readonly [column: string, field: string])[] = [
  ['requests', 'requests'],
  ['failures', 'failures'],
  ['unpriced', 'unpriced'],
  ['cost_usd', 'costUsd'],
  ['input_tokens', 'inputTokens'],
  ['output_tokens', 'outputTokens'],
  ['cache_read_tokens', 'cacheReadTokens'],
  ['cache_write_tokens', 'cacheWriteTokens'],
  ['latency_ms_sum', 'latencyMsSum'],
  ['ttft_ms_sum', 'ttftMsSum'],
  ['ttft_count', 'ttftCount'],
];

/** Parameters are the fields of HourlySum, by name. */
export const ADD_TO_HOUR =
  `INSERT INTO ledger_hour (hour, provider, model, agent, project, ${SUMS.map(([column]) => column).join(', ')}) ` +
  `VALUES ($hour, $provider, $model, $agent, $project, ${SUMS.map(([, field]) => `$${field}`).join(', ')}) ` +
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
