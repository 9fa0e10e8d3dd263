// Where rows wait that the store does not take and memory should not hold: they outlast the process.
import type { LedgerRow } from '../rows/row.ts';

export interface Spill {
  /** Keeps rows behind those it has; resolves to how many of the first it took. Never rejects. */
  put(rows: readonly LedgerRow[]): Promise<number>;
  /** The oldest rows, a batch at most, without taking them out. Never rejects. */
  next(): Promise<readonly LedgerRow[]>;
  /** Takes out so many of what `next` gave. Never rejects. */
  remove(count: number): Promise<void>;
  held(): SpillHeld;
  /** Ends after what was begun; what is held stays. */
  close(): Promise<void>;
}

export interface SpillHeld {
  rows: number;
  bytes: number;
  /** Rows that were held and could not be read again. */
  lost: number;
  /** Why it took less than it was given the last time, or what it cannot read; null where all is well. */
  lastError: string | null;
}

/** Where there is none: everything stays in memory. */
export const NO_SPILL: Spill = {
  put: async () => 0,
  next: async () => [],
  remove: async () => undefined,
  held: () => ({ rows: 0, bytes: 0, lost: 0, lastError: null }),
  close: async () => undefined,
};
