// Adds rows to the ledger's file, with their bodies and the sums that count them.
import type { Database } from 'bun:sqlite';
import { createKinds, type Kind, KIND_COLUMNS, SELECT_OTHERS } from '../kinds.ts';
import { COLUMN_NAMES, type RowValues, type SqlValue, TIMESTAMP, timedRow } from '../rows/row-columns.ts';
import { INSERT_BODY, insertBinaries } from '../rows/row-queries.ts';
import { bodyValues, type PackedRow } from '../rows/stored-body.ts';
import { createHistogramTally, packedSum, type PackedHistograms } from '../sums/histogram-tally.ts';
import { createMinuteKeeper } from '../sums/minute-sums.ts';
import {
  addToSums,
  addToTotals,
  DELETE_MINUTES,
  HISTOGRAM_PLACE,
  HISTOGRAMS,
  replaceHistograms,
  SUM_COLUMNS,
  TOTAL_COLUMNS,
} from '../sums/sum-queries.ts';
import { StoreBusy } from '../store-busy.ts';
import { createSumTally } from '../sums/sum-tally.ts';
import type { Bundles, RowGroup } from './bundle.ts';
import type { DatabaseFile } from './database-file.ts';

const ROW_COLUMNS = [...COLUMN_NAMES, 'kind', 'bundle', 'bundle_place'];
const INSERT_ROW =
  `INSERT INTO ledger_row (${ROW_COLUMNS.join(', ')}) ` +
  `VALUES (${ROW_COLUMNS.map(() => '?').join(', ')}) ON CONFLICT (request_id) DO NOTHING`;

/** Adds all rows that are not in the file yet, in one transaction. */
export type Append = (groups: readonly RowGroup[]) => void;

export function createAppend(file: DatabaseFile, bundles: Bundles, projects: readonly string[]): Append {
  const { database } = file;
  const insertRow = database.query(INSERT_ROW);
  const insertBody = database.query(INSERT_BODY);
  const insertBinary = database.query(insertBinaries('VALUES (?, ?, ?, ?, ?)'));
  const storedKinds = createStoredKinds(database, projects);
  const addToStoredSums = createSumWriter(database);

  /** Returns false where the row was stored before. */
  function addRow(row: PackedRow, kind: Kind, bundle: number | null, place: number): boolean {
    const { columns, binaries } = row;
    const { changes, lastInsertRowid } = insertRow.run(...columns, kind.id, bundle, place);
    if (changes === 0) return false;
    const bodies = bodyValues(row);
    if (bodies !== undefined) insertBody.run(lastInsertRowid, ...bodies);
    for (const { hash, mediaType, bytes, content } of binaries)
      insertBinary.run(hash, mediaType, bytes, content, columns[TIMESTAMP] ?? 0);
    return true;
  }

  const appendAll = database.transaction((groups: readonly RowGroup[]) => {
    // Asked while the write lock is held: another program may have migrated the file since the call began.
    if (file.hasOtherSchema()) throw new StoreBusy('another program has changed its schema');
    storedKinds.forgetWhereChanged();
    const added: AddedRow[] = [];
    for (const group of groups) {
      const before = added.length;
      const bundle = bundles.add(group);
      for (const [place, row] of group.rows.entries()) {
        const { columns } = row;
        const kind = storedKinds.of(columns);
        if (addRow(row, kind, bundle, place)) added.push({ columns, kind });
      }
      // All rows had been stored before.
      if (added.length === before && bundle !== null) bundles.drop(bundle);
    }
    addToStoredSums(added);
  });

  return (groups) => {
    try {
      appendAll.immediate(groups);
    } catch (thrown) {
      storedKinds.forget();
      throw thrown;
    }
  };
}

/** The kinds in the file, as far as rows have needed them. */
function createStoredKinds(database: Database, projects: readonly string[]) {
  const kinds = createKinds(projects);
  const selectKinds = database.query<Kind, [number, number]>(SELECT_OTHERS);
  const insertKind = database.query(
    `INSERT INTO ledger_kind (id, ${KIND_COLUMNS}) VALUES ($id, $provider, $model, $agent, $project, $operation, $status)`,
  );
  const selectVersion = database.query<{ data_version: number }, []>('PRAGMA data_version');
  let version: number | undefined;

  return {
    /** Called when another program has written: if it restored a backup, the newest kinds are gone, and their numbers are free. */
    forgetWhereChanged(): void {
      const before = version;
      version = selectVersion.get()?.data_version;
      if (version !== before) kinds.forget();
    },
    /** Returns the kind, which is added to the file if it is missing. */
    of(columns: RowValues): Kind {
      const known = kinds.of(columns);
      if (known !== undefined) return known;
      // Another process may have added kinds.
      kinds.learn(selectKinds.all(...kinds.learnt()));
      const { kind, isNew } = kinds.choose(columns);
      if (isNew) insertKind.run({ ...kind });
      return kind;
    },
    forget: kinds.forget,
  };
}

interface AddedRow {
  columns: RowValues;
  kind: Kind;
}

/** Adds rows to the sums and histograms that figures are read from. */
function createSumWriter(database: Database): (rows: readonly AddedRow[]) => void {
  const addSums = database.query(addToSums(`VALUES (${SUM_COLUMNS.replaceAll(/\w+/g, '?')})`));
  const addTotals = database.query(addToTotals(`VALUES (${TOTAL_COLUMNS.replaceAll(/\w+/g, '?')})`));
  const minutes = createMinuteKeeper();
  const deleteMinutes = database.query(DELETE_MINUTES);
  const selectHistograms = database.query<PackedHistograms, SqlValue[]>(
    `SELECT ${HISTOGRAMS} FROM ledger_spread WHERE (${HISTOGRAM_PLACE}) = (?, ?, ?, ?)`,
  );
  const putHistograms = database.query(replaceHistograms('VALUES (?, ?, ?, ?, ?, ?, ?)'));

  return (rows) => {
    const sums = createSumTally();
    const histograms = createHistogramTally();
    for (const { columns, kind } of rows) {
      sums.add(columns, kind.id);
      const timed = timedRow(columns);
      if (timed !== undefined) histograms.add(timed, kind);
    }
    for (const sum of sums.sums()) addSums.run(...sum);
    for (const total of sums.totals()) addTotals.run(...total);
    const oldest = minutes.due(sums.newestMinute());
    if (oldest !== null) deleteMinutes.run(oldest);
    for (const counts of histograms.counts()) {
      const place = [counts.span, counts.start, counts.provider, counts.model];
      const { latency, ttft, gaps } = packedSum(counts, selectHistograms.get(...place) ?? undefined);
      putHistograms.run(...place, latency, ttft, gaps);
    }
  };
}
