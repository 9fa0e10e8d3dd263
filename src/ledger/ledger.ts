// The ledger as the gateway sees it: it accepts rows. Recording never delays a stream.
import type { LedgerRow } from './rows/row.ts';
import type { LedgerStore } from './store.ts';

export interface RowTaker {
  /** Queues the row. Never throws and never waits. */
  record(row: LedgerRow): void;
  /** Packs a long request body for `requestZstd` on another thread; left out where rows hold text. */
  readonly pack?: (body: string) => Promise<Uint8Array>;
  /** Writes all rows taken so far; also resolves when the store refuses them. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface Ledger extends RowTaker {
  readonly store: LedgerStore;
  /** Like `record`, for rows that another process has checked and put in a packet (`compactPacket`), which is copied. */
  recordPacket(packet: Uint8Array): void;
  health(): LedgerHealth;
}

export interface LedgerHealth {
  ok: boolean;
  /** How many rows in memory wait for the store. */
  queued: number;
  /** How many rows on disk wait for the store, and their size. */
  spilled: number;
  spilledBytes: number;
  /** How many rows could not be kept since the start. */
  dropped: number;
  lastError: string | null;
  /** What the operator should know about the store, oldest first. */
  notices: readonly string[];
}
