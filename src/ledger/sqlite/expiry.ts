// Deletes what is older than the retention from the ledger's file, a part per call, together with its counts.
import type { Database } from 'bun:sqlite';
import { countPlaces, type ExpiredRow } from '../expired-places.ts';
import { DELETE_EXPIRED, DELETE_UNUSED_BINARIES, EXPIRE_BINARIES, EXPIRE_ROWS } from '../rows/row-queries.ts';
import { OLDEST_MINUTE, SUBTRACT_KEPT } from '../sums/sum-queries.ts';
import type { Bundles } from './bundle.ts';

/** @param before Unix ms. `isDone` means that nothing older is left. */
export type Expire = (before: number) => { rows: number; isDone: boolean };

export function createExpiry(database: Database, bundles: Bundles): Expire {
  const deleteRows = database.query<ExpiredRow, [number, number]>(
    `${DELETE_EXPIRED} RETURNING kind, timestamp`,
  );
  const selectOldestMinute = database.query<{ oldest: number | null }, []>(OLDEST_MINUTE);
  const subtract = database.query(SUBTRACT_KEPT);
  const removeBinaries = database.query(DELETE_UNUSED_BINARIES);

  const removeRows = database.transaction((before: number) => {
    const gone = deleteRows.all(before, EXPIRE_ROWS);
    const oldest = selectOldestMinute.get()?.oldest ?? null;
    for (const { rows, span, start, kind } of countPlaces(gone, oldest))
      subtract.run(rows, span, start, kind);
    return gone.length;
  });

  return (before) => {
    const rows = removeRows.immediate(before);
    const noBundles = bundles.expire(before);
    const { changes: binaries } = removeBinaries.run(before, EXPIRE_BINARIES);
    return { rows, isDone: rows < EXPIRE_ROWS && noBundles && binaries < EXPIRE_BINARIES };
  };
}
