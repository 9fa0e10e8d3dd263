// The answers of the gateway's pages, as far as the dashboard reads them (CONTRACT section 4). Only types: nothing of this
// is sent to a browser. Every text in them comes from outside.

export interface Health {
  status: 'healthy' | 'degraded';
  /** Why it is degraded. */
  reasons: string[];
  version: string;
  uptime_seconds: number;
  active_streams: number;
  providers: Record<string, boolean>;
  audit: { enabled: boolean; log_request_bodies: boolean; log_response_bodies: boolean };
  ledger: { dropped: number; notices: string[] } | null;
}

export interface Provider {
  name: string;
  kind: string;
  /** `any`: whichever the client speaks. */
  dialect: string;
  /** Dialects used with clients that speak them themselves. */
  also_speaks: string[];
  healthy: boolean;
  breaker: 'closed' | 'open' | 'half-open';
  retry_in_ms?: number;
  in_flight: number;
  queued: number;
  /** Left out before the first request, and where the runtime keeps them. */
  connections?: { active: number; idle: number };
  concurrency_limit: number | null;
  /** `models`: those it is set aside for, where it is not for all. */
  keys: { name: string; state: string; retry_in_ms?: number; models?: string[] }[];
  last_error?: string;
  models: string[];
}

export interface Providers {
  providers: Provider[];
  disabled: { name: string; reason: string }[];
}

export interface ModelFigures {
  provider: string | null;
  model: string | null;
  requests: number;
  error_rate: number;
  cost_usd: number;
  unpriced_requests: number;
  input_tokens: number;
  output_tokens: number;
  ttft_p50_ms: number | null;
  ttft_p99_ms: number | null;
  latency_p50_ms: number | null;
  tokens_per_second: number | null;
}

/** A spender left out: anyone. The others are globs; an `each` budget's own is a name (null: it has none). */
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
  until: string;
}

/** Names as of a budget. One of the first three is given. */
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

interface Figures {
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
}

export interface RunningStream {
  request_id: string;
  started_at: string;
  state: 'waiting' | 'answering';
  streamed: boolean;
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
      input_tokens: number;
      output_tokens: number;
      usage_known: boolean;
      cost_usd: number | null;
      latency_ms: number;
      ttft_ms: number | null;
      tokens_per_second: number | null;
    }
  | { type: 'error'; request_id: string; status: string; message: string };

export interface Attempt {
  provider: string;
  model: string;
  status: number | null;
  error: string | null;
  message?: string;
  started_ms?: number;
  duration_ms: number;
  sent_bytes?: number;
  key?: string;
  skipped?: string;
  continued?: string;
  hedge?: true;
  cost_usd?: number | null;
}

export interface AuditEntry {
  request_id: string;
  timestamp: string;
  agent_type: string | null;
  project_id: string | null;
  operation: string;
  client_dialect: string;
  provider: string | null;
  model: string | null;
  requested_model: string | null;
  status: 'success' | 'error' | 'aborted' | 'truncated';
  http_status: number;
  streamed: boolean;
  latency_ms: number;
  ttft_ms: number | null;
  queued_ms: number | null;
  overhead_ms: number | null;
  connect_ms: number | null;
  provider_ms: number;
  client_ms: number;
  back_off_ms: number;
  gateway_ms: number;
  stalls: number;
  longest_gap_ms: number | null;
  tokens_per_second: number | null;
  usage_known: boolean;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  reasoning_tokens: number;
  cost_usd: number | null;
  finish_reason: string | null;
  route: { kind: string; rule: string; why: string; order: string | null } | null;
  trace_id: string | null;
  attempts: Attempt[];
  transformers: string[];
  lost: string[];
  malformed_events: number;
  error_code: string | null;
  error_message: string | null;
  request_body?: string | null;
  response_body?: string | null;
}

export interface Audit {
  entries: AuditEntry[];
  total: number;
  /** The value of `before` that lists older ones; null: there are none. */
  next: string | null;
}
