// The SQL for rows, bodies and binary parts of the ledger.
import { BODY_COLUMNS } from './stored-body.ts';

export const INSERT_BODY = `INSERT INTO ledger_body (row_id, ${BODY_COLUMNS}) VALUES (?, ?, ?, ?, ?)`;

const BINARY_COLUMNS = 'hash, media_type, bytes, content, last_used';

/** @param binaries the parts to keep, as VALUES or a SELECT. */
export function insertBinaries(binaries: string): string {
  return (
    `INSERT INTO ledger_binary (${BINARY_COLUMNS}) ${binaries} ON CONFLICT (hash) DO UPDATE SET last_used = ` +
    'CASE WHEN excluded.last_used > ledger_binary.last_used THEN excluded.last_used ELSE ledger_binary.last_used END'
  );
}

/** Parameter: the hash. */
export const SELECT_BINARY = 'SELECT content FROM ledger_binary WHERE hash = ?';

/** How many rows are deleted per transaction: a row may have bodies of a megabyte, and a part may be large. */
export const EXPIRE_ROWS = 500;
export const EXPIRE_BINARIES = 20;

/** Parameters: a time before which the last row that used them came, and how many to delete at most. */
export const DELETE_UNUSED_BINARIES =
  'DELETE FROM ledger_binary WHERE hash IN ' +
  '(SELECT hash FROM ledger_binary WHERE last_used < ? ORDER BY last_used LIMIT ?)';

export const NEWEST_FIRST = ' ORDER BY timestamp DESC, id DESC LIMIT ? OFFSET ?';

/** All rows of `page`, newest first. @param bodyOfRow the condition that joins a body to its row. */
export function withBodiesOf(page: string, bodyOfRow = 'row_id = page.id'): string {
  return (
    `SELECT page.*, ${BODY_COLUMNS} ` +
    `FROM (${page}) AS page LEFT JOIN ledger_body ON ${bodyOfRow} ORDER BY page.timestamp DESC, page.id DESC`
  );
}

/** Parameters: the time before which rows are deleted, and how many at most. */
export const DELETE_EXPIRED =
  'DELETE FROM ledger_row WHERE id IN (SELECT id FROM ledger_row WHERE timestamp < ? ORDER BY timestamp LIMIT ?)';
