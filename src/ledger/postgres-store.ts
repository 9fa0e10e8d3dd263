// The shared ledger store: a PostgreSQL database that several gateways write and read.
import { createPostgresClient, type Query } from './postgres-client.ts';
import { createPartitions } from './postgres-partitions.ts';
import { MONTH_OF_ROW, migrate } from './postgres-schema.ts';
import {
  COLUMN_NAMES,
  REQUEST_ID,
  type RowValues,
  rowValues,
  type SqlRow,
  type SqlValue,
  storedRow,
  timedRow,
  TIMESTAMP,
} from './row-columns.ts';
import { insertBinaries, SELECT_BINARY, selectRows, type Where, whereOf } from './row-queries.ts';
import { createSpreadTally, type ModelName, type SpreadRow, withSpreads } from './spread-tally.ts';
import { ALL_TIME, type AuditFilter, NO_TOTALS, type Totals } from './store.ts';
import type { ValueStore } from './store-messages.ts';
import { type PackedRow, packRow, withBodies } from './stored-body.ts';
import {
  addToSpread,
  addToSums,
  SPREAD_COLUMNS,
  type SumQuery,
  selectCostBy,
  selectModels,
  selectSpreads,
  selectTotals,
} from './sum-queries.ts';

/** Both lie in the partition of their month. */
const BODY_OF_ROW = 'row_id = page.id AND ledger_body.timestamp = page.timestamp';
/** Held by the gateway that writes a batch: all of them add to the same sums. */
const WRITER_LOCK = 7_583_002;
/** Rows deleted in one transaction. */
const EXPIRE_CHUNK = 500;

/**
 * The rows that are new, their bodies and the sums over them, in one statement. Parameters: rows and bodies as JSON
 * arrays of objects; answers with the request ids that were new.
 */
const APPEND =
  `WITH fresh AS (INSERT INTO ledger_row (${COLUMN_NAMES.join(', ')}) ` +
  `SELECT ${COLUMN_NAMES.join(', ')} FROM json_populate_recordset(NULL::ledger_row, ?::text::json) ` +
  'ON CONFLICT (request_id, timestamp) DO NOTHING RETURNING *), ' +
  'bodies AS (INSERT INTO ledger_body (row_id, timestamp, request_zstd, response_zstd) ' +
  "SELECT id, timestamp, decode(given.request, 'base64'), decode(given.response, 'base64') FROM fresh " +
  'JOIN json_to_recordset(?::text::json) AS given (request_id TEXT, request TEXT, response TEXT) ' +
  'USING (request_id)), ' +
  `months AS (INSERT INTO ledger_month SELECT ${MONTH_OF_ROW}, COUNT(*) FROM fresh GROUP BY 1 ` +
  'ON CONFLICT (month) DO UPDATE SET rows = ledger_month.rows + excluded.rows), ' +
  addToSums('fresh WHERE TRUE')
    .map((add, index) => `sums_${index} AS (${add})`)
    .join(', ') +
  ' SELECT request_id FROM fresh';

/** Parameter: counts as a JSON array of objects; one place may have several. */
const ADD_TO_SPREAD = addToSpread(
  'SELECT span, start, measure, provider, model, bucket, SUM(count) ' +
    'FROM json_populate_recordset(NULL::ledger_spread, ?::text::json) GROUP BY 1, 2, 3, 4, 5, 6',
);

/** Parameters: time before which rows go, and how many at most; answers with how many went. */
const DELETE_EXPIRED =
  'WITH gone AS (DELETE FROM ledger_row WHERE (request_id, timestamp) IN ' +
  '(SELECT request_id, timestamp FROM ledger_row WHERE timestamp < ? ORDER BY timestamp LIMIT ?) ' +
  'RETURNING id, timestamp), ' +
  'bodies AS (DELETE FROM ledger_body USING gone ' +
  'WHERE row_id = gone.id AND ledger_body.timestamp = gone.timestamp), ' +
  `months AS (UPDATE ledger_month SET rows = ledger_month.rows - went.rows FROM (SELECT ${MONTH_OF_ROW} AS month, COUNT(*) AS rows ` +
  'FROM gone GROUP BY 1) AS went WHERE ledger_month.month = went.month) ' +
  'SELECT COUNT(*) AS removed FROM gone';

/** Parameter: the parts as a JSON array of objects. */
const INSERT_BINARIES = insertBinaries(
  "SELECT hash, media_type, bytes, decode(content, 'base64'), last_used FROM json_to_recordset(?::text::json) " +
    'AS given (hash TEXT, media_type TEXT, bytes BIGINT, content TEXT, last_used BIGINT)',
);

/**
 * Never throws: the database is asked for when the store is first used, and again as long as it is away. `url`:
 * `postgres://user:password@host:port/database`.
 */
export function createPostgresStore(url: string): ValueStore {
  const client = createPostgresClient(url);
  const partitions = createPartitions(client);
  let migrated: Promise<void> | null = null;

  /** Asks a database that has the newest schema. */
  const query: Query = async (sql, values) => {
    await ready();
    return client.query(sql, values);
  };

  async function ready(): Promise<void> {
    migrated ??= migrate(client);
    try {
      await migrated;
    } catch (thrown) {
      migrated = null;
      throw thrown;
    }
  }

  const all = <Row>({ sql, values }: SumQuery): Promise<Row[]> => query<Row>(sql, values);

  const contentOf = async (hash: string) =>
    (await query<{ content: Uint8Array }>(SELECT_BINARY, [hash]))[0]?.content;

  /** All rows are counted by month, as they are written. */
  const countRows = async ({ sql, values }: Where): Promise<number> => {
    const counting =
      sql === ''
        ? 'SELECT COALESCE(SUM(rows), 0)::BIGINT AS total FROM ledger_month'
        : `SELECT COUNT(*) AS total FROM ledger_row${sql}`;
    return (await query<{ total: number }>(counting, values))[0]?.total ?? 0;
  };

  const select = async (where: Where, filter: AuditFilter) => {
    const values = [...where.values, filter.limit, filter.offset];
    const rows = await query<SqlRow>(selectRows(where.sql, filter.includeBodies, BODY_OF_ROW), values);
    if (!filter.includeBodies) return rows.map(storedRow);
    const restored = rows.map((row) => withBodies(row, filter.includeBinaries ? contentOf : undefined));
    return (await Promise.all(restored)).map(storedRow);
  };

  async function appendValues(given: readonly RowValues[]): Promise<void> {
    if (given.length === 0) return;
    const rows = new Map<string, RowValues>();
    for (const values of given) {
      const id = String(values[REQUEST_ID]);
      if (!rows.has(id)) rows.set(id, values);
    }
    await ready();
    try {
      await partitions.ensure([...rows.values()].map((values) => Number(values[TIMESTAMP])));
      const packed = await Promise.all([...rows.values()].map(packRow));
      await client.transaction((inside) => appendAll(inside, packed));
    } catch (thrown) {
      // Another gateway may have dropped a month.
      partitions.forget();
      throw thrown;
    }
  }

  return {
    append: (rows) => appendValues(rows.map(rowValues)),
    appendValues,
    async audit(filter) {
      const where = whereOf(filter);
      const [rows, total] = await Promise.all([select(where, filter), countRows(where)]);
      return { rows, total };
    },
    async totals(window = ALL_TIME) {
      const [totals] = await all<Totals>(selectTotals(window));
      return totals === undefined ? NO_TOTALS : sumsOf(totals);
    },
    async models(limit, window = ALL_TIME) {
      const models = (await all<Totals & ModelName>(selectModels(limit, window))).map(sumsOf);
      if (models.length === 0) return [];
      const spreads = await all<SpreadRow>(selectSpreads(models, window));
      return withSpreads(
        models,
        spreads.map((row) => ({ ...row, count: Number(row.count) })),
      );
    },
    async costBy(dimension, window = ALL_TIME) {
      const rows = await all<{ name: string; cost: number }>(selectCostBy(dimension, window));
      return Object.fromEntries(rows.map(({ name, cost }) => [name, cost]));
    },
    recent: (limit) => select({ sql: '', values: [] }, { limit, offset: 0, includeBodies: false }),
    async expire(before) {
      await ready();
      let removed = await partitions.drop(before);
      for (;;) {
        const [went] = await query<{ removed: number }>(DELETE_EXPIRED, [before, EXPIRE_CHUNK]);
        removed += went?.removed ?? 0;
        if ((went?.removed ?? 0) < EXPIRE_CHUNK) break;
      }
      await query('DELETE FROM ledger_binary WHERE last_used < ?', [before]);
      return removed;
    },
    close: () => client.close(),
  };
}

async function appendAll(query: Query, rows: readonly PackedRow[]): Promise<void> {
  const columns = rows.map((row) =>
    Object.fromEntries(row.columns.map((value, at) => [COLUMN_NAMES[at], storable(value)])),
  );
  const bodies = rows
    .filter(({ request, response }) => request !== null || response !== null)
    .map((row) => ({
      request_id: storable(row.columns[REQUEST_ID]),
      request: base64Of(row.request),
      response: base64Of(row.response),
    }));
  await query(`SELECT pg_advisory_xact_lock(${WRITER_LOCK})`);
  await addBinaries(query, rows);
  const added = await query<{ request_id: string }>(APPEND, [
    JSON.stringify(columns),
    JSON.stringify(bodies),
  ]);
  const fresh = new Set(added.map(({ request_id }) => request_id));
  const tally = createSpreadTally();
  for (const row of rows) {
    const timed = fresh.has(String(row.columns[REQUEST_ID])) ? timedRow(row.columns) : undefined;
    if (timed !== undefined) tally.add(timed);
  }
  const counts = tally.counts();
  if (counts.length === 0) return;
  const names = SPREAD_COLUMNS.split(', ');
  const objects = counts.map((count) =>
    Object.fromEntries(count.map((value, at) => [names[at], storable(value)])),
  );
  await query(ADD_TO_SPREAD, [JSON.stringify(objects)]);
}

async function addBinaries(query: Query, rows: readonly PackedRow[]): Promise<void> {
  for (const { columns, binaries } of rows) {
    if (binaries.length === 0) continue;
    // One statement may touch a row once.
    const distinct = new Map(binaries.map((binary) => [binary.hash, binary]));
    const objects = [...distinct.values()].map(({ hash, mediaType, bytes, content }) => ({
      hash,
      media_type: mediaType,
      bytes,
      content: base64Of(content),
      last_used: columns[TIMESTAMP],
    }));
    await query(INSERT_BINARIES, [JSON.stringify(objects)]);
  }
}

function base64Of(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('base64');
}

/** PostgreSQL's text has no NUL and no half of a surrogate pair. */
function storable(value: SqlValue | undefined): SqlValue {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : (value ?? null);
}

/** Sums of whole numbers come as text: they may be larger than any of its integers. */
function sumsOf<Sums extends Totals>(totals: Sums): Sums {
  const names = Object.keys(NO_TOTALS) as (keyof Totals)[];
  return { ...totals, ...Object.fromEntries(names.map((name) => [name, Number(totals[name])])) };
}
