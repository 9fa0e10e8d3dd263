// Deletes old rows from PostgreSQL. In three statements: in a single one the planner expects a large part of all rows,
// and reads all bodies and all sums to find those of five hundred.
import { countPlaces, type ExpiredRow } from '../expired-places.ts';
import type { Query } from './client.ts';
import { WRITER_LOCK } from './schema.ts';
import { EXPIRE_ROWS } from '../rows/row-queries.ts';
import { OLDEST_MINUTE } from '../sums/sum-queries.ts';

/** Parameters: the times from which and before which rows are deleted, and how many at most. */
const DELETE_ROWS =
  'DELETE FROM ledger_row WHERE (request_id, timestamp) IN ' +
  '(SELECT request_id, timestamp FROM ledger_row WHERE timestamp >= ? AND timestamp < ? ORDER BY timestamp LIMIT ?) ' +
  'RETURNING id, timestamp, kind';

/** Parameter: the rows as a JSON array of objects. */
const DELETE_BODIES =
  'DELETE FROM ledger_body USING json_to_recordset(?::text::json) AS gone (id BIGINT, timestamp BIGINT) ' +
  'WHERE row_id = gone.id AND ledger_body.timestamp = gone.timestamp';

/** Parameter: places as a JSON array of objects. */
const SUBTRACT_KEPT =
  'UPDATE ledger_sum SET kept = ledger_sum.kept - gone.rows FROM json_to_recordset(?::text::json) AS gone ' +
  '(span INTEGER, start INTEGER, kind INTEGER, rows BIGINT) ' +
  'WHERE ledger_sum.span = gone.span AND ledger_sum.start = gone.start AND ledger_sum.kind = gone.kind';

/**
 * Runs inside a transaction. Resolves to the number of rows deleted, and to the time from which the next slice finds more.
 * @param from 0, or where the previous slice ended: until the server vacuums, an index still has the deleted rows,
 * and each slice would pass those of all earlier ones.
 */
export async function expireRows(
  query: Query,
  from: number,
  before: number,
): Promise<{ rows: number; next: number }> {
  await query(`SELECT pg_advisory_xact_lock(${WRITER_LOCK})`);
  const gone = await query<ExpiredRow & { id: number }>(DELETE_ROWS, [from, before, EXPIRE_ROWS]);
  const next = gone.reduce((newest, { timestamp }) => Math.max(newest, timestamp), from);
  if (gone.length === 0) return { rows: 0, next };
  await query(DELETE_BODIES, [JSON.stringify(gone)]);
  const [minutes] = await query<{ oldest: number | null }>(OLDEST_MINUTE);
  await query(SUBTRACT_KEPT, [JSON.stringify(countPlaces(gone, minutes?.oldest ?? null))]);
  return { rows: gone.length, next };
}
