// The interface of ledger stores; SQLite is the default, others must give the same answers.
import type { PeriodBounds } from '../model/calendar-period.ts';
import type { Spending } from './budgets/budget-book.ts';
import type { LedgerRow, RowOperation, RowStatus } from './rows/row.ts';

export interface LedgerStore {
  /**
   * Stores the rows, each once by request id however often it is passed. Throws where it cannot.
   * @param packets of more rows. They are read until the promise settles.
   */
  append(rows: readonly LedgerRow[], packets?: readonly SharedArrayBuffer[]): Promise<void>;
  /** Packs a long request body for `requestZstd` on another thread; absent where rows hold text. */
  readonly pack?: (body: string) => Promise<Uint8Array>;
  audit(filter: AuditFilter): Promise<AuditRows>;
  totals(window?: SumWindow): Promise<Totals>;
  summary(request: SummaryRequest): Promise<Summary>;
  /** The steps that have requests, oldest first, including expired rows. */
  series(request: SeriesRequest): Promise<SeriesPoint[]>;
  /** What each spender has spent in a period, including expired rows. */
  spending(period: PeriodBounds): Promise<Spending[]>;
  /** Newest first, without bodies. `after`: only rows stored later than this one. */
  recent(limit: number, after?: LaterThan): Promise<StoredRow[]>;
  /**
   * Deletes some of the rows older than this (Unix ms), so few that new rows hardly have to wait; totals keep counting
   * them.
   */
  expire(before: number): Promise<Expiry>;
  /** What the operator should know, such as a damaged file that was set aside; absent: there never is anything. */
  notices?(): readonly string[];
  close(): Promise<void>;
}

interface Expiry {
  /** How many were deleted. */
  rows: number;
  /** No older rows are left. */
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

/** A row's position in the order of all: newer ones have a later time, or the same time and a higher id. */
export type RowPlace = Pick<StoredRow, 'timestamp' | 'id'>;

export type Dimension = 'provider' | 'model' | 'agent' | 'project';

export interface LaterThan {
  id: StoredRow['id'];
  /** Unix ms; requests that began before are left out. */
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
  /** Lists only rows after this one, which may be deleted by now; `offset` is 0 then. Does not affect `total`. */
  before?: RowPlace;
  includeBodies: boolean;
  /** With `includeBodies`: restores binary parts, where they are kept; otherwise they are references. */
  includeBinaries?: boolean;
}

/** Which requests count: all since a time, including expired rows. */
export interface SumWindow {
  /** Unix ms, see `startOfWindow`; null: all time. */
  since: number | null;
  /** Unix ms, exclusive, for a window that ends before the newest row. */
  until?: number;
  /** Only this project's. */
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
  /** Times in Unix ms, of which the steps are those that contain the first, the last and any between. */
  from: number;
  until: number;
  /** Only this project's. */
  project?: string;
  /** The dimensions by which to break down the totals. */
  by: readonly Dimension[];
}

/** What was asked in one step. */
export interface SeriesPoint {
  /** When the step begins, in Unix ms. */
  start: number;
  totals: Totals;
  by: Breakdowns;
}

/** For each dimension asked for, its names: that with the highest cost first, requests without a name last. */
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
  /** Output tokens of streams, and the time in which they came: from the first content of each to its last. */
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
