// How SQLite keeps the bodies of rows that came together: concatenated and compressed as one. Compressing each takes
// three times as long where bodies have nothing in common, and a third more of the disk.
import type { Database } from 'bun:sqlite';
import {
  numberOf,
  type BinariesOfRows,
  type RowValues,
  type SqlRow,
  TIMESTAMP,
} from '../rows/row-columns.ts';
import { bodyAt, type ReadPacket, readPacket, type RowPacket } from '../rows/row-packets.ts';
import { type PackedRow, packRows } from '../rows/stored-body.ts';

/** How many bundles are deleted per transaction. */
const EXPIRE_BUNDLES = 50;
/** Parameters: a time before which the newest of their rows came, and how many to delete at most. */
const DELETE_EXPIRED =
  'DELETE FROM ledger_bundle WHERE id IN (SELECT id FROM ledger_bundle WHERE newest < ? ORDER BY newest LIMIT ?)';

/** Higher levels take a third longer and save 4 %. */
const LEVEL = 1;
const LINE_END = 10;
const encoder = new TextEncoder();

/** Rows that came in one packet. */
export interface RowGroup {
  rows: readonly PackedRow[];
  /** The bodies of all rows, in their order; null where each row has its own, if any. */
  bundle: Uint8Array | null;
}

/** A row too long for a packet, or with binary parts, is packed alone. */
export function packGroups(packets: readonly RowPacket[], binaries?: BinariesOfRows): Promise<RowGroup[]> {
  return Promise.all(
    packets.map(async (packet) => {
      if (!(packet instanceof SharedArrayBuffer))
        return { rows: await packRows([packet], binaries), bundle: null };
      const read = readPacket(packet);
      return { rows: read.rows.map(withoutOwnBodies), bundle: packBundle(read) };
    }),
  );
}

function withoutOwnBodies(columns: RowValues): PackedRow {
  return { columns, request: null, response: null, binaries: [] };
}

/** The lengths as a JSON array on a line of their own, then the bodies; null where there are none. */
function packBundle({ bodies, lengths }: ReadPacket): Uint8Array | null {
  if (lengths.every((length) => length === null)) return null;
  const head = encoder.encode(`${JSON.stringify(lengths)}\n`);
  return Bun.zstdCompressSync(Buffer.concat([head, bodies]), { level: LEVEL });
}

/** The bundles in the file. Callers of `add`, `drop` and `expire` provide the transaction. */
export interface Bundles {
  /** The id of the stored bundle; null where the group has none. */
  add(group: RowGroup): number | null;
  drop(id: number): void;
  /** Deletes some of those whose rows are all older (Unix ms). Returns true where none are left. */
  expire(before: number): boolean;
  /** The rows, with their bodies where those are in a bundle. */
  withBodies(rows: readonly SqlRow[]): Promise<SqlRow[]>;
}

export function createBundles(database: Database): Bundles {
  const insert = database.query('INSERT INTO ledger_bundle (newest, content) VALUES (?, ?)');
  const remove = database.query('DELETE FROM ledger_bundle WHERE id = ?');
  const removeExpired = database.query(DELETE_EXPIRED);
  const select = database.query<{ content: Uint8Array }, [number]>(
    'SELECT content FROM ledger_bundle WHERE id = ?',
  );

  return {
    add({ rows, bundle }) {
      if (bundle === null) return null;
      const newest = Math.max(...rows.map(({ columns }) => numberOf(columns[TIMESTAMP])));
      return Number(insert.run(newest, bundle).lastInsertRowid);
    },
    drop(id) {
      remove.run(id);
    },
    expire: (before) => removeExpired.run(before, EXPIRE_BUNDLES).changes < EXPIRE_BUNDLES,
    async withBodies(rows) {
      const found = new Map<SqlRow, Pick<SqlRow, 'request_body' | 'response_body'>>();
      // Read one after the other: a page may need a thousand bundles, each far larger than the part that is needed.
      for (const [id, together] of Map.groupBy(rows, ({ bundle }) => bundle)) {
        const content = id == null ? undefined : select.get(id)?.content;
        if (content === undefined) continue;
        const opened = await openBundle(content);
        for (const row of together) found.set(row, bodiesAt(opened, row.bundle_place ?? 0));
      }
      return rows.map((row) => ({ ...row, ...found.get(row) }));
    },
  };
}

type OpenBundle = Pick<ReadPacket, 'bodies' | 'lengths'>;

async function openBundle(content: Uint8Array): Promise<OpenBundle> {
  const bytes = await Bun.zstdDecompress(content);
  const start = bytes.indexOf(LINE_END) + 1;
  // `packBundle` wrote it.
  const lengths = JSON.parse(bytes.toString('utf8', 0, start)) as (number | null)[];
  return { bodies: bytes.subarray(start), lengths };
}

/** @param place of the row in its group. */
function bodiesAt(bundle: OpenBundle, place: number): Pick<SqlRow, 'request_body' | 'response_body'> {
  return { request_body: bodyAt(bundle, 2 * place), response_body: bodyAt(bundle, 2 * place + 1) };
}
