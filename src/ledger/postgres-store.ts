// The shared ledger store: a PostgreSQL database that several gateways write and read.
import type { Ask } from './audit-cells.ts';
import { type AuditPage, findPage } from './audit-page.ts';
import { createKinds, type Kind, KIND_COLUMNS, type Kinds, SELECT_OTHERS } from './kinds.ts';
import { createPostgresClient, type Query } from './postgres-client.ts';
import type { AmongKinds } from './kind-filter.ts';
import { createPartitions } from './postgres-partitions.ts';
import { migrate, WRITER_LOCK } from './postgres-schema.ts';
import {
  COLUMN_NAMES,
  REQUEST_ID,
  type RowValues,
  rowValues,
  type SqlRow,
  storedRow,
  timedRow,
  TIMESTAMP,
} from './row-columns.ts';
import {
  DELETE_UNUSED_BINARIES,
  EXPIRE_BINARIES,
  EXPIRE_ROWS,
  insertBinaries,
  NEWEST_FIRST,
  SELECT_BINARY,
  withBodiesOf,
} from './row-queries.ts';
import {
  createSpreadTally,
  packedSum,
  type PackedSpreads,
  type SpreadPlace,
  type SpreadTally,
} from './spread-tally.ts';
import { ALL_TIME, type AuditFilter } from './store.ts';
import type { ValueStore } from './store-messages.ts';
import { BODY_COLUMNS, bodyValues, type PackedRow, packRow, withBodies } from './stored-body.ts';
import { addToSums, replaceSpreads, SPREAD_PLACE, SPREADS, SUM_COLUMNS } from './sum-queries.ts';
import { HOUR_MS, SPANS } from './sum-spans.ts';
import { createSumTally, type SumValues } from './sum-tally.ts';
import { summarise, totalsOf } from './summary.ts';

/** Both lie in the partition of their month. */
const BODY_OF_ROW = 'row_id = page.id AND ledger_body.timestamp = page.timestamp';

/**
 * The rows that are new and their bodies, in one statement. Parameters: rows and bodies as JSON
 * arrays of objects; answers with the request ids that were new.
 */
const APPEND =
  `WITH fresh AS (INSERT INTO ledger_row (${COLUMN_NAMES.join(', ')}, kind) ` +
  `SELECT ${COLUMN_NAMES.join(', ')}, kind FROM json_populate_recordset(NULL::ledger_row, ?::text::json) ` +
  'ON CONFLICT (request_id, timestamp) DO NOTHING RETURNING *), ' +
  `bodies AS (INSERT INTO ledger_body (row_id, timestamp, ${BODY_COLUMNS}) ` +
  'SELECT id, timestamp, given.request_body, given.response_body, ' +
  "decode(given.request_zstd, 'base64'), decode(given.response_zstd, 'base64') FROM fresh " +
  'JOIN json_to_recordset(?::text::json) AS given ' +
  '(request_id TEXT, request_body TEXT, response_body TEXT, request_zstd TEXT, response_zstd TEXT) ' +
  'USING (request_id)) ' +
  'SELECT request_id FROM fresh';

/** Parameter: sums as a JSON array of objects. */
const ADD_TO_SUMS = addToSums(
  `SELECT ${SUM_COLUMNS} FROM json_populate_recordset(NULL::ledger_sum, ?::text::json)`,
);

/** Parameter of both: places, the second's with their spreads, as a JSON array of objects. */
const SELECT_SPREADS =
  `SELECT ${SPREAD_PLACE}, ${SPREADS} FROM ledger_spread ` +
  `JOIN (SELECT ${SPREAD_PLACE} FROM json_populate_recordset(NULL::ledger_spread, ?::text::json)) AS given USING (${SPREAD_PLACE})`;
const REPLACE_SPREADS = replaceSpreads(
  `SELECT ${SPREAD_PLACE}, ${SPREADS} FROM json_populate_recordset(NULL::ledger_spread, ?::text::json)`,
);

/** Parameters: time before which rows go, and how many at most; answers with how many went. */
const DELETE_EXPIRED =
  'WITH gone AS (DELETE FROM ledger_row WHERE (request_id, timestamp) IN ' +
  '(SELECT request_id, timestamp FROM ledger_row WHERE timestamp < ? ORDER BY timestamp LIMIT ?) ' +
  'RETURNING id, timestamp, kind), ' +
  'bodies AS (DELETE FROM ledger_body USING gone ' +
  'WHERE row_id = gone.id AND ledger_body.timestamp = gone.timestamp), ' +
  'sums AS (UPDATE ledger_sum SET kept = ledger_sum.kept - went.rows FROM ' +
  `(SELECT spans.span, CASE spans.span WHEN 0 THEN 0 ELSE timestamp / (spans.span * ${HOUR_MS}) END AS start, kind, ` +
  `COUNT(*) AS rows FROM gone, (VALUES ${Object.values(SPANS)
    .map((span) => `(${span})`)
    .join(', ')}) AS spans (span) ` +
  'GROUP BY 1, 2, 3) AS went WHERE (ledger_sum.span, ledger_sum.start, ledger_sum.kind) = (went.span, went.start, went.kind)) ' +
  'SELECT COUNT(*) AS removed FROM gone';

/** Parameter: kinds as a JSON array of objects. */
const INSERT_KINDS =
  `INSERT INTO ledger_kind (id, ${KIND_COLUMNS}) ` +
  `SELECT id, ${KIND_COLUMNS} FROM json_populate_recordset(NULL::ledger_kind, ?::text::json)`;

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
  const kinds = createKinds();
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

  const ask: Ask = ({ sql, values }) => query(sql, values);

  const contentOf = async (hash: string) =>
    (await query<{ content: Uint8Array }>(SELECT_BINARY, [hash]))[0]?.content;

  const select = async (found: NonNullable<AuditPage['rows']>, filter: BodyFilter) => {
    const { where, limit, offset, order } = found;
    const all = `SELECT * FROM ledger_row${where.sql}`;
    // Without OFFSET 0 the server may walk back in time through all others, however few are asked for.
    const page = `${order === 'time' ? all : `SELECT * FROM (${all} OFFSET 0) AS few`}${NEWEST_FIRST}`;
    const rows = await query<SqlRow>(filter.includeBodies ? withBodiesOf(page, BODY_OF_ROW) : page, [
      ...where.values,
      limit,
      offset,
    ]);
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
      const packed = await Promise.all([...rows.values()].map(packStorable));
      await client.transaction((inside) => appendAll(inside, packed, kinds));
    } catch (thrown) {
      kinds.forget();
      // Another gateway may have dropped a month.
      partitions.forget();
      throw thrown;
    }
  }

  return {
    append: (rows) => appendValues(rows.map(rowValues)),
    appendValues,
    async audit(filter) {
      const { total, rows } = await findPage(ask, filter, amongKinds);
      return { rows: rows === null ? [] : await select(rows, filter), total };
    },
    totals: (window = ALL_TIME) => totalsOf(ask, window),
    summary: (request) => summarise(ask, request),
    recent: (limit) =>
      select({ where: { sql: '', values: [] }, limit, offset: 0, order: 'time' }, { includeBodies: false }),
    async expire(before) {
      await ready();
      const months = await partitions.drop(before);
      const [gone] = await client.transaction(async (inside) => {
        await inside(`SELECT pg_advisory_xact_lock(${WRITER_LOCK})`);
        return inside<{ removed: number }>(DELETE_EXPIRED, [before, EXPIRE_ROWS]);
      });
      const rows = gone?.removed ?? 0;
      const binaries = await query(`${DELETE_UNUSED_BINARIES} RETURNING 1`, [before, EXPIRE_BINARIES]);
      return { rows: months + rows, isDone: rows < EXPIRE_ROWS && binaries.length < EXPIRE_BINARIES };
    },
    close: () => client.close(),
  };
}

/** By the index: of a join the server may think that it finds many, as long as it has no statistics. */
const amongKinds: AmongKinds = (select) => `kind = ANY (ARRAY (${select}))`;

type BodyFilter = Pick<AuditFilter, 'includeBodies' | 'includeBinaries'>;

async function appendAll(query: Query, rows: readonly PackedRow[], kinds: Kinds): Promise<void> {
  const bodies = rows.flatMap((row) => {
    const values = bodyValues(row);
    if (values === undefined) return [];
    const [request_body, response_body, request, response] = values;
    return {
      request_id: row.columns[REQUEST_ID],
      request_body,
      response_body,
      request_zstd: base64Of(request),
      response_zstd: base64Of(response),
    };
  });
  await query(`SELECT pg_advisory_xact_lock(${WRITER_LOCK})`);
  const found = await findKinds(query, rows, kinds);
  const columns = rows.map((row, index) => ({
    ...Object.fromEntries(row.columns.map((value, at) => [COLUMN_NAMES[at], value])),
    kind: found[index]?.id,
  }));
  await addBinaries(query, rows);
  const added = await query<{ request_id: string }>(APPEND, [
    JSON.stringify(columns),
    JSON.stringify(bodies),
  ]);
  const fresh = new Set(added.map(({ request_id }) => request_id));
  const sums = createSumTally();
  const spreads = createSpreadTally();
  for (const [index, kind] of found.entries()) {
    const values = rows[index]?.columns ?? [];
    if (!fresh.has(String(values[REQUEST_ID]))) continue;
    sums.add(values, kind.id);
    const timed = timedRow(values);
    if (timed !== undefined) spreads.add(timed, kind);
  }
  await addSums(query, sums.sums());
  await addSpreads(query, spreads);
}

async function addSums(query: Query, sums: readonly SumValues[]): Promise<void> {
  if (sums.length === 0) return;
  const names = SUM_COLUMNS.split(', ');
  const objects = sums.map((values) => Object.fromEntries(values.map((value, at) => [names[at], value])));
  await query(ADD_TO_SUMS, [JSON.stringify(objects)]);
}

async function addSpreads(query: Query, tally: SpreadTally): Promise<void> {
  const counts = tally.counts();
  if (counts.length === 0) return;
  const places = counts.map(({ span, start, provider, model }) => ({ span, start, provider, model }));
  const kept = new Map<string, PackedSpreads>();
  for (const found of await query<SpreadPlace & PackedSpreads>(SELECT_SPREADS, [JSON.stringify(places)]))
    kept.set(keyOfPlace(found), found);
  const sums = counts.map((counted, at) => ({
    ...places[at],
    ...packedSum(counted, kept.get(keyOfPlace(counted))),
  }));
  await query(REPLACE_SPREADS, [JSON.stringify(sums)]);
}

function keyOfPlace({ span, start, provider, model }: SpreadPlace): string {
  return JSON.stringify([span, start, provider, model]);
}

/** Of each row; those that are new are kept. */
async function findKinds(query: Query, rows: readonly PackedRow[], kinds: Kinds): Promise<Kind[]> {
  // Another gateway may have added some.
  if (rows.some(({ columns }) => kinds.of(columns) === undefined))
    kinds.learn(await query<Kind>(SELECT_OTHERS, kinds.learnt()));
  const added: Kind[] = [];
  const found = rows.map(({ columns }) => {
    const known = kinds.of(columns);
    if (known !== undefined) return known;
    const { kind, isNew } = kinds.choose(columns);
    if (isNew) added.push(kind);
    return kind;
  });
  if (added.length > 0) await query(INSERT_KINDS, [JSON.stringify(added)]);
  return found;
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
async function packStorable(values: RowValues): Promise<PackedRow> {
  const packed = await packRow(values);
  const columns = packed.columns.map((value) =>
    typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value,
  );
  return { ...packed, columns };
}
