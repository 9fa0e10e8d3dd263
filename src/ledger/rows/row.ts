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
 * Left out of sums, averages and quantiles, since they would distort the figures of answers: clients send many token counts, which are
 * free and very short, and other forwarded requests (uploads, lists) cost nothing by themselves.
 */
export const UNCOUNTED: readonly RowOperation[] = ['count-tokens', 'forward'];

/**
 * Whether something was billed whose price is unknown: an answer with counts, even if only of a part of it. An answer of `infer` is, even
 * without counts.
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
  /** The provider's HTTP status; null where it did not answer. */
  status: number | null;
  /** Null where this attempt served, and its provider did not fail. */
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
   * The attempt continued the answer of the previous one, which broke off (`routing.continue_streams`): from where it stopped, or
   * with an answer of its own that repeats what the client has.
   */
  continued?: 'prefilled' | 'repeated';
  /** The attempt was started beside another that had not answered yet (`routing.hedge_after`). */
  hedge?: true;
  /** The usage of a failed attempt, if its provider reported any. If `costUsd` is null, it is unpriced. */
  usage?: Usage;
  costUsd?: number | null;
}

/**
 * Where the time went, in milliseconds. `providerMs`, `clientMs`, `backOffMs`, `gatewayMs` and the row's `queuedMs`
 * add up to its `latencyMs`.
 */
export interface RowTiming {
  /** Until the last attempt was connected; null where a connection was open already, or the time is unknown. */
  connectMs: number | null;
  /** From the request to the last content of the answer; null where there was none. */
  lastTokenMs: number | null;
  /** The time spent waiting for providers, in all attempts. */
  providerMs: number;
  /** The time spent waiting for a client that does not read. */
  clientMs: number;
  /** The pauses between attempts. */
  backOffMs: number;
  /** The gateway's own share: the remainder. */
  gatewayMs: number;
  /** How many waits for the next content of a stream took more than a second (`STALL_MS`). */
  stalls: number;
  /** The waits for the next content: the longest, the median and the 99th percentile. Null where there was none. */
  longestGapMs: number | null;
  gapP50Ms: number | null;
  gapP99Ms: number | null;
  /** All the waits in the format of `packHistogram`, and their sum. */
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
  /** `tracestate` as the client sent it; left out where it sent none. */
  state?: string;
}

export interface LedgerRow {
  requestId: string;
  /** Unix milliseconds at which the request came in. */
  timestamp: number;
  agentType: string | null;
  projectId: string | null;
  operation: RowOperation;
  /** `neutral` means that it was asked through the library. */
  clientDialect: DialectId | 'neutral';
  /**
   * The last target asked, or else the last that was skipped or waited for. Null where none was reached, or only budgets and rate limits
   * kept each from being asked.
   */
  provider: string | null;
  /** The model that served, or else that target's, or else the client's. */
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
  /** What was reported. All counts are zero if nothing was, which `usageKnown` tells. */
  usage: Usage;
  /** False where the provider reported no counts, or one of several that made up the answer did not. */
  usageKnown: boolean;
  /** The cost of all attempts together; null where it is unpriced. */
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
  /** How many events and token counts could not be read in part, so that something was left out. */
  malformedEvents: number;
  errorCode: ErrorCode | null;
  errorMessage: string | null;
  /** Headers with which the client asked for features (`featuresIn`); null where there are none, or no body is kept. */
  requestHeaders: Readonly<Record<string, string>> | null;
  /** Both bodies are without their binary parts. */
  requestBody: string | null;
  responseBody: string | null;
  /** The same body as Zstandard of UTF-8, instead of `requestBody`, if it was packed before the request ended. */
  requestZstd?: Uint8Array;
  /** In their order in the bodies; left out where there are none. */
  binaries?: readonly BinaryPart[];
}

export function withoutBodies({ binaries: _left, requestZstd: _packed, ...row }: LedgerRow): LedgerRow {
  return { ...row, requestBody: null, responseBody: null };
}
