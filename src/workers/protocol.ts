// What the primary and its workers ask of each other.
import type { TlsConfig } from '../config/resolved.ts';
import type { FleetNotice } from '../gateway/fleet.ts';
import type { Spent } from '../ledger/budgets/budget-book.ts';
import type { LimitState } from '../limits/limit-line.ts';
import type { RemoteState } from '../limits/remote-count.ts';
import type { RunningRequest } from '../management/streams.ts';
import type { DescriptorState } from '../model/descriptor-state.ts';
import type { LogState } from '../model/log-state.ts';
import type { PoolState } from '../upstream/connections.ts';
import type { ProviderState } from '../upstream/provider-state.ts';
import type { HandedRows } from './handed-rows.ts';
import type { SentConfig } from './sent-config.ts';

/** Set for a worker, as `INDEX/COUNT/PROGRAM`: its number from 0, how many there are, and the program of the primary. */
export const WORKER_VARIABLE = 'SLUICE_WORKER';
/** Exit code of a worker whose program differs from its primary's. */
export const OTHER_PROGRAM_CODE = 78;
/** Descriptors that a worker inherits. */
export const SHARED_DESCRIPTOR = 3;
export const MEMORY_DESCRIPTOR = 4;

/** A request for one of the gateway's own pages. */
export interface PageRequest {
  method: string;
  /** Path and query. */
  path: string;
  /** The project of the presented key; null: the operator's. */
  project: string | null;
}

/** The head and the first piece. */
export interface Page extends PagePiece {
  status: number;
  headers: [name: string, value: string][];
  /** The number by which its next piece is requested. */
  page: number;
}

/** Bytes as they go to the client; on the way they are only copied. */
export interface PagePiece {
  bytes: Uint8Array<ArrayBuffer>;
  isLast: boolean;
}

/** What a worker receives before it serves. */
export interface WorkerSetup {
  hostname: string;
  port: number;
  /** Null: plain HTTP. */
  tls: TlsConfig | null;
  config: SentConfig;
  /** Provider's name → its column in the table of loads. */
  columns: ReadonlyMap<string, number>;
  /** Whether rows are kept, not only counted. */
  recorded: boolean;
  /** Whether traces are collected. */
  traced: boolean;
  /** The primary's clock when it answered: milliseconds that also pass while the machine sleeps. */
  clock: number;
}

/** How long an orderly end may take, in milliseconds. */
export interface EndTimes {
  /** How long requests are still accepted. */
  delayMs: number;
  /** How long those that are running then may continue. */
  timeoutMs: number;
}

/** The methods of a worker. */
export type WorkerMethods = {
  learn(notice: FleetNotice): void;
  /** Another configuration is in force; resolves when it is in use. */
  reload(columns: ReadonlyMap<string, number>, config: SentConfig): Promise<void>;
  running(): Promise<RunningRequest[]>;
  cancel(requestId: string): Promise<boolean>;
  providerStates(): ProviderState[];
  rateLimits(): LimitState[] | Promise<LimitState[]>;
  logState(): LogState;
  descriptorState(): DescriptorState;
  connections(): PoolState[];
  /** Only shows that it can answer. */
  beat(): void;
  /** Hands over all waiting rows. */
  flush(): Promise<void>;
  /** Says whether somebody watches the live view; then the worker sends its frames. */
  watched(isOn: boolean): void;
  /** A frame of another worker, for viewers at this one. */
  frame(frame: Uint8Array): void;
  /** Ends in an orderly way; resolves with how many requests were cut. */
  drain(times: EndTimes): Promise<number>;
  /** The time of a drain is over. */
  hurry(): void;
};

/** The methods of the primary. */
export type PrimaryMethods = {
  setup(): WorkerSetup;
  /** The worker serves. */
  ready(): void;
  notice(notice: FleetNotice): void;
  /** Whether the worker reaches the server over which several gateways count rate limits; null: there is none. */
  remoteChanged(state: RemoteState | null): void;
  /** So much more was spent of budgets. */
  spent(added: readonly Spent[]): void;
  /** Takes rows into the primary's ledger and meter. @param batch number of this worker's batch, from 1. */
  append(rows: HandedRows, batch: number): void;
  page(request: PageRequest): Promise<Page | undefined>;
  nextPiece(page: number): Promise<PagePiece>;
  /** The page's reader has left. */
  leavePage(page: number): void;
  /** Says whether anybody watches at this worker; resolves when all workers know. */
  watching(isOn: boolean): Promise<void>;
  frame(frame: Uint8Array): void;
};
