// Every failure has one of these codes, which determines its status, whose fault it is, and whether another target may help.
import type { ProviderDialectId } from './dialect-id.ts';
import type { HeaderReader } from './headers.ts';
import { messageOf } from './thrown.ts';

export interface ErrorRule {
  /** HTTP status unless the failure has its own. */
  status: number;
  /** Whose fault it is, which decides what health and breakers count. */
  blame: 'client' | 'provider' | 'gateway';
  /** Whether asking again, here or at another target, may help. */
  retry: 'never' | 'anywhere' | 'elsewhere' | 'own-key' | 'larger-context';
}

export const ERROR_RULES = {
  invalid_request: { status: 400, blame: 'client', retry: 'never' },
  unsupported_feature: { status: 400, blame: 'client', retry: 'never' },
  unauthenticated: { status: 401, blame: 'client', retry: 'never' },
  forbidden: { status: 403, blame: 'client', retry: 'never' },
  unknown_model: { status: 404, blame: 'client', retry: 'never' },
  too_large: { status: 413, blame: 'client', retry: 'never' },
  rate_limited: { status: 429, blame: 'gateway', retry: 'never' },
  budget_exceeded: { status: 429, blame: 'gateway', retry: 'never' },
  context_too_long: { status: 400, blame: 'client', retry: 'larger-context' },
  upstream_rejected: { status: 400, blame: 'client', retry: 'never' },
  upstream_unauthorized: { status: 401, blame: 'provider', retry: 'own-key' },
  upstream_rate_limited: { status: 429, blame: 'provider', retry: 'anywhere' },
  upstream_overloaded: { status: 529, blame: 'provider', retry: 'anywhere' },
  upstream_failed: { status: 502, blame: 'provider', retry: 'anywhere' },
  upstream_unreachable: { status: 502, blame: 'provider', retry: 'anywhere' },
  /** The server's certificate does not prove that it is the provider, so nothing was sent. A retry meets the same certificate. */
  upstream_untrusted: { status: 502, blame: 'provider', retry: 'elsewhere' },
  upstream_malformed: { status: 502, blame: 'provider', retry: 'anywhere' },
  upstream_timeout: { status: 504, blame: 'provider', retry: 'elsewhere' },
  upstream_truncated: { status: 502, blame: 'provider', retry: 'anywhere' },
  /** Ended by the gateway's operator. No SDK retries after this status. */
  cancelled: { status: 499, blame: 'gateway', retry: 'never' },
  /** The process is shutting down; no request was sent. */
  shutting_down: { status: 503, blame: 'gateway', retry: 'never' },
  /** This process has no capacity left; neither the target nor the client is at fault. */
  overloaded: { status: 503, blame: 'gateway', retry: 'anywhere' },
  /** The transformer is part of the configuration. */
  transformer_failed: { status: 500, blame: 'gateway', retry: 'never' },
  internal: { status: 500, blame: 'gateway', retry: 'never' },
} as const satisfies Record<string, ErrorRule>;

export type ErrorCode = keyof typeof ERROR_RULES;

/** The upstream's own error, kept so that the client's error names the provider's reason. */
export interface UpstreamReason {
  type?: string;
  code?: string;
  param?: string;
}

/** A provider's error answer as it came, for clients that speak the same dialect. */
export interface UpstreamAnswer {
  dialect: ProviderDialectId;
  headers: HeaderReader;
  /** The body as text, whatever it contains. */
  body: string;
  /** Whether the body is in the dialect's form, so that clients of the dialect can read it as it is. */
  isReadable: boolean;
}

export interface GatewayErrorOptions {
  /** Overrides the table's status, for instance with the upstream's own. */
  status?: number;
  /** How long to wait before a retry, in milliseconds. */
  retryAfterMs?: number;
  /** The key's allowance, for all models or for the requested one, is used up: retrying with it soon is pointless. */
  exhausted?: boolean | 'model';
  /** The failure will not pass by itself, so the same target is not retried. */
  lasting?: boolean;
  /** The credentials were refused, as with any 401; a 403 may concern what was asked with them. */
  badCredentials?: boolean;
  /** The host will authorize the next request with other credentials, which the same target may accept at once. */
  renewed?: boolean;
  /** Another target may accept the request, although the code's rule is that none is tried: only this provider refuses it. */
  elsewhere?: boolean;
  /** The cause is this machine's network, which shows at once and says nothing about the provider. */
  offline?: boolean;
  /** An overload that no provider reported: the breaker is open, or several targets could not be asked for different reasons. */
  unasked?: boolean;
  reason?: UpstreamReason;
  upstream?: UpstreamAnswer;
  cause?: unknown;
}

/** SDKs ignore longer waits, and retry after a delay of their own. */
const LONGEST_HEEDED_MS = 60_000;

/** Providers that state a longer wait mean "never", or nothing. */
const LONGEST_WAIT_MS = 366 * 86_400_000;

/** A failure with a stable code. `message` says what happened, where, and what to do; it holds no secret. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly exhausted: boolean | 'model';
  readonly lasting: boolean;
  readonly badCredentials: boolean;
  readonly renewed: boolean;
  readonly elsewhere: boolean;
  readonly offline: boolean;
  readonly unasked: boolean;
  readonly reason: UpstreamReason | undefined;
  readonly upstream: UpstreamAnswer | undefined;

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.status = options.status ?? ERROR_RULES[code].status;
    const { retryAfterMs } = options;
    this.retryAfterMs = retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, LONGEST_WAIT_MS);
    this.exhausted = options.exhausted ?? false;
    this.lasting = options.lasting ?? false;
    this.badCredentials = options.badCredentials ?? (code === 'upstream_unauthorized' && this.status === 401);
    this.renewed = options.renewed ?? false;
    this.elsewhere = options.elsewhere ?? false;
    this.offline = options.offline ?? false;
    this.unasked = options.unasked ?? false;
    this.reason = options.reason;
    this.upstream = options.upstream;
  }

  /** The same failure with another message and some options changed. */
  with(message: string, changes: GatewayErrorOptions = {}): GatewayError {
    const options: GatewayErrorOptions = {
      status: this.status,
      cause: this.cause,
      exhausted: this.exhausted,
      lasting: this.lasting,
      badCredentials: this.badCredentials,
      renewed: this.renewed,
      elsewhere: this.elsewhere,
      offline: this.offline,
      unasked: this.unasked,
    };
    if (this.retryAfterMs !== undefined) options.retryAfterMs = this.retryAfterMs;
    if (this.reason !== undefined) options.reason = this.reason;
    if (this.upstream !== undefined) options.upstream = this.upstream;
    return new GatewayError(this.code, message, { ...options, ...changes });
  }

  /** Whether an allowance is used up for so long that the client must be told, since repeating the request does not help. */
  get isUsedUp(): boolean {
    return this.exhausted !== false && (this.retryAfterMs ?? Number.POSITIVE_INFINITY) > LONGEST_HEEDED_MS;
  }

  get rule(): ErrorRule {
    return ERROR_RULES[this.code];
  }
}

/** Any thrown value as a GatewayError; an unknown one becomes `internal`. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  const lack = outOfMemory(thrown);
  if (lack !== undefined) return lack;
  const message = messageOf(thrown);
  return new GatewayError('internal', `internal error: ${message}`, { cause: thrown });
}

/** `overloaded` if an allocation failed, which is not the client's fault; undefined for any other failure. */
export function outOfMemory(thrown: unknown): GatewayError | undefined {
  if (!(thrown instanceof RangeError && /^out of memory/i.test(thrown.message))) return undefined;
  const message = 'the gateway has no memory left for this; give it more, or lower server.max_body';
  return new GatewayError('overloaded', message, { cause: thrown });
}
