// A row of the ledger in the form that people see: in /gateway/audit, and in `sluice daemon logs --json`.
import type { Attempt } from '../ledger/rows/row.ts';
import { tokensPerSecond } from '../ledger/speed.ts';
import type { StoredRow } from '../ledger/store.ts';
import type { Attempt as AttemptEntry, AuditEntry } from './shapes.ts';

/** An entry as the audit log shows it. */
export function describeRow(row: StoredRow, includeBodies: boolean): AuditEntry {
  const { timing } = row;
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
    ...(includeBodies && {
      request_headers: row.requestHeaders,
      request_body: row.requestBody,
      response_body: row.responseBody,
    }),
  };
}

function describeAttempt(attempt: Attempt): AttemptEntry {
  return {
    provider: attempt.provider,
    model: attempt.model,
    status: attempt.status,
    error: attempt.error,
    ...(attempt.message !== undefined && { message: attempt.message }),
    ...(attempt.startedMs !== undefined && { started_ms: attempt.startedMs }),
    duration_ms: attempt.durationMs,
    ...(attempt.providerMs !== undefined && { provider_ms: attempt.providerMs }),
    ...(attempt.sentBytes !== undefined && { sent_bytes: attempt.sentBytes }),
    ...(attempt.key !== undefined && { key: attempt.key }),
    ...(attempt.skipped !== undefined && { skipped: attempt.skipped }),
    ...(attempt.continued !== undefined && { continued: attempt.continued }),
    ...(attempt.hedge !== undefined && { hedge: attempt.hedge }),
    ...(attempt.usage !== undefined && {
      input_tokens: attempt.usage.inputTokens,
      output_tokens: attempt.usage.outputTokens,
      cost_usd: attempt.costUsd ?? null,
    }),
  };
}
