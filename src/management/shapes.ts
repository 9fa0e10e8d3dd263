// The answers of the gateway's pages (CONTRACT section 4), as they are written here and read by the dashboard and the commands. Only
// types: nothing of this is sent to a browser. Every text in them comes from outside.
import type { Attempt as RowAttempt, LedgerRow } from '../ledger/rows/row.ts';
import type { ProviderState } from '../upstream/provider-state.ts';
import type { WorkerCount } from './management.ts';

export interface Health {
  status: 'healthy' | 'degraded';
  /** Why it is degraded. */
  reasons: string[];
  version: string;
  uptime_seconds: number;
  active_streams: number;
  /** Left out where one process serves. */
  workers?: WorkerCount;
  /** Whether each provider is healthy, by its name. */
  providers: Record<string, boolean>;
  routing: { default_provider: string | null; fallback_chain: readonly string[] };
  audit: { enabled: boolean; log_request_bodies: boolean; log_response_bodies: boolean };
  budgets?: { ok: boolean; last_error: string | null };
  ledger: {
    ok: boolean;
    queued: number;
    spilled: number;
    spilled_bytes: number;
    dropped: number;
    last_error: string | null;
    notices: readonly string[];
  } | null;
  /** Left out unless several gateways count rate limits together. */
  redis?: { ok: boolean; last_error: string | null };
  tls?: { ok: boolean; valid_until: string; last_error: string | null };
  log?: { ok: boolean; dropped: number; last_error: string | null };
  descriptors?: { ok: boolean; last_error: string | null };
}

export interface Provider {
  name: string;
  kind: string;
  /** `any` means the dialect that the client speaks. */
  dialect: string;
  /** Dialects that are also spoken with clients of the same dialect. */
  also_speaks: string[];
  healthy: boolean;
  breaker: ProviderState['breaker'];
  retry_in_ms?: number;
  in_flight: number;
  queued: number;
  /** Left out before the first request, and where the runtime manages the connections. */
  connections?: { active: number; idle: number };
  concurrency_limit: number | null;
  keys: ProviderKey[];
  last_error?: string;
  models: string[];
}

/** A key is named by its position; the key itself is never shown. */
export interface ProviderKey {
  name: string;
  state: ProviderState['keys'][number]['state'];
  retry_in_ms?: number;
  /** The models that the key is reserved for; left out where it is for all. */
  models?: string[];
}

export interface Providers {
  providers: Provider[];
  disabled: { name: string; reason: string }[];
}

/** The figures of one name: of a project, an agent or the like. */
export interface NamedFigures {
  requests: number;
  error_rate: number;
  cost_usd: number;
  unpriced_requests: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  reasoning_tokens: number;
  web_searches: number;
}

/** Quantiles and rates are null where nothing was measured. */
export interface ModelFigures extends NamedFigures {
  provider: string | null;
  model: string | null;
  avg_latency_ms: number;
  latency_p50_ms: number | null;
  latency_p99_ms: number | null;
  avg_ttft_ms: number;
  ttft_p50_ms: number | null;
  ttft_p99_ms: number | null;
  gap_p50_ms: number | null;
  gap_p99_ms: number | null;
  stalls: number;
  tokens_per_second: number | null;
  provider_share: number;
  gateway_share: number;
}

/** Without a spender, it is for everyone. Names are globs; the state of an `each` budget has an actual name (null: none). */
export interface Budget {
  limit_usd: number;
  per: 'hour' | 'day' | 'week' | 'month';
  each?: 'agent' | 'project' | 'provider';
  agent?: string | null;
  project?: string | null;
  provider?: string | null;
  model?: string;
  spent_usd: number;
  is_spent: boolean;
  unpriced_requests: number;
  since: string;
  until: string;
}

/** The names are as in a budget. One of the first three is given. */
export interface RateLimit {
  requests?: number;
  tokens?: number;
  concurrent?: number;
  per?: 'second' | 'minute' | 'hour' | 'day';
  each?: 'agent' | 'project' | 'provider';
  agent?: string | null;
  project?: string | null;
  provider?: string | null;
  model?: string;
  used: number;
  is_reached: boolean;
}

export interface Figures {
  total_requests: number;
  total_cost_usd: number;
  total_input_tokens: number;
  total_output_tokens: number;
  total_cache_write_tokens: number;
  total_cache_read_tokens: number;
  avg_latency_ms: number;
  avg_ttft_ms: number;
  error_rate: number;
  unpriced_requests: number;
}

/** The figures of one hour or day. */
export interface SeriesPoint extends Figures {
  start: string;
}

export interface Metrics {
  audit_enabled: boolean;
  window: { since: string | null };
  summary: Figures;
  /** Left out where there are none. */
  budgets?: Budget[];
  /** Left out where there are none. */
  rate_limits?: RateLimit[];
  by_provider: Record<string, number>;
  by_model: Record<string, number>;
  by_agent: Record<string, number>;
  by_project: Record<string, number>;
  models: ModelFigures[];
  providers: (NamedFigures & { provider: string | null })[];
  agents: (NamedFigures & { agent: string | null })[];
  projects: (NamedFigures & { project: string | null })[];
}

export interface RunningStream {
  request_id: string;
  started_at: string;
  state: 'waiting' | 'answering';
  streamed: boolean;
  client_dialect: string;
  requested_model: string | null;
  provider: string | null;
  model: string | null;
  agent_type: string | null;
  project_id: string | null;
  attempts: number;
  duration_ms: number;
  ttft_ms: number | null;
}

export type LiveEvent =
  | { type: 'started'; request_id: string; model: string; provider: string; agent_type?: string }
  | { type: 'text_delta'; request_id: string; text: string }
  | {
      type: 'completed';
      request_id: string;
      model: string | null;
      provider: string | null;
      input_tokens: number;
      output_tokens: number;
      /** Whether a provider reported the usage. */
      usage_known: boolean;
      cost_usd: number | null;
      latency_ms: number;
      ttft_ms: number | null;
      tokens_per_second: number | null;
      stalls: number;
    }
  | { type: 'error'; request_id: string; status: 'error' | 'aborted' | 'truncated'; message: string };

export interface Attempt {
  provider: string;
  model: string;
  status: number | null;
  error: string | null;
  message?: string;
  started_ms?: number;
  duration_ms: number;
  provider_ms?: number;
  sent_bytes?: number;
  key?: string;
  skipped?: RowAttempt['skipped'];
  continued?: RowAttempt['continued'];
  hedge?: true;
  input_tokens?: number;
  output_tokens?: number;
  cost_usd?: number | null;
}

export interface AuditEntry {
  id: number;
  request_id: string;
  timestamp: string;
  agent_type: string | null;
  project_id: string | null;
  operation: LedgerRow['operation'];
  client_dialect: LedgerRow['clientDialect'];
  provider: string | null;
  model: string | null;
  requested_model: string | null;
  status: LedgerRow['status'];
  success: boolean;
  http_status: number;
  streamed: boolean;
  latency_ms: number;
  ttft_ms: number | null;
  queued_ms: number | null;
  overhead_ms: number | null;
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
  tokens_per_second: number | null;
  /** Whether a provider reported the counts. */
  usage_known: boolean;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  cache_write_1h_tokens: number;
  reasoning_tokens: number;
  web_searches: number;
  cost_usd: number | null;
  finish_reason: string | null;
  route: LedgerRow['route'];
  trace_id: string | null;
  attempts: Attempt[];
  transformers: readonly string[];
  lost: readonly string[];
  malformed_events: number;
  error_code: string | null;
  error_message: string | null;
  request_headers?: LedgerRow['requestHeaders'];
  request_body?: string | null;
  response_body?: string | null;
}

export interface Audit {
  entries: AuditEntry[];
  total: number;
  /** The value of `before` that lists older entries; null where there are none. */
  next: string | null;
}
