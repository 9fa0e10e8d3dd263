// Rows that wait for the store: bounded in number and in memory, handed out in batches.
import { type LedgerRow, withoutBodies } from './row.ts';
import { soundRow } from './sound-row.ts';

export interface Entry {
  readonly row: LedgerRow;
  readonly weight: number;
  /** `monotonic()` since which it waits. */
  readonly since: number;
  /** Passes in which the store refused this row alone and took others. */
  strikes: number;
  /** It is kept elsewhere, too, and need not come back from a batch. */
  spilled: boolean;
}

export interface Backlog {
  /** False where the backlog is full. */
  add(row: LedgerRow): boolean;
  /** Takes the oldest rows out; they still count in `size` until `putBack`. */
  takeBatch(maxRows?: number): Entry[];
  /** Ends the batch taken last; what the store refused waits again: in its old place, or behind all others. */
  putBack(refused: readonly Entry[], place: 'first' | 'last'): void;
  /** Everything in it, the batch taken last first. */
  entries(): Entry[];
  /** These are kept elsewhere now. */
  markSpilled(entries: readonly Entry[]): void;
  hasFullBatch(): boolean;
  isHalfFull(): boolean;
  /** `monotonic()` since which the oldest row waits that no batch holds; null where none does. */
  oldest(): number | null;
  size(): number;
  clear(): void;
}

export const BATCH_ROWS = 256;
/** UTF-16 units and bytes of bodies in one batch: bounds one transaction. */
const BATCH_WEIGHT = 4 * 1024 * 1024;
/** UTF-16 units and bytes of bodies that may wait; beyond it rows wait without their bodies. */
const MAX_WEIGHT = 32 * 1024 * 1024;
const BODY_LEFT_OUT = '[left out: the ledger is behind]';

export function createBacklog(maxRows: number, monotonic: () => number): Backlog {
  let waiting: Entry[] = [];
  let taken: Entry[] = [];
  let weight = 0;

  return {
    add(row) {
      if (waiting.length + taken.length >= maxRows) return false;
      const entry = entryOf(row, MAX_WEIGHT - weight);
      weight += entry.weight;
      waiting.push(entry);
      return true;
    },
    takeBatch(maxBatch = BATCH_ROWS) {
      let rows = 0;
      let batchWeight = 0;
      for (const entry of waiting) {
        if (rows >= maxBatch || (rows > 0 && batchWeight + entry.weight > BATCH_WEIGHT)) break;
        rows += 1;
        batchWeight += entry.weight;
      }
      taken = waiting.slice(0, rows);
      waiting = waiting.slice(rows);
      return taken;
    },
    putBack(refused, place) {
      const back = refused.filter((entry) => !entry.spilled);
      weight -= weightOf(taken);
      weight += weightOf(back);
      taken = [];
      waiting = place === 'first' ? [...back, ...waiting] : [...waiting, ...back];
    },
    entries: () => [...taken, ...waiting].filter((entry) => !entry.spilled),
    markSpilled(entries) {
      for (const entry of entries) entry.spilled = true;
      weight -= weightOf(waiting.filter((entry) => entry.spilled));
      waiting = waiting.filter((entry) => !entry.spilled);
    },
    hasFullBatch: () => waiting.length >= BATCH_ROWS || weight >= BATCH_WEIGHT,
    isHalfFull: () => waiting.length >= maxRows / 2 || weight >= MAX_WEIGHT / 2,
    oldest: () => waiting[0]?.since ?? null,
    size: () => waiting.length + taken.length,
    clear() {
      waiting = [];
      taken = [];
      weight = 0;
    },
  };

  function entryOf(given: LedgerRow, room: number): Entry {
    const entry = toEntry(soundRow(given), monotonic());
    if (entry.weight <= room) return entry;
    const requestBody = entry.row.requestBody === null ? null : BODY_LEFT_OUT;
    const responseBody = entry.row.responseBody === null ? null : BODY_LEFT_OUT;
    return { ...entry, row: { ...withoutBodies(entry.row), requestBody, responseBody }, weight: 0 };
  }
}

export function toEntry(row: LedgerRow, since: number): Entry {
  let weight = (row.requestBody?.length ?? 0) + (row.responseBody?.length ?? 0);
  if (row.binaries !== undefined) for (const { content } of row.binaries) weight += content.length;
  return { row, weight, since, strikes: 0, spilled: false };
}

function weightOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.weight, 0);
}
