// What a ledger store does; SQLite is the one at hand, others must give the same answers.
import type { PeriodBounds } from '../model/calendar-period.ts';
import type { Spending } from './budgets/budget-book.ts';
import type { LedgerRow, RowOperation, RowStatus } from './rows/row.ts';

export interface LedgerStore {
  /**
   * Keeps the rows, each once by request id however often it is handed over. Throws where it cannot.
   * @param packets of more rows. They are read until it answers.
   */
  append(rows: readonly LedgerRow[], packets?: readonly SharedArrayBuffer[]): Promise<void>;
  /** A long request body as rows may hold it (`requestZstd`), made on another thread; left out where rows hold text. */
  readonly pack?: (body: string) => Promise<Uint8Array>;
  audit(filter: AuditFilter): Promise<AuditRows>;
  totals(window?: SumWindow): Promise<Totals>;
  summary(request: SummaryRequest): Promise<Summary>;
  /** What each spender has spent in a period, expired rows among it. */
  spending(period: PeriodBounds): Promise<Spending[]>;
  /** Newest first, without bodies. `after`: only those that were kept later than this row. */
  recent(limit: number, after?: LaterThan): Promise<StoredRow[]>;
  /**
   * Deletes some of the rows that are older than this (Unix ms), so few that rows which come meanwhile hardly wait;
   * totals keep counting them.
   */
  expire(before: number): Promise<Expiry>;
  /** What people should know of it, such as a damaged file that was kept aside; left out: nothing ever. */
  notices?(): readonly string[];
  close(): Promise<void>;
}

export interface Expiry {
  /** How many went. */
  rows: number;
  /** Nothing older is left. */
  isDone: boolean;
}

export type StoredRow = LedgerRow & { id: number };

export interface AuditRows {
  /** Newest first. */
  rows: StoredRow[];
  /** How many rows match the filter, wherever they lie. */
  total: number;
  /** Whether any of them is older than the last of `rows`. */
  hasOlder: boolean;
}

/** Where a row lies among all: newer ones have a later time, or the same and a higher id. */
export type RowPlace = Pick<StoredRow, 'timestamp' | 'id'>;

export type Dimension = 'provider' | 'model' | 'agent' | 'project';

export interface LaterThan {
  id: StoredRow['id'];
  /** Unix ms; requests that began before are not looked for. */
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
  /** Only rows behind this one, which need not be there any more, are listed; `offset` is 0 then. `total` knows it not. */
  before?: RowPlace;
  includeBodies: boolean;
  /** With `includeBodies`: binary parts in their places again, as far as they are kept; default: references. */
  includeBinaries?: boolean;
}

/** Which requests count: all from a time on. Expired rows are among them. */
export interface SumWindow {
  /** Unix ms, see `startOfWindow`; null: all time. */
  since: number | null;
  /** Unix ms, exclusive, where it ends before the newest row. */
  until?: number;
}

export const ALL_TIME: SumWindow = { since: null };

export interface SummaryRequest {
  window: SumWindow;
  /** By which names costs are wanted. */
  costs: readonly Dimension[];
  /** How many models are wanted at most. */
  models: number;
}

export interface Summary {
  totals: Totals;
  /** Of each dimension that was asked for, the dearest name first. */
  costs: Partial<Record<Dimension, Record<string, number>>>;
  /** Those with the most requests first. */
  models: ModelTotals[];
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

/** What one model of one provider was asked. Spreads are counts by `bucketOf`. */
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
