// The embedded ledger store: one SQLite file (or ':memory:'), written in WAL mode.
import { constants, Database } from 'bun:sqlite';
import { closeSync, mkdirSync, openSync, statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Ask } from '../audit/cells.ts';
import type { PageOrder } from '../audit/narrow.ts';
import { type AuditPage, findPage, recentPage } from '../audit/page.ts';
import { countPlaces, type ExpiredRow } from '../expired-places.ts';
import { inKinds } from '../audit/kind-filter.ts';
import { createKinds, type Kind, KIND_COLUMNS, SELECT_OTHERS } from '../kinds.ts';
import { createMinuteKeeper } from '../sums/minute-sums.ts';
import {
  binariesOf,
  COLUMN_NAMES,
  TIMESTAMP,
  type RowValues,
  type SqlRow,
  type SqlValue,
  storedRow,
  timedRow,
} from '../rows/row-columns.ts';
import {
  DELETE_EXPIRED,
  DELETE_UNUSED_BINARIES,
  EXPIRE_BINARIES,
  EXPIRE_ROWS,
  INSERT_BODY,
  insertBinaries,
  NEWEST_FIRST,
  SELECT_BINARY,
  withBodiesOf,
} from '../rows/row-queries.ts';
import { createPacketWriter } from '../rows/row-packets.ts';
import { createHistogramTally, packedSum, type PackedHistograms } from '../sums/histogram-tally.ts';
import { createBundles, packGroups, type RowGroup } from './bundle.ts';
import { migrate } from './schema.ts';
import { ALL_TIME, type AuditFilter, type StoredRow } from '../store.ts';
import { spendingIn, summarise, totalsOf } from '../sums/summary.ts';
import type { ValueStore } from '../store-messages.ts';
import { bodyValues, withBodies } from '../rows/stored-body.ts';
import {
  addToSums,
  DELETE_MINUTES,
  OLDEST_MINUTE,
  replaceHistograms,
  HISTOGRAM_PLACE,
  HISTOGRAMS,
  SUBTRACT_KEPT,
  SUM_COLUMNS,
  type SumQuery,
} from '../sums/sum-queries.ts';
import { createSumTally } from '../sums/sum-tally.ts';

const ROW_COLUMNS = [...COLUMN_NAMES, 'kind', 'bundle', 'bundle_place'];
const INSERT_ROW =
  `INSERT INTO ledger_row (${ROW_COLUMNS.join(', ')}) ` +
  `VALUES (${ROW_COLUMNS.map(() => '?').join(', ')}) ON CONFLICT (request_id) DO NOTHING`;

/** How long a writer waits for another process's transaction. */
const BUSY_MS = 2000;
/** More than the WAL usually needs. */
const LOG_BYTES = 32 * 1024 * 1024;

export interface SqliteStore extends ValueStore {
  /** Its file was removed, moved or replaced: what is written goes where nobody will look. */
  isAstray(): boolean;
  /**
   * Another program truncated its file. SQLite notices only when it reads a missing page: until then it would write what it
   * has in memory and in the WAL around the hole.
   */
  isCut(): boolean;
}

/**
 * Opens (and where needed creates) the ledger at `path`. Throws where the file cannot be opened, is not a
 * ledger, or belongs to a newer version. Every call runs on the caller's thread.
 */
export function createSqliteStore(path: string): SqliteStore {
  const database = open(path);
  const file = fileAt(path);
  const logs = LOGS.map((suffix) => ({ log: path + suffix, own: fileAt(path + suffix) }));
  const isAstray = () => fileAt(path) !== file;
  let longest = sizeOf(path);
  const isCut = () => {
    const size = sizeOf(path);
    // VACUUM shortens it as well, and then the database reports the smaller size.
    const isWhole = size >= longest || (size > 0 && sizeIn(database) < longest);
    if (isWhole) longest = size;
    return !isWhole;
  };
  const insertRow = database.query(INSERT_ROW);
  const insertBody = database.query(INSERT_BODY);
  const bundles = createBundles(database);
  const insertBinary = database.query(insertBinaries('VALUES (?, ?, ?, ?, ?)'));
  const addSums = database.query(addToSums(`VALUES (${SUM_COLUMNS.replaceAll(/\w+/g, '?')})`));
  const selectHistograms = database.query<PackedHistograms, SqlValue[]>(
    `SELECT ${HISTOGRAMS} FROM ledger_spread WHERE (${HISTOGRAM_PLACE}) = (?, ?, ?, ?)`,
  );
  const putHistograms = database.query(replaceHistograms('VALUES (?, ?, ?, ?, ?, ?, ?)'));

  const minutes = createMinuteKeeper();
  const deleteMinutes = database.query(DELETE_MINUTES);
  const kinds = createKinds();
  const selectKinds = database.query<Kind, [number, number]>(SELECT_OTHERS);
  const insertKind = database.query(
    `INSERT INTO ledger_kind (id, ${KIND_COLUMNS}) VALUES ($id, $provider, $model, $agent, $project, $operation, $status)`,
  );

  const selectVersion = database.query<{ data_version: number }, []>('PRAGMA data_version');
  let version: number | undefined;
  /** When another program has written: if it restored a backup, the newest kinds are gone, and their numbers are free. */
  const forgetWhereChanged = (): void => {
    const before = version;
    version = selectVersion.get()?.data_version;
    if (version !== before) kinds.forget();
  };

  const kindOf = (columns: RowValues): Kind => {
    const known = kinds.of(columns);
    if (known !== undefined) return known;
    // Another process may have added kinds.
    kinds.learn(selectKinds.all(...kinds.learnt()));
    const { kind, isNew } = kinds.choose(columns);
    if (isNew) insertKind.run({ ...kind });
    return kind;
  };

  const appendAll = database.transaction((groups: readonly RowGroup[]) => {
    forgetWhereChanged();
    const sums = createSumTally();
    const histograms = createHistogramTally();
    for (const group of groups) {
      const bundle = bundles.add(group);
      let added = 0;
      for (const [place, row] of group.rows.entries()) {
        const { columns, binaries } = row;
        const kind = kindOf(columns);
        const { changes, lastInsertRowid } = insertRow.run(...columns, kind.id, bundle, place);
        if (changes === 0) continue;
        added += 1;
        sums.add(columns, kind.id);
        const timed = timedRow(columns);
        if (timed !== undefined) histograms.add(timed, kind);
        const bodies = bodyValues(row);
        if (bodies !== undefined) insertBody.run(lastInsertRowid, ...bodies);
        for (const { hash, mediaType, bytes, content } of binaries)
          insertBinary.run(hash, mediaType, bytes, content, columns[TIMESTAMP] ?? 0);
      }
      // All rows had been stored before.
      if (added === 0 && bundle !== null) bundles.drop(bundle);
    }
    for (const sum of sums.sums()) addSums.run(...sum);
    const oldest = minutes.due(sums.newestMinute());
    if (oldest !== null) deleteMinutes.run(oldest);
    for (const counts of histograms.counts()) {
      const place = [counts.span, counts.start, counts.provider, counts.model];
      const { latency, ttft, gaps } = packedSum(counts, selectHistograms.get(...place) ?? undefined);
      putHistograms.run(...place, latency, ttft, gaps);
    }
  });

  const deleteRows = database.query<ExpiredRow, [number, number]>(
    `${DELETE_EXPIRED} RETURNING kind, timestamp`,
  );
  const selectOldestMinute = database.query<{ oldest: number | null }, []>(OLDEST_MINUTE);
  const subtract = database.query(SUBTRACT_KEPT);
  const removeRows = database.transaction((before: number) => {
    const gone = deleteRows.all(before, EXPIRE_ROWS);
    const oldest = selectOldestMinute.get()?.oldest ?? null;
    for (const { rows, span, start, kind } of countPlaces(gone, oldest))
      subtract.run(rows, span, start, kind);
    return gone.length;
  });
  const removeBinaries = database.query(DELETE_UNUSED_BINARIES);

  const ask: Ask = async <Row>({ sql, values }: SumQuery) =>
    database.query<Row, SqlValue[]>(sql).all(...values);

  const contentOf = async (hash: string) =>
    database.query<{ content: Uint8Array }, [string]>(SELECT_BINARY).get(hash)?.content;

  const select = async (page: NonNullable<AuditPage['rows']>, filter: BodyFilter): Promise<StoredRow[]> => {
    const { where, limit, offset, order } = page;
    // The rows themselves are read only afterwards: the indexes suffice to find them.
    const found = `SELECT id FROM ledger_row${INDEX_OF[order]}${where.sql}${NEWEST_FIRST}`;
    const sql = `SELECT * FROM ledger_row WHERE id IN (${found})`;
    const rows = database
      .query<SqlRow, SqlValue[]>(
        filter.includeBodies ? withBodiesOf(sql) : `${sql} ORDER BY timestamp DESC, id DESC`,
      )
      .all(...where.values, limit, offset);
    if (!filter.includeBodies) return rows.map(storedRow);
    const ownBodies = rows.map((row) => withBodies(row, filter.includeBinaries ? contentOf : undefined));
    const whole = await bundles.withBodies(await Promise.all(ownBodies));
    return whole.map(storedRow);
  };

  const appendPackets: ValueStore['appendPackets'] = async (packets, binaries) => {
    if (packets.length === 0) return;
    const groups = await packGroups(packets, binaries);
    try {
      appendAll.immediate(groups);
    } catch (thrown) {
      kinds.forget();
      throw thrown;
    }
  };

  return {
    append: (rows, packets = []) =>
      appendPackets([...createPacketWriter().write(rows), ...packets], binariesOf(rows)),
    appendPackets,
    async audit(filter) {
      const { total, left, rows: found } = await findPage(ask, filter, inKinds);
      const rows = found === null ? [] : await select(found, filter);
      return { rows, total, hasOlder: rows.length < left };
    },
    totals: (window = ALL_TIME) => totalsOf(ask, window),
    summary: (request) => summarise(ask, request),
    spending: (period) => spendingIn(ask, period),
    recent: (limit, after) => select(recentPage(limit, after), { includeBodies: false }),
    async expire(before) {
      const rows = removeRows.immediate(before);
      const noBundles = bundles.expire(before);
      const { changes: binaries } = removeBinaries.run(before, EXPIRE_BINARIES);
      const isDone = rows < EXPIRE_ROWS && noBundles && binaries < EXPIRE_BINARIES;
      return { rows, isDone };
    },
    isAstray,
    isCut,
    async close() {
      if (isAstray()) {
        // The WAL's content belongs into its own file. SQLite would delete the logs by name, which may be another file's by
        // now, and would read what is left of these as that file's own.
        database.run('PRAGMA wal_checkpoint(TRUNCATE)');
        database.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
        for (const { log, own } of logs) if (own !== undefined && fileAt(log) === own) unlinkSync(log);
      }
      database.close();
    },
  };
}

/** SQLite's own files beside an open one. */
const LOGS = ['-wal', '-shm'];

/** Identifies the file at a path; undefined where there is none. */
function fileAt(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

/** In bytes; 0 where there is none. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The database's own size, in bytes; part of it may still be in the WAL. */
function sizeIn(database: Database): number {
  const read = (pragma: 'page_count' | 'page_size') =>
    database.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0;
  return read('page_count') * read('page_size');
}

type BodyFilter = Pick<AuditFilter, 'includeBodies' | 'includeBinaries'>;

const INDEX_OF: Record<PageOrder, string> = {
  time: ' INDEXED BY ledger_row_time',
  kind: ' INDEXED BY ledger_row_kind',
  any: '',
};

function open(path: string): Database {
  if (path !== ':memory:') {
    // The ledger holds what people wrote: only the owner may read it. SQLite gives -wal and -shm the same mode.
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
  }
  const database = new Database(path, { create: true, strict: true });
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    database.run('PRAGMA journal_mode = WAL');
    // Commits survive the death of the process; a power cut may lose the newest transactions.
    database.run('PRAGMA synchronous = NORMAL');
    // Pages that change with every batch are then copied into the file once for many batches: the WAL grows to 16 MB.
    database.run('PRAGMA wal_autocheckpoint = 4000');
    // Long reads and VACUUM let the WAL grow by all that is written meanwhile: this shortens it again.
    database.run(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
    database.run('PRAGMA foreign_keys = ON');
    migrate(database);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}
