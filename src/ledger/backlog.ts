// Rows that wait for the store: bounded in number and in memory, handed out in batches.
import type { LedgerRow } from './row.ts';
import { soundRow } from './sound-row.ts';

export interface Entry {
  readonly row: LedgerRow;
  /** Rises with each row taken; tells a flush what it has to wait for. */
  readonly sequence: number;
  readonly weight: number;
  /** Passes in which the store refused this row alone and took others. */
  strikes: number;
}

export interface Backlog {
  /** False where the backlog is full. */
  add(row: LedgerRow): boolean;
  /** Takes the oldest rows out; they still count in `size` until put back or `settle`d. */
  takeBatch(): Entry[];
  /** Ends the batch taken last; what the store refused goes to the end of the queue. */
  putBack(refused: readonly Entry[]): void;
  hasFullBatch(): boolean;
  size(): number;
  newest(): number;
  holdsUpTo(sequence: number): boolean;
  clear(): void;
}

const BATCH_ROWS = 256;
/** UTF-16 units of bodies in one batch: bounds one transaction. */
const BATCH_WEIGHT = 4 * 1024 * 1024;
/** UTF-16 units of bodies that may wait; beyond it rows wait without their bodies. */
const MAX_WEIGHT = 32 * 1024 * 1024;
const BODY_LEFT_OUT = '[left out: the ledger is behind]';

export function createBacklog(maxRows: number): Backlog {
  let waiting: Entry[] = [];
  let taken: Entry[] = [];
  let weight = 0;
  let sequence = 0;

  return {
    add(row) {
      if (waiting.length + taken.length >= maxRows) return false;
      sequence += 1;
      const entry = entryOf(row, sequence, MAX_WEIGHT - weight);
      weight += entry.weight;
      waiting.push(entry);
      return true;
    },
    takeBatch() {
      let rows = 0;
      let batchWeight = 0;
      for (const entry of waiting) {
        if (rows >= BATCH_ROWS || (rows > 0 && batchWeight + entry.weight > BATCH_WEIGHT)) break;
        rows += 1;
        batchWeight += entry.weight;
      }
      taken = waiting.slice(0, rows);
      waiting = waiting.slice(rows);
      return taken;
    },
    putBack(refused) {
      for (const entry of taken) weight -= entry.weight;
      for (const entry of refused) weight += entry.weight;
      taken = [];
      waiting.push(...refused);
    },
    hasFullBatch: () => waiting.length >= BATCH_ROWS || weight >= BATCH_WEIGHT,
    size: () => waiting.length + taken.length,
    newest: () => sequence,
    holdsUpTo: (newest) => [...taken, ...waiting].some((entry) => entry.sequence <= newest),
    clear() {
      waiting = [];
      taken = [];
      weight = 0;
    },
  };
}

function entryOf(given: LedgerRow, sequence: number, room: number): Entry {
  const row = soundRow(given);
  const weight = (row.requestBody?.length ?? 0) + (row.responseBody?.length ?? 0);
  if (weight <= room) return { row, sequence, weight, strikes: 0 };
  const requestBody = row.requestBody === null ? null : BODY_LEFT_OUT;
  const responseBody = row.responseBody === null ? null : BODY_LEFT_OUT;
  return { row: { ...row, requestBody, responseBody }, sequence, weight: 0, strikes: 0 };
}
