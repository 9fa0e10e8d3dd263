// What the gateway knows of each provider from its own requests, and who may be asked now: breaker, keys, room.
// A request takes a lease before it goes and ends it when its answer is over; what it met decides for the next.
import type { GatewayError } from '../model/errors.ts';
import {
  type Breaker,
  type BreakerSettings,
  type BreakerState,
  createBreaker,
  type Permit,
} from './breaker.ts';
import {
  type ConcurrencyLimit,
  type ConcurrencySettings,
  createConcurrencyLimit,
  type LimitClock,
  type Slot,
} from './concurrency-limit.ts';
import { createKeyRing, type KeyRing, type KeyState } from './key-ring.ts';
import {
  fromPeerError,
  NO_PEERS,
  type PeerEvent,
  type PeerKey,
  type PeerNotice,
  type Peers,
  type SharedRoom,
  toPeerError,
} from './peers.ts';
import { type Refusal, refusedByBreaker, refusedByKeys, refusedByLimit } from './refusal.ts';

/** What of a provider's configuration matters here. */
export interface GuardedProvider {
  name: string;
  baseUrl: string;
  apiKeys: readonly string[];
  /** Null: none. */
  breaker: BreakerSettings | null;
  concurrency: ConcurrencySettings;
}

export interface LeaseQuestion {
  provider: GuardedProvider;
  model: string;
  /** `client`: the client's own key is used, so that the gateway's do not matter. */
  key: 'own' | 'client';
  /** The conversation the request belongs to, null where it cannot be told. Read only where it matters. */
  conversation(): string | null;
  /** No other target is left. */
  lastResort: boolean;
  /** Aborted when the client leaves. */
  signal: AbortSignal;
}

/** How a request ended; `abandoned` says nothing about the provider. */
export type LeaseOutcome = 'completed' | 'abandoned' | GatewayError;

/** One request's leave to ask a provider, from before it goes until its answer is over. */
export interface Lease {
  /** The gateway's key to use; null where there is none or the client's own goes. */
  readonly key: string | null;
  /** Its position, `#2`; undefined where there is no choice. */
  readonly keyLabel: string | undefined;
  readonly queuedMs: number;
  /** The answer's first content is there. */
  answered(): void;
  /** Only the first call counts. */
  end(outcome: LeaseOutcome): void;
}

export interface ProviderState {
  name: string;
  /** The breaker is closed, and fewer than UNHEALTHY_AFTER failures in a row were the provider's. */
  healthy: boolean;
  breaker: BreakerState;
  /** Milliseconds until an open breaker lets one request try; left out where it is closed. */
  retryInMs?: number;
  /** Requests begun and not over. */
  inFlight: number;
  queued: number;
  /** How many may be in flight; null where that is not limited. */
  limit: number | null;
  keys: KeyState[];
  /** `code: message` of the newest failure that was the provider's; absent once it has answered well since. */
  lastError?: string;
}

export interface ProviderStates {
  /** Rejects with the signal's reason when the client leaves while it waits for room. */
  enter(question: LeaseQuestion): Promise<Lease | Refusal>;
  /** Whether another of its keys is ready for this model. */
  hasOtherKey(provider: GuardedProvider, model: string): boolean;
  /** Of these providers, in this order; one never asked is healthy. */
  snapshot(providers: readonly GuardedProvider[]): ProviderState[];
  /** Requests with this provider now, those of other processes included. */
  inFlight(provider: GuardedProvider): number;
  /** Another process has met this. */
  learn(notice: PeerNotice): void;
  /** Another process has ended: what it held is free. */
  peerGone(): void;
}

/** One failure is chance, two a hiccup; with three in a row the next request will most likely fail too. */
export const UNHEALTHY_AFTER = 3;

interface Memory {
  baseUrl: string;
  breaker: Breaker;
  keys: KeyRing;
  limit: ConcurrencyLimit;
  room: SharedRoom | undefined;
  failuresInARow: number;
  lastError: string | undefined;
  tell(event: PeerEvent): void;
}

const NO_BREAKER: Permit = { spoke() {}, succeeded() {}, failed() {}, abandoned() {} };

export function createProviderStates(clock: LimitClock, peers: Peers = NO_PEERS): ProviderStates {
  const memories = new Map<string, Memory>();

  function memoryOf({ name, baseUrl }: Pick<GuardedProvider, 'name' | 'baseUrl'>): Memory {
    const known = memories.get(name);
    // Another address is another server, whatever it is called.
    if (known !== undefined && known.baseUrl === baseUrl) return known;
    const tell = (event: PeerEvent) => peers.tell({ provider: name, baseUrl, event });
    const room = peers.room(name);
    const memory: Memory = {
      baseUrl,
      breaker: createBreaker(clock.monotonic, (met, settings) => tell({ what: 'breaker', met, settings })),
      keys: createKeyRing(clock.monotonic),
      limit: createConcurrencyLimit(clock, {
        room,
        adapted: (value) => tell({ what: 'limit', value }),
        freed: () => tell({ what: 'room' }),
      }),
      room,
      failuresInARow: 0,
      lastError: undefined,
      tell,
    };
    memories.set(name, memory);
    return memory;
  }

  return {
    async enter(question) {
      const { provider, model, signal } = question;
      const memory = memoryOf(provider);
      const { breaker, limit, keys } = memory;
      const settings = provider.breaker;
      const closed = () => refusedByBreaker(provider.name, breaker.waitMs(), memory.lastError);
      if (settings !== null && breaker.waitMs() > 0) return closed();
      const slot = await limit.acquire(provider.concurrency, signal);
      if ('shed' in slot) return refusedByLimit(provider.name, slot, limit);
      const key =
        question.key === 'client'
          ? { value: null, label: undefined }
          : keys.choose({ ...question, keys: provider.apiKeys, model });
      if ('why' in key) {
        slot.release();
        return refusedByKeys(provider, key);
      }
      // Last: whoever is let in by a half-open breaker does go.
      const permit = settings === null ? NO_BREAKER : breaker.enter(settings);
      if (permit === undefined) {
        slot.release();
        return closed();
      }
      return createLease(question, memory, { slot, permit, key: key.value, keyLabel: key.label });
    },
    hasOtherKey: (provider, model) => memoryOf(provider).keys.hasOther(provider.apiKeys, model),
    snapshot: (providers) => providers.map((provider) => describe(provider, memoryOf(provider))),
    inFlight(provider) {
      const { limit, room } = memoryOf(provider);
      return limit.inFlight() + (room?.othersInFlight() ?? 0);
    },
    peerGone() {
      for (const { breaker, limit } of memories.values()) {
        breaker.peerGone();
        limit.roomElsewhere();
      }
    },
    learn({ provider, baseUrl, event }) {
      learn(memoryOf({ name: provider, baseUrl }), event);
    },
  };
}

function learn(memory: Memory, event: PeerEvent): void {
  switch (event.what) {
    case 'breaker':
      memory.breaker.learn(event.met, event.settings);
      return;
    case 'healed':
      heal(memory);
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
  }
}

/** Whether there was something to heal. */
function heal(memory: Memory): boolean {
  const isNews = memory.failuresInARow > 0 || memory.lastError !== undefined;
  memory.failuresInARow = 0;
  memory.lastError = undefined;
  return isNews;
}

function fail(memory: Memory, error: GatewayError): void {
  memory.failuresInARow += 1;
  memory.lastError = `${error.code}: ${error.message}`;
}

interface Held {
  slot: Slot;
  permit: Permit;
  key: string | null;
  keyLabel: string | undefined;
}

function createLease({ provider, model, key: whose }: LeaseQuestion, memory: Memory, held: Held): Lease {
  const { slot, permit, key, keyLabel } = held;
  let over = false;

  const used = (): PeerKey => ({ value: key, model, alone: provider.apiKeys.length < 2 });

  function healed(): void {
    if (heal(memory)) memory.tell({ what: 'healed' });
  }

  /** @param ofKey the key is set aside where the failure is of that kind. */
  function failed(error: GatewayError, ofKey: boolean): void {
    fail(memory, error);
    const usedKey = ofKey ? used() : null;
    if (usedKey !== null) memory.keys.failed(key, model, error, usedKey.alone);
    memory.tell({ what: 'failed', error: toPeerError(error), key: usedKey });
  }

  function judge(error: GatewayError): void {
    switch (blameOf(error, whose)) {
      case 'nobody':
        permit.abandoned();
        return;
      case 'client':
        // It looked at the request and refused it: the provider is there, and that is all this tells.
        permit.spoke();
        permit.abandoned();
        return;
      case 'key':
        permit.spoke();
        permit.abandoned();
        failed(error, true);
        if (error.code === 'upstream_rate_limited') slot.congested();
        return;
      case 'provider':
        permit.failed();
        failed(error, whose === 'own');
        if (error.code === 'upstream_overloaded' || error.code === 'upstream_timeout') slot.congested();
    }
  }

  return {
    key,
    keyLabel,
    queuedMs: slot.queuedMs,
    answered() {
      if (over) return;
      permit.spoke();
      slot.spoke();
      healed();
    },
    end(outcome) {
      if (over) return;
      over = true;
      if (outcome === 'abandoned') permit.abandoned();
      else if (outcome === 'completed') {
        permit.succeeded();
        slot.succeeded();
        healed();
        if (whose === 'own') {
          const wasBenched = memory.keys.hasBenched(key);
          memory.keys.succeeded(key, model);
          if (wasBenched) memory.tell({ what: 'key-good', key: used() });
        }
      } else judge(outcome);
      slot.release();
    },
  };
}

/** Whose failure it was: a refused key is not the provider's, and a client's own key is the client's affair. */
function blameOf(error: GatewayError, key: 'own' | 'client'): 'nobody' | 'client' | 'key' | 'provider' {
  const { blame } = error.rule;
  if (blame === 'gateway') return 'nobody';
  if (blame === 'client') return 'client';
  if (error.code === 'upstream_unauthorized' || error.code === 'upstream_rate_limited')
    return key === 'own' ? 'key' : 'client';
  return 'provider';
}

function describe(provider: GuardedProvider, memory: Memory): ProviderState {
  const { breaker, limit, failuresInARow, lastError } = memory;
  const state = provider.breaker === null ? 'closed' : breaker.state();
  return {
    name: provider.name,
    healthy: state === 'closed' && failuresInARow < UNHEALTHY_AFTER,
    breaker: state,
    ...(state === 'closed' ? {} : { retryInMs: breaker.waitMs() }),
    inFlight: limit.inFlight(),
    queued: limit.queued(),
    limit: limit.limit(provider.concurrency),
    keys: memory.keys.snapshot(provider.apiKeys),
    ...(lastError === undefined ? {} : { lastError }),
  };
}
