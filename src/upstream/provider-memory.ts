// What is known from one provider's requests: its breaker, its keys, its limit and its failures in a row.
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

/** What an operator should know of a provider, once each. */
export type ProviderNews =
  /** Its breaker has opened, so that it is not asked for a while. `isAsked`: it has none, and UNHEALTHY_AFTER failures in a row. */
  | { what: 'fails'; error: string; isAsked?: true }
  | { what: 'works again' }
  /** It refused a key, or that key's quota is used up. @param key its position, where there are several. */
  | { what: 'key set aside'; key: string | undefined; error: string };

/** One failure is chance, two a hiccup; with three in a row the next request will most likely fail too. */
export const UNHEALTHY_AFTER = 3;
/** Without a breaker, which is open for a while, what fails every other time would be reported as often. */
const BETWEEN_NEWS_MS = 30_000;

export interface ProviderMemory {
  baseUrl: string;
  breaker: Breaker;
  /** By the latest request's configuration. */
  hasBreaker: boolean;
  keys: KeyRing;
  limit: ConcurrencyLimit;
  room: SharedRoom | undefined;
  /** Of this process: what others waste is theirs. */
  retries: RetryBudget;
  failuresInARow: number;
  lastError: string | undefined;
  /** Clients' own keys have been answered since one of the gateway's was set aside. */
  clientKeysWork: boolean;
  notify(event: PeerEvent): void;
  elapsed(): number;
  /** As of the latest news, by whichever process. */
  wasWell: boolean;
  /** When the latest news was; null: never. */
  toldAt: number | null;
  report(news: ProviderNews): void;
}

/**
 * Reports where a request of this process has opened or closed the breaker: one that merely fails often would be reported with every
 * other request. Where there is no breaker, that it has become unhealthy, or works again.
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

/** By which of the two a provider is judged from now on. What is known of it so far was news earlier, or to another process. */
export function guard(memory: ProviderMemory, hasBreaker: boolean): void {
  if (memory.hasBreaker === hasBreaker) return;
  memory.hasBreaker = hasBreaker;
  memory.wasWell = isWell(memory);
  memory.room?.claimNews(memory.baseUrl, memory.wasWell);
}

function isWell({ hasBreaker, breaker, failuresInARow }: ProviderMemory): boolean {
  return hasBreaker ? breaker.state() === 'closed' : failuresInARow < UNHEALTHY_AFTER;
}

/** The key is set aside where the failure is of that kind. Returns whether that is news for all models. */
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
 * Takes what another process has met. Mostly that one has reported it; but where the failures of two cross, each learns the last of them
 * from the other, where they share what is told. That an answer begins is no news, there or here.
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
