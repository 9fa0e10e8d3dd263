// One gateway in several processes: what each tells the others, and what the whole must answer for.
import type { Spent } from '../ledger/budgets/budget-book.ts';
import type { RowTaker } from '../ledger/ledger.ts';
import type { RowOperation } from '../ledger/rows/row.ts';
import type { DialectId } from '../model/dialect-id.ts';
import type { PeerNotice, Peers } from '../upstream/peers.ts';

/** The other processes, as the gateway in this one sees them. */
export interface Fleet {
  peers: Peers;
  /** Who counts the requests of all processes, and keeps their rows where anything is recorded. */
  rows: RowTaker;
  /** Whether somebody collects traces of all of them. */
  traced: boolean;
  /** So much more was spent of budgets here. */
  spent(added: readonly Spent[]): void;
  /** A conversation is served where it was not before. */
  placed(place: string, target: string): void;
  /** Answers the gateway's own pages for all processes; undefined for other paths. Never rejects. */
  manage(request: Request, url: URL): Promise<Response | undefined>;
  /** A request runs: it is to be accounted even if this process dies. Told again when more is known of it. */
  begun(request: BegunRequest): void;
}

/** What a process is told by the others. */
export type FleetNotice =
  | { about: 'provider'; notice: PeerNotice }
  | { about: 'place'; place: string; target: string }
  /** What all have spent of budgets together. */
  | { about: 'spent'; spent: readonly Spent[] }
  /** This process is the one that looks whether providers are there, from now on. */
  | { about: 'probes' }
  /** A process has ended without saying so. */
  | { about: 'loss' };

/** What a row says of a request that never came to write its own. No name holds a secret. */
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
}
