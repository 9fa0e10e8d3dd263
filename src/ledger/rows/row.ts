// One row of the ledger: one request, however it ended (GUARANTEES 16).
import type { DialectId } from '../../model/dialect-id.ts';
import type { ErrorCode } from '../../model/errors.ts';
import type { RouteDecision } from '../../model/route-decision.ts';
import type { Usage } from '../../model/usage.ts';
import type { BinaryPart } from './binary-parts.ts';

export const ROW_STATUSES = ['success', 'error', 'aborted', 'truncated'] as const;
export type RowStatus = (typeof ROW_STATUSES)[number];

/** What was asked for. `infer`: what is forwarded to a model that answers at once, and billed (images, speech, rankings). */
export const ROW_OPERATIONS = [
  'generate',
  'complete',
  'count-tokens',
  'embed',
  'compact',
  'infer',
  'forward',
] as const;
export type RowOperation = (typeof ROW_OPERATIONS)[number];

/**
 * Left out of sums, averages and quantiles. Clients send many token counts, all free and very short; what else is forwarded
 * (uploads, lists) costs nothing by itself. Both would distort the figures of answers.
 */
export const UNCOUNTED: readonly RowOperation[] = ['count-tokens', 'forward'];

/**
 * Whether something was billed whose price is unknown: what has counts, even if only of a part. An answer of `infer` is, even if it
 * does not say by what.
 */
export function isUnpriced({
  operation,
  status,
  usage,
  usageKnown,
  costUsd,
}: Pick<LedgerRow, 'operation' | 'status' | 'usage' | 'usageKnown' | 'costUsd'>): boolean {
  if (costUsd !== null) return false;
  const hasCounts = usageKnown || usage.inputTokens > 0 || usage.outputTokens > 0;
  return hasCounts || (operation === 'infer' && status === 'success');
}

/** One try at one target. */
export interface Attempt {
  provider: string;
  model: string;
  /** HTTP status of the upstream, null where it did not answer. */
  status: number | null;
  /** Null: this attempt served, and its provider did not fail. */
  error: ErrorCode | null;
  message?: string;
  /** For a skipped attempt: how long the request waited for it. */
  durationMs: number;
  /** Milliseconds from the request until this attempt began; left out where the target was not asked. */
  startedMs?: number;
  /** 16 hex digits; left out where the request is not traced. */
  spanId?: string;
  /** The part of the request's time spent waiting for this provider; left out where it was not asked. */
  providerMs?: number;
  /** Bytes of an upload that the provider has taken; left out for other requests. */
  sentBytes?: number;
  /** Which of the provider's keys was used, by position (`#2`); left out where there is only one. */
  key?: string;
  /** Why the target was not asked at all: such an attempt made no call. */
  skipped?: 'breaker_open' | 'keys_set_aside' | 'busy' | 'no_key' | 'budget_spent' | 'rate_limited';
  /**
   * Continued the answer of the previous attempt, which broke off (`routing.continue_streams`): from where it stopped, or
   * with an answer of its own that repeats what the client has.
   */
  continued?: 'prefilled' | 'repeated';
  /** Started beside another that had not answered yet (`routing.hedge_after`). */
  hedge?: true;
  /** Of a failed attempt whose provider reported usage. `costUsd` null: unpriced. */
  usage?: Usage;
  costUsd?: number | null;
}

/**
 * Where the time went, in milliseconds. `providerMs`, `clientMs`, `backOffMs`, `gatewayMs` and the row's `queuedMs`
 * add up to its `latencyMs`.
 */
export interface RowTiming {
  /** Until the last attempt was connected; null where a connection was open already, or where it is unknown. */
  connectMs: number | null;
  /** From the request until the last content of the answer; null where there was none. */
  lastTokenMs: number | null;
  /** Waiting for providers, in all attempts. */
  providerMs: number;
  /** Waiting for a client that does not read. */
  clientMs: number;
  /** Pauses between attempts. */
  backOffMs: number;
  /** The gateway's own share: the remainder. */
  gatewayMs: number;
  /** Waits of more than a second (`STALL_MS`) for the next content of a stream. */
  stalls: number;
  /** The waits for the next content: the longest, the median, the 99th percentile. Null where there was none. */
  longestGapMs: number | null;
  gapP50Ms: number | null;
  gapP99Ms: number | null;
  /** All of them in the format of `packHistogram`, and their sum. */
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

/** The trace that a request belongs to, and the request's own span. Ids are hex digits, as in `traceparent`. */
export interface RowTrace {
  traceId: string;
  spanId: string;
  /** The client's span; null where the trace begins here. */
  parentSpanId: string | null;
  sampled: boolean;
  /** `tracestate`, as the client sent it; left out where it sent none. */
  state?: string;
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
  /**
   * The last target asked, else the last that was skipped or waited for; null where none was reached, or budgets and rate limits alone
   * kept each from being asked.
   */
  provider: string | null;
  /** The model that served, else that target's, else the client's. */
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
  /** Time spent waiting for room at a provider, which is part of `overheadMs`; null where nothing waited. */
  queuedMs: number | null;
  timing: RowTiming;
  /** What was reported. All zero where nothing was: `usageKnown` distinguishes the two. */
  usage: Usage;
  /** False where the upstream reported no counts, or one of several that an answer came from did not. */
  usageKnown: boolean;
  /** Of all attempts together. Null: unpriced. */
  costUsd: number | null;
  finishReason: string | null;
  /** Why it was routed there; null where it was refused before routing. */
  route: RouteDecision | null;
  /** Null where the request is not traced. */
  trace: RowTrace | null;
  attempts: Attempt[];
  /** Names of the transformers in use at the last target, in the order in which they apply to requests. */
  transformers: string[];
  lost: string[];
  /** Number of events, and of token counts, of which something could not be read and was left out. */
  malformedEvents: number;
  errorCode: ErrorCode | null;
  errorMessage: string | null;
  /** Headers with which the client asked for features (`featuresIn`); null where there are none, or no body is kept. */
  requestHeaders: Readonly<Record<string, string>> | null;
  /** Both bodies are without their binary parts. */
  requestBody: string | null;
  responseBody: string | null;
  /** Instead of `requestBody`: the same as Zstandard of UTF-8, where it was packed before the request ended. */
  requestZstd?: Uint8Array;
  /** In their order in the bodies; left out where there are none. */
  binaries?: readonly BinaryPart[];
}

export function withoutBodies({ binaries: _left, requestZstd: _packed, ...row }: LedgerRow): LedgerRow {
  return { ...row, requestBody: null, responseBody: null };
}
