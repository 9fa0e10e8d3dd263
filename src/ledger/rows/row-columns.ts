// How a ledger row maps to SQL columns, in insert order, and back.
import type { DialectId } from '../../model/dialect-id.ts';
import type { ErrorCode } from '../../model/errors.ts';
import type { RouteDecision } from '../../model/route-decision.ts';
import type { BinaryPart } from './binary-parts.ts';
import {
  type Attempt,
  type LedgerRow,
  type RowOperation,
  type RowStatus,
  type RowTrace,
  UNCOUNTED,
} from './row.ts';
import type { TimedRow } from '../sums/histogram-tally.ts';
import type { StoredRow } from '../store.ts';

/** Values that SQL accepts. */
export type SqlValue = string | number | Uint8Array | null;

/** In the order of `rowValues`. */
export const COLUMN_NAMES: readonly string[] = [
  'request_id',
  'timestamp',
  'agent_type',
  'project_id',
  'operation',
  'client_dialect',
  'provider',
  'model',
  'requested_model',
  'status',
  'http_status',
  'streamed',
  'latency_ms',
  'ttft_ms',
  'overhead_ms',
  'queued_ms',
  'connect_ms',
  'last_token_ms',
  'provider_ms',
  'client_ms',
  'back_off_ms',
  'gateway_ms',
  'stalls',
  'longest_gap_ms',
  'gap_p50_ms',
  'gap_p99_ms',
  'gaps',
  'gaps_ms',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'reasoning_tokens',
  'web_searches',
  'audio_input_tokens',
  'audio_output_tokens',
  'usage_known',
  'cost_usd',
  'finish_reason',
  'route',
  'trace',
  'attempts',
  'transformers',
  'lost',
  'malformed_events',
  'error_code',
  'error_message',
  'request_headers',
];

/**
 * A row as SQL takes it: the values of its columns, then the two bodies, the first of which may be packed.
 */
export type RowValues = readonly SqlValue[];

export function rowValues(row: LedgerRow): RowValues {
  const { timing, usage } = row;
  // Written out, since one function per column would take half as long again.
  return [
    row.requestId,
    row.timestamp,
    row.agentType,
    row.projectId,
    row.operation,
    row.clientDialect,
    row.provider,
    row.model,
    row.requestedModel,
    row.status,
    row.httpStatus,
    Number(row.streamed),
    row.latencyMs,
    row.ttftMs,
    row.overheadMs,
    row.queuedMs,
    timing.connectMs,
    timing.lastTokenMs,
    timing.providerMs,
    timing.clientMs,
    timing.backOffMs,
    timing.gatewayMs,
    timing.stalls,
    timing.longestGapMs,
    timing.gapP50Ms,
    timing.gapP99Ms,
    timing.gaps,
    timing.gapsMs,
    usage.inputTokens,
    usage.outputTokens,
    usage.cacheReadTokens,
    usage.cacheWriteTokens,
    usage.cacheWrite1hTokens,
    usage.reasoningTokens,
    usage.webSearches,
    usage.audioInputTokens,
    usage.audioOutputTokens,
    Number(row.usageKnown),
    row.costUsd,
    row.finishReason,
    row.route && JSON.stringify(row.route),
    row.trace && JSON.stringify(row.trace),
    listText(row.attempts),
    listText(row.transformers),
    listText(row.lost),
    row.malformedEvents,
    row.errorCode,
    row.errorMessage,
    row.requestHeaders && JSON.stringify(row.requestHeaders),
    row.requestZstd ?? row.requestBody,
    row.responseBody,
  ];
}

/** The inverse of `rowValues`, without binary parts. */
export function rowOfValues(values: RowValues): LedgerRow {
  const { columns, bodies } = partsOf(values);
  const named = Object.fromEntries(COLUMN_NAMES.map((name, at) => [name, columns[at] ?? null]));
  const [request, response_body] = bodies;
  const isPacked = request instanceof Uint8Array;
  // The order of `rowValues` guarantees that each value has its name's type.
  const { id: _none, ...row } = storedRow({
    ...named,
    id: 0,
    request_body: isPacked ? null : request,
    response_body,
  } as unknown as SqlRow);
  return isPacked ? { ...row, requestZstd: request } : row;
}

function listText(list: readonly unknown[]): string {
  return list.length === 0 ? '[]' : JSON.stringify(list);
}

/** By request id, only for rows that have some. */
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

/** Splits `rowValues` into columns and bodies. */
export function partsOf(values: RowValues): { columns: RowValues; bodies: RowValues } {
  return { columns: values.slice(0, COLUMN_NAMES.length), bodies: values.slice(COLUMN_NAMES.length) };
}

/** The index of a column in `RowValues`. */
export function columnAt(name: string): number {
  return COLUMN_NAMES.indexOf(name);
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

/** The part of `rowValues` that the histograms count; undefined for a row in no sum. */
export function timedRow(values: RowValues): TimedRow | undefined {
  if (UNCOUNTED.some((operation) => operation === values[TIMED.operation])) return undefined;
  return {
    timestamp: numberOf(values[TIMED.timestamp]),
    latencyMs: numberOf(values[TIMED.latencyMs]),
    ttftMs: values[TIMED.ttftMs] === null ? null : numberOf(values[TIMED.ttftMs]),
    gaps: textOf(values[TIMED.gaps]),
  };
}

const KIND = ['provider', 'model', 'agent_type', 'project_id', 'operation', 'status'].map(columnAt);

/** The names that make up the kind of a row, '' for none. */
export function kindNamesOf(values: RowValues): SqlValue[] {
  return KIND.map((place) => values[place] ?? '');
}

/**
 * A value of a row as a number, with 0 for null. Numbers do not pass through `Number()`: the runtime's compiler takes its result for
 * a 32-bit integer, and leaves compiled code at every other number.
 */
export function numberOf(value: SqlValue | undefined): number {
  return typeof value === 'number' ? value : Number(value);
}

function textOf(value: SqlValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** A row as the stores return it. */
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
  request_headers: string | null;
  request_body?: string | null;
  request_zstd?: Uint8Array | null;
  response_zstd?: Uint8Array | null;
  response_body?: string | null;
  bundle?: number | null;
  bundle_place?: number | null;
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
    requestHeaders:
      row.request_headers === null ? null : (JSON.parse(row.request_headers) as Record<string, string>),
    requestBody: row.request_body ?? null,
    responseBody: row.response_body ?? null,
  };
}
