// What the primary and its workers ask of each other.
import type { FleetNotice } from '../gateway/fleet.ts';
import type { Spent } from '../ledger/budgets/budget-book.ts';
import type { RunningRequest } from '../management/streams.ts';
import type { PoolState } from '../upstream/connections.ts';
import type { ProviderState } from '../upstream/provider-state.ts';
import type { HandedRows } from './handed-rows.ts';
import type { SentConfig } from './sent-config.ts';

/** Set for a worker: its number, from 0, and of how many. */
export const WORKER_VARIABLE = 'SLUICE_WORKER';
/** Descriptors that a worker inherits. */
export const BOARD_DESCRIPTOR = 3;
export const MEMORY_DESCRIPTOR = 4;

/** A page of the gateway's own, as it is asked for. */
export interface PageRequest {
  method: string;
  /** Path and query. */
  path: string;
}

/** The head and the first piece. */
export interface Page extends PagePiece {
  status: number;
  headers: [name: string, value: string][];
  /** Under which number the next piece is asked for. */
  page: number;
}

/** As it goes to the client: only copied on its way. */
export interface PagePiece {
  bytes: Uint8Array<ArrayBuffer>;
  isLast: boolean;
}

/** What a worker is told before it serves. */
export interface WorkerSetup {
  hostname: string;
  port: number;
  config: SentConfig;
  /** Which column of the board is whose, by the provider's name. */
  columns: ReadonlyMap<string, number>;
  /** Whether rows are kept, with what was said in them. */
  recorded: boolean;
  /** Whether somebody collects traces. */
  traced: boolean;
}

/** What a worker answers. */
export type WorkerMethods = {
  learn(notice: FleetNotice): void;
  /** Another configuration is in force; resolves when it is in use. */
  reload(columns: ReadonlyMap<string, number>, config: SentConfig): Promise<void>;
  running(): Promise<RunningRequest[]>;
  cancel(requestId: string): Promise<boolean>;
  providerStates(): ProviderState[];
  connections(): PoolState[];
  /** That it can answer is all that is asked. */
  beat(): void;
  /** Hands over all rows there are. */
  flush(): Promise<void>;
  /** Whether somebody watches the live view; then its frames are to be told. */
  watched(isOn: boolean): void;
  /** What happens in other workers, for those who watch at this one. */
  frame(frame: Uint8Array): void;
  /** Ends in order; resolves to how many requests were cut. */
  drain(timeoutMs: number): Promise<number>;
  /** The time of a drain is over. */
  hurry(): void;
};

/** What the primary answers. */
export type PrimaryMethods = {
  setup(): WorkerSetup;
  /** It serves. */
  ready(): void;
  notice(notice: FleetNotice): void;
  /** So much more was spent of budgets. */
  spent(added: readonly Spent[]): void;
  /** Takes rows into its ledger and its meter. @param batch of this worker, from 1. */
  append(rows: HandedRows, batch: number): void;
  page(request: PageRequest): Promise<Page | undefined>;
  nextPiece(page: number): Promise<PagePiece>;
  /** Whoever read the page has left. */
  leavePage(page: number): void;
  /** Whether anybody watches at this worker; resolves when all workers know. */
  watching(isOn: boolean): Promise<void>;
  frame(frame: Uint8Array): void;
};
