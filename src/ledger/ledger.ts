// The ledger as the gateway sees it: it takes rows. Recording never delays a stream.
import type { LedgerRow } from './rows/row.ts';
import type { LedgerStore } from './store.ts';

export interface RowTaker {
  /** Queues the row. Never throws and never waits. */
  record(row: LedgerRow): void;
  /** Packs a long request body for `requestZstd` on another thread; absent where rows hold text. */
  readonly pack?: (body: string) => Promise<Uint8Array>;
  /** Writes all rows taken so far; also resolves when the store refuses them. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface Ledger extends RowTaker {
  readonly store: LedgerStore;
  /** Like `record`, for rows that another process has made sound and put in a packet (`compactPacket`), which is copied. */
  recordPacket(packet: Uint8Array): void;
  health(): LedgerHealth;
}

export interface LedgerHealth {
  ok: boolean;
  /** Rows in memory that wait for the store. */
  queued: number;
  /** Rows on disk that wait for the store, and their size. */
  spilled: number;
  spilledBytes: number;
  /** Rows that could not be kept since start. */
  dropped: number;
  lastError: string | null;
  /** What the operator should know about the store, oldest first. */
  notices: readonly string[];
}
