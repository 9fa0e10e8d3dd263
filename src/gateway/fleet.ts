// One gateway in several processes: what the processes report to each other, and what they count together.
import type { Spent } from '../ledger/budgets/budget-book.ts';
import type { RowTaker } from '../ledger/ledger.ts';
import type { Attempt, RowOperation, RowTrace } from '../ledger/rows/row.ts';
import type { Counters } from '../limits/counters.ts';
import type { RemoteState } from '../limits/remote-count.ts';
import type { Manage } from '../management/management.ts';
import type { DialectId } from '../model/dialect-id.ts';
import type { RouteDecision } from '../model/route-decision.ts';
import type { PeerNotice, Peers } from '../upstream/peers.ts';

/** The other processes, as the gateway in this one sees them. */
export interface Fleet {
  peers: Peers;
  /** Counts the requests of all processes, and keeps their rows where anything is recorded. */
  rows: RowTaker;
  /** Whether the traces of all processes are collected. */
  traced: boolean;
  /** Reports what was spent from budgets in this process since the last report. */
  spent(added: readonly Spent[]): void;
  /** The counters of rate limits, in memory that all processes share. */
  counters: Counters;
  /** Reports whether this process reaches the server over which several gateways count rate limits; null: there is none. */
  remoteChanged(state: RemoteState | null): void;
  /** Reports that a conversation is now served by another target. */
  placed(place: string, target: string): void;
  /** Answers the gateway's own pages for all processes; undefined for other paths. Never rejects. */
  manage: Manage;
  /** Reports a running request, which then gets a row even if this process dies. Called again when more is known of it. */
  begun(request: BegunRequest): void;
}

/** What the other processes report to this one. */
export type FleetNotice =
  | { about: 'provider'; notice: PeerNotice }
  | { about: 'place'; place: string; target: string }
  /** What all processes together have spent from budgets. */
  | { about: 'spent'; spent: readonly Spent[] }
  /** From now on, this process is the one that probes the providers. */
  | { about: 'probes' }
  /** A process has died without saying so. */
  | { about: 'loss' };

/** What the row of a request says if its process dies before writing it. No name holds a secret. */
export interface BegunRequest {
  requestId: string;
  /** Unix milliseconds. */
  timestamp: number;
  clientDialect: DialectId;
  operation: RowOperation;
  streamed: boolean;
  requestedModel: string | null;
  agentType: string | null;
  projectId: string | null;
  provider: string | null;
  model: string | null;
  /** Null until it was routed. */
  route: RouteDecision | null;
  /** Null where it is not traced. */
  trace: RowTrace | null;
  /** The tries before the one that is under way. */
  attempts: readonly Attempt[];
}
