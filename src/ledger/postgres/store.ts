// The shared ledger store: a PostgreSQL database that several gateways write and read.
import type { Ask } from '../audit/cells.ts';
import { createKinds } from '../kinds.ts';
import { createMinuteKeeper } from '../sums/minute-sums.ts';
import { appendAll, type Known, packStorable } from './append.ts';
import { createPostgresClient, type Query } from './client.ts';
import type { AmongKinds } from '../audit/kind-filter.ts';
import { expireRows } from './expiry.ts';
import { createPartitions } from './partitions.ts';
import { migrate } from './schema.ts';
import {
  binariesOf,
  type BinariesOfRows,
  REQUEST_ID,
  type RowValues,
  rowValues,
  type SqlRow,
  storedRow,
  TIMESTAMP,
  numberOf,
} from '../rows/row-columns.ts';
import {
  DELETE_UNUSED_BINARIES,
  EXPIRE_BINARIES,
  EXPIRE_ROWS,
  NEWEST_FIRST,
  SELECT_BINARY,
  withBodiesOf,
} from '../rows/row-queries.ts';
import { readPackets } from '../rows/row-packets.ts';
import { StoreBusy } from '../store-busy.ts';
import type { ValueStore } from '../store-messages.ts';
import { createStoreReads, type SelectRows } from '../store-reads.ts';
import { withBodies } from '../rows/stored-body.ts';

/** Both lie in the partition of their month. */
const BODY_OF_ROW = 'row_id = page.id AND ledger_body.timestamp = page.timestamp';

/** How long readers wait until the database is known to have this version. */
const READY_MS = 3_000;
const SILENT = `the database that audit.store names has not answered within ${READY_MS / 1_000} s: check that it runs, and that it can be reached from here`;
/** A gateway's clock that is ahead of the server's by more than this is wrong. */
const CLOCK_SLACK_MS = 60_000;
const SERVER_CLOCK = 'SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT AS now';
const MIGRATING =
  'its tables are being migrated to this version, by this gateway or another, which takes long with many rows: try again later';

/**
 * Never throws: connects when the store is first used, and retries as long as the database is unavailable. `url`:
 * `postgres://user:password@host:port/database`.
 * @param projects as of `createKinds`.
 */
export function createPostgresStore(url: string, projects: readonly string[] = []): ValueStore {
  const client = createPostgresClient(url);
  const partitions = createPartitions(client);
  const known: Known = { kinds: createKinds(projects), minutes: createMinuteKeeper(), origin: undefined };
  let migrated: Promise<void> | null = null;
  let isMigrating = false;
  /** Where the next slice of expired rows begins. It is 0 once all are deleted, since older ones may arrive late. */
  let expiryFrom = 0;

  /** Queries the database once it is migrated. Readers do not wait for a long migration, which may take minutes. */
  const query: Query = async (sql, values) => {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new StoreBusy(isMigrating ? MIGRATING : SILENT)), READY_MS);
    await Promise.race([ready(), late]).finally(() => clearTimeout(timer));
    return client.query(sql, values);
  };

  async function ready(): Promise<void> {
    migrated ??= migrate(client, () => {
      isMigrating = true;
    }).finally(() => {
      isMigrating = false;
    });
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

  const select: SelectRows = async (found, filter) => {
    const { where, limit, offset, order } = found;
    const all = `SELECT * FROM ledger_row${where.sql}`;
    // Without OFFSET 0 the server may walk back in time through all other rows, however few match.
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

  async function appendValues(given: readonly RowValues[], binaries?: BinariesOfRows): Promise<void> {
    if (given.length === 0) return;
    const rows = new Map<string, RowValues>();
    for (const values of given) {
      const id = String(values[REQUEST_ID]);
      if (!rows.has(id)) rows.set(id, values);
    }
    await ready();
    try {
      await partitions.ensure([...rows.values()].map((values) => numberOf(values[TIMESTAMP])));
      const packed = await packStorable([...rows.values()], binaries);
      await client.transaction((inside) => appendAll(inside, packed, known));
    } catch (thrown) {
      known.kinds.forget();
      // Another gateway may have dropped a month, or migrated the tables.
      partitions.forget();
      migrated = null;
      throw thrown;
    }
  }

  return {
    append: (rows, packets = []) =>
      appendValues([...rows.map(rowValues), ...readPackets(packets)], binariesOf(rows)),
    appendPackets: (packets, binaries) => appendValues(readPackets(packets), binaries),
    ...createStoreReads(ask, select, amongKinds),
    async expire(wanted) {
      await ready();
      // A gateway with a wrong clock would delete what all others keep.
      const [server] = await client.query<{ now: number }>(SERVER_CLOCK);
      const ahead = Date.now() - (server?.now ?? 0);
      const before = ahead > CLOCK_SLACK_MS ? wanted - ahead : wanted;
      const months = await partitions.drop(before);
      const { rows, next } = await client.transaction((inside) => expireRows(inside, expiryFrom, before));
      expiryFrom = rows < EXPIRE_ROWS ? 0 : next;
      const binaries = await query(`${DELETE_UNUSED_BINARIES} RETURNING 1`, [before, EXPIRE_BINARIES]);
      return { rows: months + rows, isDone: rows < EXPIRE_ROWS && binaries.length < EXPIRE_BINARIES };
    },
    close: () => client.close(),
  };
}

/** Forces the index: for a join the server may expect many rows, as long as it has no statistics. */
const amongKinds: AmongKinds = (select) => `kind = ANY (ARRAY (${select}))`;
