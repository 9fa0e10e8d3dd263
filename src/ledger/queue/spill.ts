// Holds rows that the store does not take and memory should not hold. They outlast the process.
import type { LedgerRow } from '../rows/row.ts';

export interface Spill {
  /** Appends rows, and resolves to how many of the first ones it took. Never rejects. */
  put(rows: readonly LedgerRow[]): Promise<number>;
  /** The oldest rows, at most a batch, without removing them. Never rejects. */
  next(): Promise<readonly LedgerRow[]>;
  /** Removes the first `count` of what `next` returned. Never rejects. */
  remove(count: number): Promise<void>;
  held(): SpillHeld;
  /** Closes after pending operations; what it holds stays. */
  close(): Promise<void>;
}

interface SpillHeld {
  rows: number;
  bytes: number;
  /** How many rows were held and could not be read back. */
  lost: number;
  /** Why the last `put` was not taken in full, or what cannot be read; null if neither. */
  lastError: string | null;
}

/** For a ledger without a spill: everything stays in memory. */
export const NO_SPILL: Spill = {
  put: async () => 0,
  next: async () => [],
  remove: async () => undefined,
  held: () => ({ rows: 0, bytes: 0, lost: 0, lastError: null }),
  close: async () => undefined,
};
