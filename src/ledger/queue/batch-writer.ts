// Writes batches to the store and tells a broken store from a row that no store would take.
import { type Entry, rowsIn, singly } from './backlog.ts';
import type { LedgerRow } from '../rows/row.ts';
import { isBuffer } from '../rows/row-packets.ts';
import { StoreBusy } from '../store-busy.ts';
import type { LedgerStore } from '../store.ts';
import { messageOf } from '../../model/thrown.ts';

export interface BatchWriter {
  /** Never rejects. `taken`: how many rows are in the store. `refused`: entries to retry. `poison`: how many rows are given up. */
  write(batch: readonly Entry[]): Promise<{ taken: number; refused: Entry[]; poison: number }>;
  /** How many writes have failed since the last success. */
  failures(): number;
  lastError(): string | null;
  /** Why the latest row was given up; null where none was. */
  givenUp(): string | null;
}

/** A row refused alone in this many passes in which the store took others is given up. */
const MAX_STRIKES = 2;
/** After this many rows were refused alone and none taken, the store itself is broken: stop trying. */
const REFUSALS_OF_A_BROKEN_STORE = 3;

/**
 * The first failure of a batch blames the store and tries nothing else; the next attempt, after the back-off, bisects
 * a failing batch until the offending row is alone.
 */
export function createBatchWriter(append: LedgerStore['append']): BatchWriter {
  let failures = 0;
  let lastError: string | null = null;
  let givenUp: string | null = null;

  const tryOnce = async (entries: readonly Entry[]): Promise<'taken' | 'refused' | 'busy'> => {
    try {
      const rows: LedgerRow[] = [];
      const packets: SharedArrayBuffer[] = [];
      for (const { kept } of entries)
        if (isBuffer(kept)) packets.push(kept);
        else rows.push(kept);
      await append(rows, packets);
      return 'taken';
    } catch (thrown) {
      lastError = messageOf(thrown);
      return thrown instanceof StoreBusy ? 'busy' : 'refused';
    }
  };

  const isolate = async (entries: readonly Entry[], round: Round): Promise<void> => {
    if (round.isBusy || (round.taken === 0 && round.alone.length >= REFUSALS_OF_A_BROKEN_STORE)) {
      round.untried.push(...entries);
      return;
    }
    const outcome = await tryOnce(entries);
    if (outcome === 'taken') {
      round.taken += rowsIn(entries);
      return;
    }
    if (outcome === 'busy') {
      // None of its rows is to blame, and each further try would take as long.
      round.isBusy = true;
      round.untried.push(...entries);
      return;
    }
    const parts = entries.length === 1 ? entries.flatMap(singly) : entries;
    if (parts.length === 1) {
      round.alone.push(...parts);
      round.reason = lastError;
      return;
    }
    const half = Math.ceil(parts.length / 2);
    await isolate(parts.slice(0, half), round);
    await isolate(parts.slice(half), round);
  };

  return {
    async write(batch) {
      if (batch.length === 0) return { taken: 0, refused: [], poison: 0 };
      const round: Round = { taken: 0, alone: [], reason: null, untried: [], isBusy: false };
      if (failures > 0) await isolate(batch, round);
      else if ((await tryOnce(batch)) === 'taken') round.taken = rowsIn(batch);
      else round.untried.push(...batch);

      if (round.taken > 0) for (const entry of round.alone) entry.strikes += 1;
      const kept = round.alone.filter((entry) => entry.strikes < MAX_STRIKES);
      const refused = [...round.untried, ...kept];
      if (kept.length < round.alone.length) givenUp = round.reason;
      if (refused.length === 0) {
        failures = 0;
        // A store that works again has no error to report. A row given up stays visible as dropped, with its reason.
        lastError = null;
      } else {
        failures = round.taken > 0 ? 1 : failures + 1;
      }
      return { taken: round.taken, refused, poison: round.alone.length - kept.length };
    },
    failures: () => failures,
    lastError: () => lastError,
    givenUp: () => givenUp,
  };
}

interface Round {
  taken: number;
  /** Entries that were refused one by one. */
  alone: Entry[];
  /** Why the last of them was refused. */
  reason: string | null;
  untried: Entry[];
  /** Whether the store was busy, so that the rest was not tried. */
  isBusy: boolean;
}
