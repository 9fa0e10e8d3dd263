// GET /gateway/audit: the rows of the ledger, filtered.
import type { Attempt, RowOperation, RowStatus } from '../ledger/row.ts';
import { tokensPerSecond } from '../ledger/speed.ts';
import type { AuditFilter, StoredRow } from '../ledger/store.ts';
import { ManagementError } from './answer.ts';
import type { ManagementDeps } from './management.ts';
import {
  badParameter,
  readChoice,
  readFlag,
  readInteger,
  readText,
  readTime,
  refuseUnknown,
} from './query.ts';

const PARAMETERS = [
  'start_time',
  'end_time',
  'request_id',
  'agent_type',
  'provider',
  'model',
  'project_id',
  'operation',
  'status',
  'success',
  'limit',
  'offset',
  'include_bodies',
  'include_binaries',
] as const;

const STATUSES = Object.keys({
  success: true,
  error: true,
  aborted: true,
  truncated: true,
} satisfies Record<RowStatus, true>) as RowStatus[];

const OPERATIONS = Object.keys({
  generate: true,
  'count-tokens': true,
  embed: true,
} satisfies Record<RowOperation, true>) as RowOperation[];

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

export async function readAudit(deps: ManagementDeps, query: URLSearchParams): Promise<object> {
  if (deps.ledger === null) {
    throw new ManagementError(
      404,
      'audit_disabled',
      'nothing is recorded: set audit.enabled to true in the configuration and start the gateway anew',
    );
  }
  const filter = readFilter(query);
  // A client that asks right after its request finds it listed.
  await deps.ledger.flush();
  const { rows, total } = await deps.ledger.store.audit(filter);
  return { entries: rows.map((row) => describeRow(row, filter.includeBodies)), total };
}

function readFilter(query: URLSearchParams): AuditFilter {
  refuseUnknown(query, PARAMETERS);
  const startTime = readTime(query, 'start_time');
  const endTime = readTime(query, 'end_time');
  if (startTime !== undefined && endTime !== undefined && startTime > endTime) {
    throw badParameter('start_time', 'is later than end_time');
  }
  const filter: Partial<AuditFilter> = withoutUndefined({
    startTime,
    endTime,
    requestId: readText(query, 'request_id'),
    agentType: readText(query, 'agent_type'),
    provider: readText(query, 'provider'),
    model: readText(query, 'model'),
    projectId: readText(query, 'project_id'),
    operation: readChoice(query, 'operation', OPERATIONS),
    status: readChoice(query, 'status', STATUSES),
    success: readFlag(query, 'success'),
  });
  return {
    ...filter,
    limit: readInteger(query, 'limit', { max: MAX_LIMIT }) ?? DEFAULT_LIMIT,
    offset: readInteger(query, 'offset', { max: Number.MAX_SAFE_INTEGER }) ?? 0,
    includeBodies: readFlag(query, 'include_bodies') ?? false,
    includeBinaries: readFlag(query, 'include_binaries') ?? false,
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Defined<T>;
}

/** An entry as the audit log shows it. */
export function describeRow(row: StoredRow, includeBodies: boolean): object {
  return {
    id: row.id,
    request_id: row.requestId,
    timestamp: new Date(row.timestamp).toISOString(),
    agent_type: row.agentType,
    project_id: row.projectId,
    operation: row.operation,
    client_dialect: row.clientDialect,
    provider: row.provider,
    model: row.model,
    requested_model: row.requestedModel,
    status: row.status,
    success: row.status === 'success',
    http_status: row.httpStatus,
    streamed: row.streamed,
    latency_ms: row.latencyMs,
    ttft_ms: row.ttftMs,
    overhead_ms: row.overheadMs,
    queued_ms: row.queuedMs,
    ...describeTiming(row),
    usage_known: row.usageKnown,
    input_tokens: row.usage.inputTokens,
    output_tokens: row.usage.outputTokens,
    cache_read_tokens: row.usage.cacheReadTokens,
    cache_write_tokens: row.usage.cacheWriteTokens,
    cache_write_1h_tokens: row.usage.cacheWrite1hTokens,
    reasoning_tokens: row.usage.reasoningTokens,
    web_searches: row.usage.webSearches,
    cost_usd: row.costUsd,
    finish_reason: row.finishReason,
    route: row.route,
    trace_id: row.trace?.traceId ?? null,
    attempts: row.attempts.map(describeAttempt),
    transformers: row.transformers,
    lost: row.lost,
    malformed_events: row.malformedEvents,
    error_code: row.errorCode,
    error_message: row.errorMessage,
    ...(includeBodies ? { request_body: row.requestBody, response_body: row.responseBody } : {}),
  };
}

function describeTiming(row: StoredRow): object {
  const { timing } = row;
  return {
    connect_ms: timing.connectMs,
    last_token_ms: timing.lastTokenMs,
    provider_ms: timing.providerMs,
    client_ms: timing.clientMs,
    back_off_ms: timing.backOffMs,
    gateway_ms: timing.gatewayMs,
    stalls: timing.stalls,
    longest_gap_ms: timing.longestGapMs,
    gap_p50_ms: timing.gapP50Ms,
    gap_p99_ms: timing.gapP99Ms,
    tokens_per_second: tokensPerSecond(row),
  };
}

function describeAttempt(attempt: Attempt): object {
  return {
    provider: attempt.provider,
    model: attempt.model,
    status: attempt.status,
    error: attempt.error,
    ...(attempt.message === undefined ? {} : { message: attempt.message }),
    ...(attempt.startedMs === undefined ? {} : { started_ms: attempt.startedMs }),
    duration_ms: attempt.durationMs,
    ...(attempt.providerMs === undefined ? {} : { provider_ms: attempt.providerMs }),
    ...(attempt.key === undefined ? {} : { key: attempt.key }),
    ...(attempt.skipped === undefined ? {} : { skipped: attempt.skipped }),
    ...(attempt.continued === undefined ? {} : { continued: attempt.continued }),
    ...(attempt.hedge === undefined ? {} : { hedge: attempt.hedge }),
    ...(attempt.usage === undefined
      ? {}
      : {
          input_tokens: attempt.usage.inputTokens,
          output_tokens: attempt.usage.outputTokens,
          cost_usd: attempt.costUsd ?? null,
        }),
  };
}
