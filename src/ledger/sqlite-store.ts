// The embedded ledger store: one SQLite file (or ':memory:'), written in WAL mode.
import { Database } from 'bun:sqlite';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  INSERT_ROW,
  TIMESTAMP,
  type RowValues,
  rowValues,
  type SqlRow,
  storedRow,
  timedRow,
} from './row-columns.ts';
import {
  DELETE_EXPIRED,
  DELETE_UNUSED_BINARIES,
  INSERT_BODY,
  insertBinaries,
  SELECT_BINARY,
  selectRows,
  type Where,
  whereOf,
} from './row-queries.ts';
import { createSpreadTally, type ModelName, type SpreadRow, withSpreads } from './spread-tally.ts';
import { migrate } from './sqlite-schema.ts';
import { ALL_TIME, type AuditFilter, NO_TOTALS, type StoredRow, type Totals } from './store.ts';
import type { ValueStore } from './store-messages.ts';
import { type PackedRow, packRow, withBodies } from './stored-body.ts';
import {
  addToSpread,
  addToSums,
  type SumQuery,
  selectCostBy,
  selectModels,
  selectSpreads,
  selectTotals,
} from './sum-queries.ts';

/** How long a writer waits for another process's transaction. */
const BUSY_MS = 2000;
/** Rows deleted in one transaction, so that expiry never holds the file for long. */
const EXPIRE_CHUNK = 500;
/** Binary parts deleted in one transaction: each may have megabytes. */
const EXPIRE_BINARIES = 20;

/**
 * Opens (and where needed creates) the ledger at `path`. Throws where the file cannot be opened, is not a
 * ledger, or belongs to a newer version. Every call works on the caller's thread.
 */
export function createSqliteStore(path: string): ValueStore {
  const database = open(path);
  const insertRow = database.query(INSERT_ROW);
  const insertBody = database.query(INSERT_BODY);
  const insertBinary = database.query(insertBinaries('VALUES (?, ?, ?, ?, ?)'));
  const addSums = addToSums('ledger_row WHERE id >= ?').map((sql) => database.query(sql));
  const addSpread = database.query(addToSpread('VALUES (?, ?, ?, ?, ?, ?, ?)'));

  const addToCount = database.query('UPDATE ledger_count SET rows = rows + ?');

  const appendAll = database.transaction((rows: readonly PackedRow[]) => {
    let first: number | bigint | undefined;
    let added = 0;
    const tally = createSpreadTally();
    for (const { columns, request, response, binaries } of rows) {
      const { changes, lastInsertRowid } = insertRow.run(...columns);
      if (changes === 0) continue;
      // Ids only rise, and nobody else writes meanwhile: from the first on, all rows are these.
      first ??= lastInsertRowid;
      added += 1;
      const timed = timedRow(columns);
      if (timed !== undefined) tally.add(timed);
      if (request !== null || response !== null) insertBody.run(lastInsertRowid, request, response);
      for (const { hash, mediaType, bytes, content } of binaries)
        insertBinary.run(hash, mediaType, bytes, content, columns[TIMESTAMP] ?? 0);
    }
    if (first === undefined) return;
    addToCount.run(added);
    for (const add of addSums) add.run(first);
    for (const count of tally.counts()) addSpread.run(...count);
  });

  const all = <Row>({ sql, values }: SumQuery): Row[] =>
    database.query<Row, SumQuery['values']>(sql).all(...values);

  const contentOf = async (hash: string) =>
    database.query<{ content: Uint8Array }, [string]>(SELECT_BINARY).get(hash)?.content;

  const select = async (where: Where, filter: AuditFilter): Promise<StoredRow[]> => {
    const rows = database
      .query<SqlRow, Where['values']>(selectRows(where.sql, filter.includeBodies))
      .all(...where.values, filter.limit, filter.offset);
    if (!filter.includeBodies) return rows.map(storedRow);
    const restored = rows.map((row) => withBodies(row, filter.includeBinaries ? contentOf : undefined));
    return (await Promise.all(restored)).map(storedRow);
  };

  const appendValues = async (rows: readonly RowValues[]): Promise<void> => {
    if (rows.length > 0) appendAll.immediate(await Promise.all(rows.map(packRow)));
  };

  return {
    append: (rows) => appendValues(rows.map(rowValues)),
    appendValues,
    async audit(filter) {
      const where = whereOf(filter);
      const counting =
        where.sql === ''
          ? 'SELECT rows AS total FROM ledger_count'
          : `SELECT COUNT(*) AS total FROM ledger_row${where.sql}`;
      const counted = database.query<{ total: number }, typeof where.values>(counting).get(...where.values);
      return { rows: await select(where, filter), total: counted?.total ?? 0 };
    },
    async totals(window = ALL_TIME) {
      return all<Totals>(selectTotals(window))[0] ?? NO_TOTALS;
    },
    async models(limit, window = ALL_TIME) {
      const models = all<Totals & ModelName>(selectModels(limit, window));
      if (models.length === 0) return [];
      return withSpreads(models, all<SpreadRow>(selectSpreads(models, window)));
    },
    async costBy(dimension, window = ALL_TIME) {
      const rows = all<{ name: string; cost: number }>(selectCostBy(dimension, window));
      return Object.fromEntries(rows.map(({ name, cost }) => [name, cost]));
    },
    async recent(limit) {
      return select({ sql: '', values: [] }, { limit, offset: 0, includeBodies: false });
    },
    async expire(before) {
      const removeRows = database.query(DELETE_EXPIRED);
      const remove = database.transaction(() => {
        // `changes` counts the rows alone: those that go with them by cascade are not in it.
        const { changes } = removeRows.run(before, EXPIRE_CHUNK);
        addToCount.run(-changes);
        return changes;
      });
      const removeBinaries = database.query(DELETE_UNUSED_BINARIES);
      let removed = 0;
      for (;;) {
        const changes = remove.immediate();
        removed += changes;
        const { changes: binaries } = removeBinaries.run(before, EXPIRE_BINARIES);
        if (changes < EXPIRE_CHUNK && binaries < EXPIRE_BINARIES) return removed;
        await new Promise((resume) => setImmediate(resume));
      }
    },
    async close() {
      database.close();
    },
  };
}

function open(path: string): Database {
  if (path !== ':memory:') {
    // The ledger holds what people wrote: it is the owner's alone. SQLite gives -wal and -shm the same mode.
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
  }
  const database = new Database(path, { create: true, strict: true });
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    database.run('PRAGMA journal_mode = WAL');
    // Survives the death of the process at once; a power cut may cost the newest transactions.
    database.run('PRAGMA synchronous = NORMAL');
    database.run('PRAGMA foreign_keys = ON');
    migrate(database);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}
