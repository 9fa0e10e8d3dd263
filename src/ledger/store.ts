// The interface of ledger stores. SQLite is the default; others must give the same answers.
import type { PeriodBounds } from '../model/calendar-period.ts';
import type { Spending } from './budgets/budget-book.ts';
import type { LedgerRow, RowOperation, RowStatus } from './rows/row.ts';

export interface LedgerStore {
  /**
   * Stores the rows, each once by request id however often it is passed. Throws where it cannot.
   * @param packets of more rows. They are read until the promise settles.
   */
  append(rows: readonly LedgerRow[], packets?: readonly SharedArrayBuffer[]): Promise<void>;
  /** Packs a long request body for `requestZstd` on another thread; left out where rows hold text. */
  readonly pack?: (body: string) => Promise<Uint8Array>;
  audit(filter: AuditFilter): Promise<AuditRows>;
  totals(window?: SumWindow): Promise<Totals>;
  summary(request: SummaryRequest): Promise<Summary>;
  /** The steps that have requests, oldest first, including expired rows. */
  series(request: SeriesRequest): Promise<SeriesPoint[]>;
  /** What each spender has spent in a period, including expired rows. */
  spending(period: PeriodBounds): Promise<Spending[]>;
  /** Newest first, without bodies. @param after only rows stored later than this one are returned. */
  recent(limit: number, after?: LaterThan): Promise<StoredRow[]>;
  /**
   * Deletes some of the rows older than this (Unix ms), so few that new rows hardly have to wait; totals keep counting
   * them.
   */
  expire(before: number): Promise<Expiry>;
  /** What the operator should know, such as a damaged file that was set aside; left out where there never is anything. */
  notices?(): readonly string[];
  close(): Promise<void>;
}

interface Expiry {
  /** How many rows were deleted. */
  rows: number;
  /** Whether no older rows are left. */
  isDone: boolean;
}

export type StoredRow = LedgerRow & { id: number };

export interface AuditRows {
  /** Newest first. */
  rows: StoredRow[];
  /** How many rows match the filter, on any page. */
  total: number;
  /** Whether older matches than the last of `rows` exist. */
  hasOlder: boolean;
}

/** A row's position in the order of all rows: newer ones have a later time, or the same time and a higher id. */
export type RowPlace = Pick<StoredRow, 'timestamp' | 'id'>;

export type Dimension = 'provider' | 'model' | 'agent' | 'project';

export interface LaterThan {
  id: StoredRow['id'];
  /** In Unix ms; requests that began earlier are left out. */
  begunSince: number;
}

export interface AuditFilter {
  /** Unix ms, inclusive. */
  startTime?: number;
  /** Unix ms, inclusive. */
  endTime?: number;
  requestId?: string;
  agentType?: string;
  provider?: string;
  model?: string;
  projectId?: string;
  operation?: RowOperation;
  status?: RowStatus;
  success?: boolean;
  limit: number;
  offset: number;
  /** Lists only rows after this one, which may be deleted already; `offset` is then 0. It does not affect `total`. */
  before?: RowPlace;
  includeBodies: boolean;
  /** With `includeBodies`: restores binary parts, where they are kept; otherwise they are references. */
  includeBinaries?: boolean;
}

/** Which requests count: all since a certain time, including expired rows. */
export interface SumWindow {
  /** In Unix ms, see `startOfWindow`; null stands for all time. */
  since: number | null;
  /** Unix ms, exclusive, for a window that ends before the newest row. */
  until?: number;
  /** Only requests of this project. */
  project?: string;
}

export const ALL_TIME: SumWindow = { since: null };

export interface SummaryRequest {
  window: SumWindow;
  /** The dimensions by which to break down the totals. */
  by: readonly Dimension[];
  /** The most models to return. */
  models: number;
}

export interface Summary {
  totals: Totals;
  by: Breakdowns;
  /** Those with the most requests first. */
  models: ModelTotals[];
}

/** Sums are kept for whole hours and whole days in UTC. */
export type SeriesStep = 'hour' | 'day';

export interface SeriesRequest {
  step: SeriesStep;
  /** Times in Unix ms. The steps are those that contain the first and the last of them, and all in between. */
  from: number;
  until: number;
  /** Only requests of this project. */
  project?: string;
  /** The dimensions by which to break down the totals. */
  by: readonly Dimension[];
}

/** What was requested in one step. */
export interface SeriesPoint {
  /** When the step begins, in Unix ms. */
  start: number;
  totals: Totals;
  by: Breakdowns;
}

/** The names in each requested dimension, with the highest cost first and requests without a name last. */
export type Breakdowns = Partial<Record<Dimension, NamedTotals[]>>;

export interface NamedTotals extends Totals {
  name: string | null;
}

export interface Totals {
  requests: number;
  /** Requests whose status is not `success`. */
  failures: number;
  costUsd: number;
  /** Requests with token counts but no price. */
  unpriced: number;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  latencyMsSum: number;
  ttftMsSum: number;
  ttftCount: number;
  reasoningTokens: number;
  webSearches: number;
  providerMsSum: number;
  gatewayMsSum: number;
  stalls: number;
  /** Output tokens of streams, and the time in which they came, from the first content of each to its last. */
  flowTokens: number;
  flowMs: number;
}

/** The totals of one model of one provider. Histograms are counts by `bucketOf`. */
export interface ModelTotals extends Totals {
  provider: string;
  model: string;
  latency: number[];
  ttft: number[];
  gaps: number[];
}

export const NO_TOTALS: Totals = {
  requests: 0,
  failures: 0,
  costUsd: 0,
  unpriced: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  latencyMsSum: 0,
  ttftMsSum: 0,
  ttftCount: 0,
  reasoningTokens: 0,
  webSearches: 0,
  providerMsSum: 0,
  gatewayMsSum: 0,
  stalls: 0,
  flowTokens: 0,
  flowMs: 0,
};
