// One row of the ledger: one request, whatever its ending (GUARANTEES 16).
import type { DialectId } from '../../model/dialect-id.ts';
import type { ErrorCode } from '../../model/errors.ts';
import type { RouteDecision } from '../../model/route-decision.ts';
import type { Usage } from '../../model/usage.ts';
import type { BinaryPart } from './binary-parts.ts';

export const ROW_STATUSES = ['success', 'error', 'aborted', 'truncated'] as const;
export type RowStatus = (typeof ROW_STATUSES)[number];

/** What was asked for. */
export const ROW_OPERATIONS = ['generate', 'count-tokens', 'embed', 'compact'] as const;
export type RowOperation = (typeof ROW_OPERATIONS)[number];

/** One try at one target. */
export interface Attempt {
  provider: string;
  model: string;
  /** HTTP status of the upstream, null where it did not answer. */
  status: number | null;
  /** Null: this attempt served. */
  error: ErrorCode | null;
  message?: string;
  /** Of one that was skipped: how long the request waited for it. */
  durationMs: number;
  /** Milliseconds from the request until this try began; left out where it was not asked. */
  startedMs?: number;
  /** 16 hex digits; left out where the request is not traced. */
  spanId?: string;
  /** The part of the request's time spent waiting for this provider; left out where it was not asked. */
  providerMs?: number;
  /** Which of the provider's keys was used, by its position (`#2`); left out where there is no choice. */
  key?: string;
  /** Why the target was not asked at all: such an entry stands for no call. */
  skipped?: 'breaker_open' | 'keys_set_aside' | 'busy' | 'no_key' | 'budget_spent';
  /**
   * Went on with the answer of the attempt before it that broke (`routing.continue_streams`): from where that
   * stopped, or by an answer of its own that repeats what the client has.
   */
  continued?: 'prefilled' | 'repeated';
  /** Begun beside another that had not spoken yet (`routing.hedge_after`). */
  hedge?: true;
  /** Of a failed try whose provider reported usage. `costUsd` null: unpriced. */
  usage?: Usage;
  costUsd?: number | null;
}

/**
 * Where the time went, in milliseconds. `providerMs`, `clientMs`, `backOffMs`, `gatewayMs` and the row's `queuedMs`
 * add up to its `latencyMs`.
 */
export interface RowTiming {
  /** Until the connection of the last try stood; null where one was open already, or nobody could tell. */
  connectMs: number | null;
  /** From the request until the newest content of the answer; null where there was none. */
  lastTokenMs: number | null;
  /** Waiting for providers, in all tries. */
  providerMs: number;
  /** Waiting for a client that does not read. */
  clientMs: number;
  /** Pauses between tries. */
  backOffMs: number;
  /** The gateway's own share: all the rest. */
  gatewayMs: number;
  /** Waits of more than a second (`STALL_MS`) for the next content of a stream. */
  stalls: number;
  /** The waits for the next content: the longest, the median, the 99th percentile. Null where there was none. */
  longestGapMs: number | null;
  gapP50Ms: number | null;
  gapP99Ms: number | null;
  /** All of them, as `packSpread` writes them, and added up. */
  gaps: string | null;
  gapsMs: number;
}

export const NO_TIMING: Readonly<RowTiming> = Object.freeze({
  connectMs: null,
  lastTokenMs: null,
  providerMs: 0,
  clientMs: 0,
  backOffMs: 0,
  gatewayMs: 0,
  stalls: 0,
  longestGapMs: null,
  gapP50Ms: null,
  gapP99Ms: null,
  gaps: null,
  gapsMs: 0,
});

/** The trace that a request belongs to, and the request's own place in it. Ids are hex digits, as in `traceparent`. */
export interface RowTrace {
  traceId: string;
  spanId: string;
  /** Of the client; null where the trace begins here. */
  parentSpanId: string | null;
  sampled: boolean;
}

export interface LedgerRow {
  requestId: string;
  /** Unix milliseconds at which the request came in. */
  timestamp: number;
  agentType: string | null;
  projectId: string | null;
  operation: RowOperation;
  /** `neutral`: asked through the library. */
  clientDialect: DialectId | 'neutral';
  /** The last target asked, else the last that refused or kept waiting; null where none was reached. */
  provider: string | null;
  /** The model that served, else the one of that target, else the client's. */
  model: string | null;
  requestedModel: string | null;
  status: RowStatus;
  /** The HTTP status the client got. */
  httpStatus: number;
  streamed: boolean;
  latencyMs: number;
  /** Until the first content event was ready for the client. */
  ttftMs: number | null;
  /** Time in the gateway before the first upstream call. */
  overheadMs: number | null;
  /** Time spent waiting for room at a provider, which `overheadMs` holds too; null where nothing waited. */
  queuedMs: number | null;
  timing: RowTiming;
  /** All zero where the upstream reported none: `usageKnown` tells the two apart. */
  usage: Usage;
  usageKnown: boolean;
  /** Of all tries together. Null: unpriced. */
  costUsd: number | null;
  finishReason: string | null;
  /** Why it went where it went; null where it was refused before. */
  route: RouteDecision | null;
  /** Null where nobody traces it. */
  trace: RowTrace | null;
  attempts: Attempt[];
  /** Names of the transformers in use at the last target, in the order in which they apply to requests. */
  transformers: string[];
  lost: string[];
  /** Events, and reports of counts, of which something could not be read and was left out. */
  malformedEvents: number;
  errorCode: ErrorCode | null;
  errorMessage: string | null;
  /** What the client asked for beside the body (`featuresIn`); null where it did not, or no body is kept. */
  requestHeaders: Readonly<Record<string, string>> | null;
  /** Without its binary parts, and so the other. */
  requestBody: string | null;
  responseBody: string | null;
  /** In place of `requestBody`: the same as Zstandard of UTF-8, where it was packed before the request ended. */
  requestZstd?: Uint8Array;
  /** In the order in which they stood; left out where there are none. */
  binaries?: readonly BinaryPart[];
}

export function withoutBodies({ binaries: _left, requestZstd: _packed, ...row }: LedgerRow): LedgerRow {
  return { ...row, requestBody: null, responseBody: null };
}
