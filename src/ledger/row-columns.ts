// How a ledger row lies in SQL: the columns in insert order, and the way back.
import type { DialectId } from '../model/dialect-id.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { RouteDecision } from '../model/route-decision.ts';
import type { BinaryPart } from './binary-parts.ts';
import type { Attempt, LedgerRow, RowOperation, RowStatus, RowTrace } from './row.ts';
import type { TimedRow } from './spread-tally.ts';
import type { StoredRow } from './store.ts';

/** What SQL takes. */
export type SqlValue = string | number | null;

const COLUMNS: readonly (readonly [name: string, value: (row: LedgerRow) => SqlValue])[] = [
  ['request_id', (row) => row.requestId],
  ['timestamp', (row) => row.timestamp],
  ['agent_type', (row) => row.agentType],
  ['project_id', (row) => row.projectId],
  ['operation', (row) => row.operation],
  ['client_dialect', (row) => row.clientDialect],
  ['provider', (row) => row.provider],
  ['model', (row) => row.model],
  ['requested_model', (row) => row.requestedModel],
  ['status', (row) => row.status],
  ['http_status', (row) => row.httpStatus],
  ['streamed', (row) => Number(row.streamed)],
  ['latency_ms', (row) => row.latencyMs],
  ['ttft_ms', (row) => row.ttftMs],
  ['overhead_ms', (row) => row.overheadMs],
  ['queued_ms', (row) => row.queuedMs],
  ['connect_ms', (row) => row.timing.connectMs],
  ['last_token_ms', (row) => row.timing.lastTokenMs],
  ['provider_ms', (row) => row.timing.providerMs],
  ['client_ms', (row) => row.timing.clientMs],
  ['back_off_ms', (row) => row.timing.backOffMs],
  ['gateway_ms', (row) => row.timing.gatewayMs],
  ['stalls', (row) => row.timing.stalls],
  ['longest_gap_ms', (row) => row.timing.longestGapMs],
  ['gap_p50_ms', (row) => row.timing.gapP50Ms],
  ['gap_p99_ms', (row) => row.timing.gapP99Ms],
  ['gaps', (row) => row.timing.gaps],
  ['gaps_ms', (row) => row.timing.gapsMs],
  ['input_tokens', (row) => row.usage.inputTokens],
  ['output_tokens', (row) => row.usage.outputTokens],
  ['cache_read_tokens', (row) => row.usage.cacheReadTokens],
  ['cache_write_tokens', (row) => row.usage.cacheWriteTokens],
  ['cache_write_1h_tokens', (row) => row.usage.cacheWrite1hTokens],
  ['reasoning_tokens', (row) => row.usage.reasoningTokens],
  ['web_searches', (row) => row.usage.webSearches],
  ['audio_input_tokens', (row) => row.usage.audioInputTokens],
  ['audio_output_tokens', (row) => row.usage.audioOutputTokens],
  ['usage_known', (row) => Number(row.usageKnown)],
  ['cost_usd', (row) => row.costUsd],
  ['finish_reason', (row) => row.finishReason],
  ['route', (row) => (row.route === null ? null : JSON.stringify(row.route))],
  ['trace', (row) => (row.trace === null ? null : JSON.stringify(row.trace))],
  ['attempts', (row) => JSON.stringify(row.attempts)],
  ['transformers', (row) => JSON.stringify(row.transformers)],
  ['lost', (row) => JSON.stringify(row.lost)],
  ['malformed_events', (row) => row.malformedEvents],
  ['error_code', (row) => row.errorCode],
  ['error_message', (row) => row.errorMessage],
];

export const COLUMN_NAMES: readonly string[] = COLUMNS.map(([name]) => name);

/** Parameters: the columns, and the number of the row's kind. */
export const INSERT_ROW =
  `INSERT INTO ledger_row (${COLUMN_NAMES.join(', ')}, kind) ` +
  `VALUES (${COLUMNS.map(() => '?').join(', ')}, ?) ON CONFLICT (request_id) DO NOTHING`;

/**
 * A row as SQL takes it: the values of its columns, then the two bodies. A flat list of strings and numbers
 * goes to another thread for half of what an object costs.
 */
export type RowValues = readonly SqlValue[];

export function rowValues(row: LedgerRow): RowValues {
  const values = COLUMNS.map(([, value]) => value(row));
  values.push(row.requestBody, row.responseBody);
  return values;
}

/** By request id, of the rows that have any. */
export type BinariesOfRows = ReadonlyMap<string, readonly BinaryPart[]>;

/** Undefined where no row has any. */
export function binariesOf(rows: readonly LedgerRow[]): BinariesOfRows | undefined {
  let found: Map<string, readonly BinaryPart[]> | undefined;
  for (const { requestId, binaries } of rows) {
    if (binaries === undefined) continue;
    found ??= new Map();
    found.set(requestId, binaries);
  }
  return found;
}

/** `rowValues` taken apart again. */
export function partsOf(values: RowValues): { columns: RowValues; bodies: RowValues } {
  return { columns: values.slice(0, COLUMNS.length), bodies: values.slice(COLUMNS.length) };
}

/** The place of a column in `RowValues`. */
export function columnAt(name: string): number {
  return COLUMNS.findIndex(([column]) => column === name);
}

export const REQUEST_ID = columnAt('request_id');
export const TIMESTAMP = columnAt('timestamp');
const TIMED = {
  operation: columnAt('operation'),
  timestamp: columnAt('timestamp'),
  latencyMs: columnAt('latency_ms'),
  ttftMs: columnAt('ttft_ms'),
  gaps: columnAt('gaps'),
};

/** What of `rowValues` the spreads count; undefined where it is in no sum. */
export function timedRow(values: RowValues): TimedRow | undefined {
  if (values[TIMED.operation] === ('count-tokens' satisfies RowOperation)) return undefined;
  return {
    timestamp: Number(values[TIMED.timestamp]),
    latencyMs: Number(values[TIMED.latencyMs]),
    ttftMs: values[TIMED.ttftMs] === null ? null : Number(values[TIMED.ttftMs]),
    gaps: textOf(values[TIMED.gaps]),
  };
}

const KIND = ['provider', 'model', 'agent_type', 'project_id', 'operation', 'status'].map(columnAt);

/** The names that make up the kind of a row, '' for none. */
export function kindNamesOf(values: RowValues): SqlValue[] {
  return KIND.map((place) => values[place] ?? '');
}

function textOf(value: SqlValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** A row as `selectRows` gives it. */
export interface SqlRow {
  id: number;
  request_id: string;
  timestamp: number;
  agent_type: string | null;
  project_id: string | null;
  operation: RowOperation;
  client_dialect: DialectId;
  provider: string | null;
  model: string | null;
  requested_model: string | null;
  status: RowStatus;
  http_status: number;
  streamed: number;
  latency_ms: number;
  ttft_ms: number | null;
  overhead_ms: number | null;
  queued_ms: number | null;
  connect_ms: number | null;
  last_token_ms: number | null;
  provider_ms: number;
  client_ms: number;
  back_off_ms: number;
  gateway_ms: number;
  stalls: number;
  longest_gap_ms: number | null;
  gap_p50_ms: number | null;
  gap_p99_ms: number | null;
  gaps: string | null;
  gaps_ms: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  cache_write_1h_tokens: number;
  reasoning_tokens: number;
  web_searches: number;
  audio_input_tokens: number;
  audio_output_tokens: number;
  usage_known: number;
  cost_usd: number | null;
  finish_reason: string | null;
  route: string | null;
  trace: string | null;
  attempts: string;
  transformers: string;
  lost: string;
  malformed_events: number;
  error_code: ErrorCode | null;
  error_message: string | null;
  request_body?: string | null;
  request_zstd?: Uint8Array | null;
  response_zstd?: Uint8Array | null;
  response_body?: string | null;
}

export function storedRow(row: SqlRow): StoredRow {
  return {
    id: row.id,
    requestId: row.request_id,
    timestamp: row.timestamp,
    agentType: row.agent_type,
    projectId: row.project_id,
    operation: row.operation,
    clientDialect: row.client_dialect,
    provider: row.provider,
    model: row.model,
    requestedModel: row.requested_model,
    status: row.status,
    httpStatus: row.http_status,
    streamed: row.streamed === 1,
    latencyMs: row.latency_ms,
    ttftMs: row.ttft_ms,
    overheadMs: row.overhead_ms,
    queuedMs: row.queued_ms,
    timing: {
      connectMs: row.connect_ms,
      lastTokenMs: row.last_token_ms,
      providerMs: row.provider_ms,
      clientMs: row.client_ms,
      backOffMs: row.back_off_ms,
      gatewayMs: row.gateway_ms,
      stalls: row.stalls,
      longestGapMs: row.longest_gap_ms,
      gapP50Ms: row.gap_p50_ms,
      gapP99Ms: row.gap_p99_ms,
      gaps: row.gaps,
      gapsMs: row.gaps_ms,
    },
    usage: {
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      cacheReadTokens: row.cache_read_tokens,
      cacheWriteTokens: row.cache_write_tokens,
      cacheWrite1hTokens: row.cache_write_1h_tokens,
      reasoningTokens: row.reasoning_tokens,
      webSearches: row.web_searches,
      audioInputTokens: row.audio_input_tokens,
      audioOutputTokens: row.audio_output_tokens,
    },
    usageKnown: row.usage_known === 1,
    costUsd: row.cost_usd,
    finishReason: row.finish_reason,
    route: row.route === null ? null : (JSON.parse(row.route) as RouteDecision),
    trace: row.trace === null ? null : (JSON.parse(row.trace) as RowTrace),
    attempts: JSON.parse(row.attempts) as Attempt[],
    transformers: JSON.parse(row.transformers) as string[],
    lost: JSON.parse(row.lost) as string[],
    malformedEvents: row.malformed_events,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    requestBody: row.request_body ?? null,
    responseBody: row.response_body ?? null,
  };
}
