// The embedded ledger store: one SQLite file (or ':memory:'), written in WAL mode.
import type { Ask } from '../audit/cells.ts';
import { inKinds } from '../audit/kind-filter.ts';
import type { PageOrder } from '../audit/narrow.ts';
import { binariesOf, type SqlRow, type SqlValue, storedRow } from '../rows/row-columns.ts';
import { createPacketWriter } from '../rows/row-packets.ts';
import { NEWEST_FIRST, SELECT_BINARY, withBodiesOf } from '../rows/row-queries.ts';
import { withBodies } from '../rows/stored-body.ts';
import type { ValueStore } from '../store-messages.ts';
import { createStoreReads, type SelectRows } from '../store-reads.ts';
import type { SumQuery } from '../sums/sum-queries.ts';
import { createAppend } from './append.ts';
import { createBundles, packGroups } from './bundle.ts';
import { type DatabaseFile, openDatabaseFile } from './database-file.ts';
import { createExpiry } from './expiry.ts';

export interface SqliteStore
  extends ValueStore,
    Pick<DatabaseFile, 'isAstray' | 'hasLostLog' | 'isCut' | 'hasOtherSchema'> {}

/**
 * Opens (and where needed creates) the ledger at `path`. Throws where the file cannot be opened, is not a
 * ledger, or belongs to a newer version. Every call runs on the caller's thread.
 * @param projects as of `createKinds`.
 */
export function createSqliteStore(path: string, projects: readonly string[] = []): SqliteStore {
  const file = openDatabaseFile(path);
  const { database } = file;
  const bundles = createBundles(database);
  const append = createAppend(file, bundles, projects);
  const expire = createExpiry(database, bundles);

  const ask: Ask = async <Row>({ sql, values }: SumQuery) =>
    database.query<Row, SqlValue[]>(sql).all(...values);

  const contentOf = async (hash: string) =>
    database.query<{ content: Uint8Array }, [string]>(SELECT_BINARY).get(hash)?.content;

  const select: SelectRows = async (page, filter) => {
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
    if (packets.length > 0) append(await packGroups(packets, binaries));
  };

  return {
    append: (rows, packets = []) =>
      appendPackets([...createPacketWriter().write(rows), ...packets], binariesOf(rows)),
    appendPackets,
    ...createStoreReads(ask, select, inKinds),
    expire: async (before) => expire(before),
    isAstray: file.isAstray,
    hasLostLog: file.hasLostLog,
    isCut: file.isCut,
    hasOtherSchema: file.hasOtherSchema,
    close: async () => file.close(),
  };
}

const INDEX_OF: Record<PageOrder, string> = {
  time: ' INDEXED BY ledger_row_time',
  kind: ' INDEXED BY ledger_row_kind',
  // The table itself has the order of the ids.
  id: ' NOT INDEXED',
  any: '',
};
