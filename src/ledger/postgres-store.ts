// The shared ledger store: a PostgreSQL database that several gateways write and read.
import { createPostgresClient, type Query } from './postgres-client.ts';
import { createPartitions } from './postgres-partitions.ts';
import { migrate } from './postgres-schema.ts';
import {
  COLUMN_NAMES,
  partsOf,
  type RowValues,
  rowValues,
  type SqlRow,
  type SqlValue,
  storedRow,
  timedRow,
} from './row-columns.ts';
import { selectRows, type Where, whereOf } from './row-queries.ts';
import { createSpreadTally, type ModelName, type SpreadRow, withSpreads } from './spread-tally.ts';
import { ALL_TIME, type AuditFilter, NO_TOTALS, type Totals } from './store.ts';
import type { ValueStore } from './store-messages.ts';
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
  'bodies AS (INSERT INTO ledger_body (row_id, timestamp, request_body, response_body) ' +
  'SELECT id, timestamp, given.request_body, given.response_body FROM fresh ' +
  'JOIN json_to_recordset(?::text::json) AS given (request_id TEXT, request_body TEXT, response_body TEXT) ' +
  'USING (request_id)), ' +
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
  'WHERE row_id = gone.id AND ledger_body.timestamp = gone.timestamp) ' +
  'SELECT COUNT(*) AS removed FROM gone';

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

  const select = async (where: Where, filter: AuditFilter) => {
    const values = [...where.values, filter.limit, filter.offset];
    const rows = await query<SqlRow>(selectRows(where.sql, filter.includeBodies), values);
    return rows.map(storedRow);
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
      await client.transaction((inside) => appendAll(inside, rows));
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
      const [rows, counted] = await Promise.all([
        select(where, filter),
        query<{ total: number }>(`SELECT COUNT(*) AS total FROM ledger_row${where.sql}`, where.values),
      ]);
      return { rows, total: counted[0]?.total ?? 0 };
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
        if ((went?.removed ?? 0) < EXPIRE_CHUNK) return removed;
      }
    },
    close: () => client.close(),
  };
}

const REQUEST_ID = COLUMN_NAMES.indexOf('request_id');
const TIMESTAMP = COLUMN_NAMES.indexOf('timestamp');

async function appendAll(query: Query, rows: ReadonlyMap<string, RowValues>): Promise<void> {
  const parts = [...rows.values()].map(partsOf);
  const columns = parts.map(({ columns: values }) =>
    Object.fromEntries(values.map((value, at) => [COLUMN_NAMES[at], storable(value)])),
  );
  const bodies = parts
    .filter(({ bodies: [request, response] }) => request !== null || response !== null)
    .map(({ columns: values, bodies: [request, response] }) => ({
      request_id: storable(values[REQUEST_ID]),
      request_body: storable(request),
      response_body: storable(response),
    }));
  await query(`SELECT pg_advisory_xact_lock(${WRITER_LOCK})`);
  const added = await query<{ request_id: string }>(APPEND, [
    JSON.stringify(columns),
    JSON.stringify(bodies),
  ]);
  const tally = createSpreadTally();
  for (const { request_id } of added) {
    const timed = timedRow(rows.get(request_id) ?? []);
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

/** PostgreSQL's text has no NUL and no half of a surrogate pair. */
function storable(value: SqlValue | undefined): SqlValue {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : (value ?? null);
}

/** Sums of whole numbers come as text: they may be larger than any of its integers. */
function sumsOf<Sums extends Totals>(totals: Sums): Sums {
  const names = Object.keys(NO_TOTALS) as (keyof Totals)[];
  return { ...totals, ...Object.fromEntries(names.map((name) => [name, Number(totals[name])])) };
}
