// What requests have shown of one provider: its breaker, its keys, its limit and its consecutive failures.
import type { GatewayError } from '../model/errors.ts';
import type { Breaker } from './breaker.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import type { KeyRing } from './key-ring.ts';
import {
  fromPeerError,
  type PeerEvent,
  type PeerKey,
  type ProviderKnowledge,
  type SharedRoom,
} from './peers.ts';
import type { RetryBudget } from './retry-budget.ts';

/** What an operator should know of a provider, each thing once. */
export type ProviderNews =
  /**
   * Its breaker has opened, so that it is not asked for some time. `isAsked`: it has no breaker, and UNHEALTHY_AFTER consecutive failures.
   */
  | { what: 'fails'; error: string; isAsked?: true }
  | { what: 'works again' }
  /** It refused a key, or that key's quota is used up. @param key its position, if there are several. */
  | { what: 'key set aside'; key: string | undefined; error: string };

/** One failure is chance, two a hiccup; after three in a row the next request will most likely fail too. */
export const UNHEALTHY_AFTER = 3;
/** Without a breaker, whose opening takes some time, a provider that fails every other time would be reported each time. */
const BETWEEN_NEWS_MS = 30_000;

export interface ProviderMemory {
  baseUrl: string;
  breaker: Breaker;
  /** As the newest request's configuration says. */
  hasBreaker: boolean;
  keys: KeyRing;
  limit: ConcurrencyLimit;
  room: SharedRoom | undefined;
  /** Of this process only: what other processes waste does not count here. */
  retries: RetryBudget;
  failuresInARow: number;
  lastError: string | undefined;
  /** Whether clients' own keys have been answered since one of the gateway's was set aside. */
  clientKeysWork: boolean;
  notify(event: PeerEvent): void;
  elapsed(): number;
  /** What the latest news said, from whichever process. */
  wasWell: boolean;
  /** When the latest news was; null: never. */
  toldAt: number | null;
  report(news: ProviderNews): void;
}

/**
 * Reports that a request of this process has opened or closed the breaker; a provider that merely fails often would otherwise be reported
 * with every other request. Without a breaker, reports that it has become unhealthy, or works again.
 */
export function reportCondition(memory: ProviderMemory): void {
  const well = isWell(memory);
  const { hasBreaker, toldAt } = memory;
  if (well === memory.wasWell) return;
  const now = memory.elapsed();
  if (!hasBreaker && toldAt !== null && now - toldAt < BETWEEN_NEWS_MS) return;
  memory.wasWell = well;
  memory.toldAt = now;
  if (memory.room?.claimNews(memory.baseUrl, well) === false) return;
  const error = memory.lastError ?? '';
  memory.report(
    well ? { what: 'works again' } : { what: 'fails', error, ...(!hasBreaker && { isAsked: true }) },
  );
}

/** Sets by which of the two a provider is judged from now on. What is known of it so far was news earlier, or to another process. */
export function guard(memory: ProviderMemory, hasBreaker: boolean): void {
  if (memory.hasBreaker === hasBreaker) return;
  memory.hasBreaker = hasBreaker;
  memory.wasWell = isWell(memory);
  memory.room?.claimNews(memory.baseUrl, memory.wasWell);
}

function isWell({ hasBreaker, breaker, failuresInARow }: ProviderMemory): boolean {
  return hasBreaker ? breaker.state() === 'closed' : failuresInARow < UNHEALTHY_AFTER;
}

/** Sets the key aside if it is to blame. Returns whether that is news for all models. */
export function failKey(
  memory: ProviderMemory,
  { value, model, alone }: PeerKey,
  error: GatewayError,
): boolean {
  const isNews = memory.keys.failed(value, model, error, alone);
  if (memory.keys.hasCooldown(value, model)) memory.clientKeysWork = false;
  return isNews;
}

/**
 * Takes over what another process has met. Usually that process has reported it; but if failures of two processes cross, and they share
 * what was told, each learns the last one from the other. That an answer begins is no news, in either.
 */
export function learn(memory: ProviderMemory, event: PeerEvent): void {
  take(memory, event);
  if (event.what === 'known' || memory.room === undefined) memory.wasWell = isWell(memory);
  else if (!isBeginning(memory, event)) queueMicrotask(() => reportCondition(memory));
}

function isBeginning({ hasBreaker }: ProviderMemory, event: PeerEvent): boolean {
  return hasBreaker && (event.what === 'recovered' || (event.what === 'breaker' && event.met === 'spoke'));
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
      if (event.key !== null) failKey(memory, event.key, error);
      return;
    }
    case 'key-good':
      memory.keys.succeeded(event.key.value, event.key.model);
      return;
    case 'client-key-good':
      memory.clientKeysWork = true;
      return;
    case 'limit':
      memory.limit.adopt(event.value);
      return;
    case 'room':
      memory.limit.roomElsewhere();
      return;
    case 'known': {
      const { breaker, cooldowns, limit, failuresInARow, lastError, clientKeysWork } = event.known;
      memory.breaker.adopt(breaker);
      memory.keys.adopt(cooldowns);
      memory.limit.adopt(limit);
      memory.failuresInARow = failuresInARow;
      memory.lastError = lastError;
      memory.clientKeysWork = clientKeysWork;
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
  clientKeysWork,
}: ProviderMemory): ProviderKnowledge {
  return {
    breaker: breaker.recall(),
    cooldowns: keys.recall(),
    limit: limit.adapted(),
    failuresInARow,
    lastError,
    clientKeysWork,
  };
}

/** Returns whether there was anything to reset. */
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
