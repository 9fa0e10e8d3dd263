// Merges what several workers know about the same providers and rate limits.
import type { LimitState } from '../limits/limit-line.ts';
import type { KeyState } from '../upstream/key-ring.ts';
import type { ProviderState } from '../upstream/provider-state.ts';

/** Workers agree once their messages have arrived; until then the worst state counts. Request counts are added up. */
export function mergeStates(ofWorkers: readonly (readonly ProviderState[])[]): ProviderState[] {
  const merged = new Map<string, ProviderState>();
  for (const state of ofWorkers.flat()) {
    const known = merged.get(state.name);
    merged.set(state.name, known === undefined ? state : mergeTwo(known, state));
  }
  return [...merged.values()];
}

/** All read the same counters, but each knows only the names that it has served. */
export function mergeLimits(ofWorkers: readonly (readonly LimitState[])[]): LimitState[] {
  const merged = new Map<string, LimitState>();
  for (const state of ofWorkers.flat()) {
    const key = JSON.stringify(state.limit);
    const known = merged.get(key);
    if (known === undefined || state.used > known.used) merged.set(key, state);
  }
  return [...merged.values()].sort((one, other) => one.index - other.index || other.used - one.used);
}

const BREAKER_RANK = { closed: 0, 'half-open': 1, open: 2 } as const;

function mergeTwo(one: ProviderState, other: ProviderState): ProviderState {
  const worse = isWorse(other, one) ? other : one;
  const lastError = one.lastError ?? other.lastError;
  const limits = [one.limit, other.limit].filter((limit) => limit !== null);
  return {
    name: one.name,
    healthy: one.healthy && other.healthy,
    breaker: worse.breaker,
    ...(worse.retryInMs === undefined ? {} : { retryInMs: worse.retryInMs }),
    inFlight: one.inFlight + other.inFlight,
    queued: one.queued + other.queued,
    limit: limits.length === 0 ? null : Math.min(...limits),
    keys: one.keys.map((key, position) => worseKey(key, other.keys[position])),
    ...(lastError === undefined ? {} : { lastError }),
  };
}

/** Of two open breakers the one that stays open longer is worse: until then some requests are refused, whichever worker gets them. */
function isWorse(other: ProviderState, one: ProviderState): boolean {
  const difference = BREAKER_RANK[other.breaker] - BREAKER_RANK[one.breaker];
  return difference === 0 ? (other.retryInMs ?? 0) > (one.retryInMs ?? 0) : difference > 0;
}

function worseKey(one: KeyState, other: KeyState | undefined): KeyState {
  return other !== undefined && (other.retryInMs ?? 0) > (one.retryInMs ?? 0) ? other : one;
}
