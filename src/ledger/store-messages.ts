// The messages between a store's thread and its owner.
import type { BinariesOfRows } from './rows/row-columns.ts';
import type { RowPacket } from './rows/row-packets.ts';
import type { LedgerStore } from './store.ts';

/** Where the ledger is stored. */
export type StoreLocation = { type: 'sqlite'; path: string } | { type: 'postgres'; url: string };

/** A store inside its thread. */
export interface ValueStore extends Omit<LedgerStore, 'notices' | 'pack'> {
  /** `append` for rows that came from another thread. */
  appendPackets(packets: readonly RowPacket[], binaries?: BinariesOfRows): Promise<void>;
}

export type StoreMethod = Exclude<keyof ValueStore, 'append' | 'appendPackets'>;

/** The thread's first message. */
export interface StoreOpening {
  open: StoreLocation;
  /** As of `createKinds`. */
  projects: readonly string[];
}

export type StoreCall = {
  [M in StoreMethod]: { id: number; method: M; args: Parameters<ValueStore[M]> };
}[StoreMethod];

/** Rows to append. After the answer, the packets are no longer read. */
export interface StoreRows {
  id: number;
  packets: RowPacket[];
  binaries: BinariesOfRows | undefined;
}

/** Sent unasked: what the operator should know about the store. */
export interface StoreNotice {
  notice: string;
}

export interface StoreAnswer {
  id: number;
  result?: unknown;
  /** The message of the error thrown. */
  error?: string;
  /** Whether the error was a `StoreBusy`. */
  isBusy?: true;
}
