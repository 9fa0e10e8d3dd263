// What is known from one provider's requests: its breaker, its keys, its limit and its failures in a row.
import type { GatewayError } from '../model/errors.ts';
import type { Breaker } from './breaker.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import type { KeyRing } from './key-ring.ts';
import { fromPeerError, type PeerEvent, type ProviderKnowledge, type SharedRoom } from './peers.ts';
import type { RetryBudget } from './retry-budget.ts';

/** What an operator should know of a provider, once each. */
export type ProviderNews =
  /** It is not asked for a while: its breaker has opened. */
  | { what: 'fails'; error: string }
  | { what: 'works again' }
  /** It refused a key, or that key's quota is used up. @param key its position, where there are several. */
  | { what: 'key set aside'; key: string | undefined; error: string };

export interface ProviderMemory {
  baseUrl: string;
  breaker: Breaker;
  keys: KeyRing;
  limit: ConcurrencyLimit;
  room: SharedRoom | undefined;
  /** Of this process: what others waste is theirs. */
  retries: RetryBudget;
  failuresInARow: number;
  lastError: string | undefined;
  notify(event: PeerEvent): void;
  /** The breaker, as of the latest news, or of what another process learned: that one has reported it. */
  wasClosed: boolean;
  report(news: ProviderNews): void;
}

/**
 * Reports where a request of this process has opened or closed the breaker: one that merely fails often would be reported with every
 * other request.
 */
export function reportBreaker(memory: ProviderMemory): void {
  const isClosed = memory.breaker.state() === 'closed';
  if (isClosed === memory.wasClosed) return;
  memory.wasClosed = isClosed;
  memory.report(isClosed ? { what: 'works again' } : { what: 'fails', error: memory.lastError ?? '' });
}

/** Takes what another process has met. */
export function learn(memory: ProviderMemory, event: PeerEvent): void {
  take(memory, event);
  memory.wasClosed = memory.breaker.state() === 'closed';
}

function take(memory: ProviderMemory, event: PeerEvent): void {
  switch (event.what) {
    case 'breaker':
      memory.breaker.learn(event.met, event.settings);
      return;
    case 'recovered':
      resetFailures(memory);
      return;
    case 'failed': {
      const error = fromPeerError(event.error);
      fail(memory, error);
      if (event.key !== null) memory.keys.failed(event.key.value, event.key.model, error, event.key.alone);
      return;
    }
    case 'key-good':
      memory.keys.succeeded(event.key.value, event.key.model);
      return;
    case 'limit':
      memory.limit.adopt(event.value);
      return;
    case 'room':
      memory.limit.roomElsewhere();
      return;
    case 'known': {
      const { breaker, cooldowns, limit, failuresInARow, lastError } = event.known;
      memory.breaker.adopt(breaker);
      memory.keys.adopt(cooldowns);
      memory.limit.adopt(limit);
      memory.failuresInARow = failuresInARow;
      memory.lastError = lastError;
    }
  }
}

/** What a process that is starting must know. */
export function recall({
  breaker,
  keys,
  limit,
  failuresInARow,
  lastError,
}: ProviderMemory): ProviderKnowledge {
  return {
    breaker: breaker.recall(),
    cooldowns: keys.recall(),
    limit: limit.adapted(),
    failuresInARow,
    lastError,
  };
}

/** Returns whether there was something to reset. */
export function resetFailures(memory: ProviderMemory): boolean {
  const isNews = memory.failuresInARow > 0;
  memory.failuresInARow = 0;
  memory.lastError = undefined;
  return isNews;
}

export function fail(memory: ProviderMemory, error: GatewayError): void {
  memory.failuresInARow += 1;
  memory.lastError = `${error.code}: ${error.message}`;
}
