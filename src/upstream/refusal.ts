// Why a provider is not asked at all, in words, and as the error that a client gets if no other target is left.
import { type ErrorCode, GatewayError } from '../model/errors.ts';
import type { Shed } from './concurrency-limit.ts';
import type { CooldownReason } from './key-ring.ts';

/** Longer waits are stated in minutes. */
const MAX_TOLD_IN_SECONDS_MS = 600_000;
/** Longer waits are stated in hours. */
const MAX_TOLD_IN_MINUTES_MS = 7_200_000;

type RefusalReason = 'breaker_open' | 'keys_set_aside' | 'busy' | 'no_key' | 'budget_spent' | 'rate_limited';

export interface Refusal {
  refused: RefusalReason;
  /** Its `retryAfterMs` says when the provider may be asked. */
  error: GatewayError;
  /** Whether a request should wait for that moment: nothing else prevents asking. */
  worthWaiting: boolean;
}

export function refusedByBreaker(name: string, waitMs: number, lastError: string | undefined): Refusal {
  const last = lastError === undefined ? '' : `, the last one ${lastError.split(':')[0]}`;
  const message = `${name} was not asked: its circuit breaker is open after failures in a row${last}; it is tried again in ${seconds(waitMs)} (breaker.open_for)`;
  return {
    refused: 'breaker_open',
    error: new GatewayError('upstream_overloaded', message, {
      status: 503,
      retryAfterMs: waitMs,
      unasked: true,
    }),
    worthWaiting: false,
  };
}

const COOLDOWN_REASONS: Record<CooldownReason, string> = {
  refused: 'was refused',
  exhausted: 'has used up its quota',
  rate_limited: 'was asked to wait',
  overloaded: 'was asked to wait, as the provider is overloaded',
};

/** The code of the answer that set the keys aside. */
const CODE_OF: Record<CooldownReason, ErrorCode> = {
  refused: 'upstream_unauthorized',
  exhausted: 'upstream_rate_limited',
  rate_limited: 'upstream_rate_limited',
  overloaded: 'upstream_overloaded',
};

export function refusedByKeys(
  { name, apiKeys }: { name: string; apiKeys: readonly string[] },
  { waitMs, why }: { waitMs: number; why: CooldownReason },
): Refusal {
  const who = apiKeys.length > 1 ? `each of its ${apiKeys.length} keys` : 'it';
  const message = `${name} was not asked: ${who} ${COOLDOWN_REASONS[why]}; it is asked again in ${seconds(waitMs)}`;
  return {
    refused: 'keys_set_aside',
    error: new GatewayError(CODE_OF[why], message, { retryAfterMs: waitMs }),
    worthWaiting: why === 'rate_limited' || why === 'overloaded',
  };
}

/** The target is not even tried, since its answer is known. */
export function refusedWithoutKey(name: string): Refusal {
  const message = `${name} was not asked: it has no key (providers.${name}.api_key), and the request brings none for it`;
  return {
    refused: 'no_key',
    error: new GatewayError('upstream_unauthorized', message),
    worthWaiting: false,
  };
}

/**
 * Does not name the target, since a budget usually applies to all of them. @param spent the budget in words, and how much of it is spent.
 * @param waitMs until it is reset.
 */
export function refusedByBudget(spent: string, waitMs: number): Refusal {
  const message = `${spent}; it is renewed in ${wait(waitMs)} (costs.budgets)`;
  return {
    refused: 'budget_spent',
    error: new GatewayError('budget_exceeded', message, { retryAfterMs: waitMs, exhausted: true }),
    worthWaiting: false,
  };
}

/**
 * Does not name the target: limits of the caller apply to all of them, and are then reported once.
 * @param limit in words. @param waitMs until a request may pass. @param isOfRunning whether it limits concurrent requests.
 */
export function refusedByRateLimit(limit: string, waitMs: number, isOfRunning: boolean): Refusal {
  const when = isOfRunning ? 'when one of them has ended' : `in ${wait(waitMs)}`;
  const message = `the limit of ${limit}${limit.includes(',') ? ',' : ''} is reached: ask again ${when} (rate_limits)`;
  return {
    refused: 'rate_limited',
    error: new GatewayError('rate_limited', message, { retryAfterMs: waitMs, exhausted: !isOfRunning }),
    worthWaiting: false,
  };
}

export function refusedByLimit(name: string, shed: Shed): Refusal {
  const what = shed.shed === 'full' ? 'and the queue is full' : 'and no slot became free in time';
  const message = `${name} was not asked: it has ${shed.inFlight} in flight and ${shed.waiting} waiting, ${what} (providers.${name}.concurrency)`;
  return {
    refused: 'busy',
    error: new GatewayError('rate_limited', message, { retryAfterMs: shed.retryAfterMs }),
    worthWaiting: false,
  };
}

/** One error for several providers of which none was asked. Those without a key count only if there is no other. */
export function allRefused(all: readonly Refusal[]): GatewayError | undefined {
  const refusals = all.filter(({ refused }) => refused !== 'no_key');
  const [first, ...rest] = refusals.length > 0 ? refusals : all.slice(0, 1);
  if (first === undefined || rest.length === 0) return first?.error;
  const waits = refusals.map(({ error }) => error.retryAfterMs ?? 0);
  const codes = new Set(refusals.map(({ error }) => error.code));
  const message = [...new Set(refusals.map(({ error }) => error.message))].join('; ');
  const retryAfterMs = Math.min(...waits);
  return codes.size === 1
    ? first.error.with(message, { retryAfterMs })
    : new GatewayError('upstream_overloaded', message, { status: 503, retryAfterMs, unasked: true });
}

function wait(ms: number): string {
  if (ms < MAX_TOLD_IN_SECONDS_MS) return seconds(ms);
  return ms < MAX_TOLD_IN_MINUTES_MS ? `${Math.ceil(ms / 60_000)} min` : `${Math.ceil(ms / 3_600_000)} h`;
}

function seconds(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1_000))} s`;
}
