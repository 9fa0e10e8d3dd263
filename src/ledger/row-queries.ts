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

export const INSERT_BODY = 'INSERT INTO ledger_body (row_id, request_zstd, response_zstd) VALUES (?, ?, ?)';

export const BINARY_COLUMNS = 'hash, media_type, bytes, content, last_used';

/** `binaries`: the parts to keep, as VALUES or a SELECT. */
export function insertBinaries(binaries: string): string {
  return (
    `INSERT INTO ledger_binary (${BINARY_COLUMNS}) ${binaries} ON CONFLICT (hash) DO UPDATE SET last_used = ` +
    'CASE WHEN excluded.last_used > ledger_binary.last_used THEN excluded.last_used ELSE ledger_binary.last_used END'
  );
}

/** Parameter: the hash. */
export const SELECT_BINARY = 'SELECT content FROM ledger_binary WHERE hash = ?';

/** Parameters: time before which the last row that used it came, and how many at most. */
export const DELETE_UNUSED_BINARIES =
  'DELETE FROM ledger_binary WHERE hash IN ' +
  '(SELECT hash FROM ledger_binary WHERE last_used < ? ORDER BY last_used LIMIT ?)';

const NEWEST_FIRST = ' ORDER BY timestamp DESC, id DESC LIMIT ? OFFSET ?';

/** `bodyOfRow`: which body belongs to a row of `page`. */
export function selectRows(where: string, includeBodies: boolean, bodyOfRow = 'row_id = page.id'): string {
  const page = `SELECT * FROM ledger_row${where}${NEWEST_FIRST}`;
  return includeBodies
    ? 'SELECT page.*, request_body, response_body, request_zstd, response_zstd ' +
        `FROM (${page}) AS page LEFT JOIN ledger_body ON ${bodyOfRow} ORDER BY page.timestamp DESC, page.id DESC`
    : page;
}

/** Parameters: time before which rows go, and how many at most. */
export const DELETE_EXPIRED =
  'DELETE FROM ledger_row WHERE id IN (SELECT id FROM ledger_row WHERE timestamp < ? ORDER BY timestamp LIMIT ?)';
