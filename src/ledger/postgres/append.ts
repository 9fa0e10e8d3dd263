// Writes a batch to PostgreSQL: rows, bodies and parts, new kinds, and additions to the sums and histograms.
import { type Kind, KIND_COLUMNS, type Kinds, SELECT_OTHERS } from '../kinds.ts';
import type { MinuteKeeper } from '../sums/minute-sums.ts';
import type { Query } from './client.ts';
import { StoreBusy } from '../store-busy.ts';
import { STEPS, WRITER_LOCK } from './schema.ts';
import {
  type BinariesOfRows,
  COLUMN_NAMES,
  REQUEST_ID,
  type RowValues,
  type SqlValue,
  timedRow,
  TIMESTAMP,
} from '../rows/row-columns.ts';
import { insertBinaries } from '../rows/row-queries.ts';
import {
  createHistogramTally,
  packedSum,
  type PackedHistograms,
  type HistogramPlace,
  type HistogramTally,
} from '../sums/histogram-tally.ts';
import { BODY_COLUMNS, bodyValues, type PackedRow, packRows } from '../rows/stored-body.ts';
import {
  addToSums,
  addToTotals,
  DELETE_MINUTES,
  replaceHistograms,
  HISTOGRAM_PLACE,
  HISTOGRAMS,
  SUM_COLUMNS,
  TOTAL_COLUMNS,
} from '../sums/sum-queries.ts';
import { createSumTally, type SumValues } from '../sums/sum-tally.ts';

/**
 * Inserts the new rows and their bodies in one statement. Parameters: rows and bodies as JSON
 * arrays of objects; returns the request ids that were new, each with the version of the schema.
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
  'SELECT request_id, (SELECT version FROM ledger_schema) AS version FROM fresh';

/** Parameter: sums as a JSON array of objects. */
const ADD_TO_SUMS = addToSums(
  `SELECT ${SUM_COLUMNS} FROM json_populate_recordset(NULL::ledger_sum, ?::text::json)`,
);

/** The same for totals. */
const ADD_TO_TOTALS = addToTotals(
  `SELECT ${TOTAL_COLUMNS} FROM json_populate_recordset(NULL::ledger_total, ?::text::json)`,
);

/** Parameter of both: places as a JSON array of objects; those of the second have their histograms. */
const SELECT_HISTOGRAMS =
  `SELECT ${HISTOGRAM_PLACE}, ${HISTOGRAMS} FROM ledger_spread ` +
  `JOIN (SELECT ${HISTOGRAM_PLACE} FROM json_populate_recordset(NULL::ledger_spread, ?::text::json)) AS given USING (${HISTOGRAM_PLACE})`;
const REPLACE_HISTOGRAMS = replaceHistograms(
  `SELECT ${HISTOGRAM_PLACE}, ${HISTOGRAMS} FROM json_populate_recordset(NULL::ledger_spread, ?::text::json)`,
);

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
 * Marks existing parts as used; most parts exist, as a conversation resends its images. Parameters: the time of use
 * (Unix ms), twice, and the hashes as a JSON array; returns the hashes that exist.
 */
const USE_BINARIES =
  'UPDATE ledger_binary SET last_used = CASE WHEN last_used < ? THEN ? ELSE last_used END ' +
  'WHERE hash IN (SELECT json_array_elements_text(?::text::json)) RETURNING hash';

/**
 * Waits until no other gateway writes. Answers with what differs if the newest kinds may be gone: the start of the server,
 * when a standby was promoted, and the file of the kinds, when a backup was restored (`pg_restore --clean`, TRUNCATE).
 */
const BEGIN_WRITING =
  `SELECT pg_advisory_xact_lock(${WRITER_LOCK}), ` +
  "concat(pg_postmaster_start_time(), ' ', pg_relation_filenode('ledger_kind')) AS origin";

/** What a store knows about its database. */
export interface Known {
  kinds: Kinds;
  minutes: MinuteKeeper;
  /** The origin of the kinds, as BEGIN_WRITING answers it. */
  origin: string | undefined;
}

/** Runs inside a transaction. Rows that exist already change nothing. Throws StoreBusy where the schema belongs to another program. */
export async function appendAll(query: Query, rows: readonly PackedRow[], known: Known): Promise<void> {
  const { kinds, minutes } = known;
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
  const [server] = await query<{ origin: string }>(BEGIN_WRITING);
  // Kinds that are missing there have numbers that may mean others now.
  if (server?.origin !== known.origin) kinds.forget();
  known.origin = server?.origin;
  const found = await findKinds(query, rows, kinds);
  const columns = rows.map((row, index) => ({
    ...Object.fromEntries(row.columns.map((value, at) => [COLUMN_NAMES[at], value])),
    kind: found[index]?.id,
  }));
  await addBinaries(query, rows);
  const added = await query<{ request_id: string; version: number }>(APPEND, [
    JSON.stringify(columns),
    JSON.stringify(bodies),
  ]);
  if (added.some(({ version }) => version !== STEPS.length))
    throw new StoreBusy('another gateway has changed its schema');
  const fresh = new Set(added.map(({ request_id }) => request_id));
  const sums = createSumTally();
  const histograms = createHistogramTally();
  for (const [index, kind] of found.entries()) {
    const values = rows[index]?.columns ?? [];
    if (!fresh.has(String(values[REQUEST_ID]))) continue;
    sums.add(values, kind.id);
    const timed = timedRow(values);
    if (timed !== undefined) histograms.add(timed, kind);
  }
  await addSums(query, ADD_TO_SUMS, SUM_COLUMNS, sums.sums());
  await addSums(query, ADD_TO_TOTALS, TOTAL_COLUMNS, sums.totals());
  const oldest = minutes.due(sums.newestMinute());
  if (oldest !== null) await query(DELETE_MINUTES, [oldest]);
  await addHistograms(query, histograms);
}

async function addSums(
  query: Query,
  statement: string,
  columns: string,
  sums: readonly SumValues[],
): Promise<void> {
  if (sums.length === 0) return;
  const names = columns.split(', ');
  const objects = sums.map((values) => Object.fromEntries(values.map((value, at) => [names[at], value])));
  await query(statement, [JSON.stringify(objects)]);
}

async function addHistograms(query: Query, tally: HistogramTally): Promise<void> {
  const counts = tally.counts();
  if (counts.length === 0) return;
  const places = counts.map(({ span, start, provider, model }) => ({ span, start, provider, model }));
  const kept = new Map<string, PackedHistograms>();
  for (const found of await query<HistogramPlace & PackedHistograms>(SELECT_HISTOGRAMS, [
    JSON.stringify(places),
  ]))
    kept.set(keyOfPlace(found), found);
  const sums = counts.map((counted, at) => ({
    ...places[at],
    ...packedSum(counted, kept.get(keyOfPlace(counted))),
  }));
  await query(REPLACE_HISTOGRAMS, [JSON.stringify(sums)]);
}

function keyOfPlace({ span, start, provider, model }: HistogramPlace): string {
  return JSON.stringify([span, start, provider, model]);
}

/** Finds the kind of each row, and stores new ones. */
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
    // A statement may touch a row only once.
    const distinct = new Map(binaries.map((binary) => [binary.hash, binary]));
    const at = columns[TIMESTAMP] ?? 0;
    const known = await query<{ hash: string }>(USE_BINARIES, [at, at, JSON.stringify([...distinct.keys()])]);
    for (const { hash } of known) distinct.delete(hash);
    if (distinct.size === 0) continue;
    const objects = [...distinct.values()].map(({ hash, mediaType, bytes, content }) => ({
      hash,
      media_type: mediaType,
      bytes,
      content: base64Of(content),
      last_used: at,
    }));
    await query(INSERT_BINARIES, [JSON.stringify(objects)]);
  }
}

function base64Of(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('base64');
}

/** PostgreSQL's text cannot hold NUL or half of a surrogate pair. */
export async function packStorable(
  rows: readonly RowValues[],
  binaries?: BinariesOfRows,
): Promise<PackedRow[]> {
  const packed = await packRows(rows, binaries);
  return packed.map((row) => ({ ...row, columns: row.columns.map(storable) }));
}

function storable(value: SqlValue): SqlValue {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}
