// The ledger's questions as SQL.
import type { SqlValue } from './row-columns.ts';
import type { AuditFilter } from './store.ts';

export interface Where {
  sql: string;
  values: SqlValue[];
}

export function whereOf(filter: AuditFilter): Where {
  const terms: string[] = [];
  const values: SqlValue[] = [];
  const add = (term: string, value: SqlValue | undefined): void => {
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

/** Parameters: time before which rows go, and how many at most. */
export const DELETE_EXPIRED =
  'DELETE FROM ledger_row WHERE id IN (SELECT id FROM ledger_row WHERE timestamp < ? ORDER BY timestamp LIMIT ?)';
