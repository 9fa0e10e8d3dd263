// What a ledger store does; SQLite is the one at hand, others must give the same answers.
import type { LedgerRow, RowOperation, RowStatus } from './row.ts';

export interface LedgerStore {
  /** Keeps the rows, each once by request id however often it is handed over. Throws where it cannot. */
  append(rows: readonly LedgerRow[]): Promise<void>;
  audit(filter: AuditFilter): Promise<{ rows: StoredRow[]; total: number }>;
  totals(): Promise<Totals>;
  costBy(dimension: Dimension): Promise<Record<string, number>>;
  /** Newest first, without bodies. */
  recent(limit: number): Promise<StoredRow[]>;
  /** Deletes rows older than this (Unix ms); totals keep counting them. Returns how many. */
  expire(before: number): Promise<number>;
  close(): Promise<void>;
}

export type StoredRow = LedgerRow & { id: number };

export type Dimension = 'provider' | 'model' | 'agent' | 'project';

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
  includeBodies: boolean;
}

/** Over all time, expired rows included. */
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
};
