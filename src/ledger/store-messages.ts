// What a store's thread and its owner say to each other.
import type { BinariesOfRows } from './rows/row-columns.ts';
import type { RowPacket } from './rows/row-packets.ts';
import type { LedgerStore } from './store.ts';

/** Where the ledger lies. */
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
}

export type StoreCall = {
  [M in StoreMethod]: { id: number; method: M; args: Parameters<ValueStore[M]> };
}[StoreMethod];

/** Rows to append; the packets are not read any more when it is answered. */
export interface StoreRows {
  id: number;
  packets: RowPacket[];
  binaries: BinariesOfRows | undefined;
}

/** Said unasked: what people should know of the store. */
export interface StoreNotice {
  notice: string;
}

export interface StoreAnswer {
  id: number;
  result?: unknown;
  /** The message of what was thrown. */
  error?: string;
  /** It was a `StoreBusy`. */
  isBusy?: true;
}
