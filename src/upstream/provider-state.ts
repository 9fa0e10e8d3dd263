// What the gateway knows of each provider from its own requests, and which may be asked now: breakers, keys, room. A request takes a lease
// before it is sent and ends it when its answer is over; its outcome affects later ones.
import type { GatewayError } from '../model/errors.ts';
import { Breaker, type BreakerSettings, type BreakerState, type Permit, PROBE_WAIT_MS } from './breaker.ts';
import {
  ConcurrencyLimit,
  type ConcurrencySettings,
  type LimitClock,
  type Shed,
  type Slot,
} from './concurrency-limit.ts';
import { type ChosenKey, createKeyRing, type KeyQuestion, type KeyRing, type KeyState } from './key-ring.ts';
import { Lease } from './lease.ts';
import type { CancelSignal } from './cancellation.ts';
import {
  DividedRoom,
  NO_PEERS,
  type PeerEvent,
  type PeerNotice,
  type Peers,
  type SharedRoom,
  toPeerError,
} from './peers.ts';
import {
  fail,
  guard,
  learn,
  type ProviderMemory,
  type ProviderNews,
  recall,
  reportCondition,
  resetFailures,
  UNHEALTHY_AFTER,
} from './provider-memory.ts';
import { createRetryBudget } from './retry-budget.ts';
import { type Refusal, refusedByBreaker, refusedByKeys, refusedByLimit } from './refusal.ts';

/** What matters here of a provider's configuration. */
export interface GuardedProvider {
  name: string;
  baseUrl: string;
  apiKeys: readonly string[];
  /** It is another gateway, to which one of these keys admits this one, beside the client's own key. */
  isGateway?: true;
  /** Null: none. */
  breaker: BreakerSettings | null;
  concurrency: ConcurrencySettings;
}

interface LeaseRequest {
  provider: GuardedProvider;
  model: string;
  /** `client`: the client's own key is used, so that the gateway's keys do not matter, unless they admit it to another gateway. */
  key: 'own' | 'client';
  /** The conversation to which the request belongs; null if unknown. Read only if it matters. */
  conversation(): string | null;
  /** No other target is left. */
  lastResort: boolean;
  /** The same request has failed there. */
  isRetry: boolean;
  /** Aborted when the client leaves. */
  signal: CancelSignal;
}

export interface ProviderState {
  name: string;
  /**
   * True if the breaker is closed, fewer than UNHEALTHY_AFTER consecutive failures were the provider's, and not every key is refused or
   * used up (unless clients' own keys are answered meanwhile).
   */
  healthy: boolean;
  breaker: BreakerState;
  /** Milliseconds until an open breaker admits one request; left out if it is closed. */
  retryInMs?: number;
  /** Requests begun and not over. */
  inFlight: number;
  queued: number;
  /** How many may be in flight; null if that is not limited. */
  limit: number | null;
  keys: KeyState[];
  /** `code: message` of the newest failure for which the provider is to blame; absent once it has answered well since. */
  lastError?: string;
}

export interface ProviderStates {
  /** Synchronous unless it must wait for room. Throws, or rejects with, the signal's reason when the client leaves. */
  enter(question: LeaseRequest): Lease | Refusal | Promise<Lease | Refusal>;
  /**
   * Begins a probe of the provider, which is not a request. Returns the function that ends it, to be called with the provider's failure, or
   * null if it answered. Undefined while its breaker admits nothing.
   */
  beginProbe(provider: GuardedProvider): ((failure: GatewayError | null) => void) | undefined;
  /** Whether another of its keys is ready for this model. */
  hasOtherKey(provider: GuardedProvider, model: string): boolean;
  /** Whether a request that failed may be sent there again; false if too many retries have failed recently. */
  mayRetry(provider: Pick<GuardedProvider, 'name' | 'baseUrl'>): boolean;
  /** The states of these providers, in this order; one that was never asked is healthy. */
  snapshot(providers: readonly GuardedProvider[]): ProviderState[];
  /** Requests with this provider now, including those of other processes. */
  inFlight(provider: GuardedProvider): number;
  /** Applies new settings; if one admits more than before, waiting requests proceed. */
  configure(providers: readonly GuardedProvider[]): void;
  /** Another process has met this. */
  learn(notice: PeerNotice): void;
  /** What another process that is starting must learn. */
  recall(): PeerNotice[];
  /** Another process has ended: what it held is released. */
  peerGone(): void;
}

const CLIENTS_KEY: ChosenKey = { value: null, label: undefined };
const NO_BREAKER: Permit = { spoke() {}, succeeded() {}, failed() {}, abandoned() {} };

interface StateClock extends LimitClock {
  /** Also passes while the machine sleeps, like the time that a provider asks to wait. Left out: `monotonic` is used. */
  elapsed?(): number;
}

/** @param report called with what requests of this process have shown of a provider. */
export function createProviderStates(
  clock: StateClock,
  peers: Peers = NO_PEERS,
  report: (provider: string, news: ProviderNews) => void = () => {},
): ProviderStates {
  const elapsed = clock.elapsed ?? clock.monotonic;
  /** By name and address, since another address is another server, whatever its name. */
  const memories = new Map<string, Map<string, ProviderMemory>>();
  const rooms = new Map<string, DividedRoom | undefined>();

  function memoryOf({ name, baseUrl }: Pick<GuardedProvider, 'name' | 'baseUrl'>): ProviderMemory {
    const known = memories.get(name)?.get(baseUrl);
    if (known !== undefined) return known;
    const notify = (event: PeerEvent) => peers.notify({ provider: name, baseUrl, event });
    const room = roomOf(name)?.share();
    const memory: ProviderMemory = {
      baseUrl,
      breaker: new Breaker(
        elapsed,
        (met, settings) => notify({ what: 'breaker', met, settings }),
        room && ((isOn) => claimProbe(room, isOn)),
      ),
      keys: createKeyRing(elapsed),
      limit: new ConcurrencyLimit(clock, {
        room,
        adapted: (value) => notify({ what: 'limit', value }),
        freed: () => notify({ what: 'room' }),
      }),
      room,
      retries: createRetryBudget(elapsed),
      hasBreaker: true,
      failuresInARow: 0,
      lastError: undefined,
      clientKeysWork: false,
      notify,
      elapsed,
      wasWell: true,
      toldAt: null,
      report: (news) => report(name, news),
    };
    const addresses = memories.get(name) ?? new Map<string, ProviderMemory>();
    memories.set(name, addresses.set(baseUrl, memory));
    return memory;
  }

  function roomOf(name: string): DividedRoom | undefined {
    if (!rooms.has(name)) {
      const room = peers.room(name);
      rooms.set(name, room && new DividedRoom(room));
    }
    return rooms.get(name);
  }

  function* all(): Generator<[provider: string, memory: ProviderMemory]> {
    for (const [name, addresses] of memories) for (const memory of addresses.values()) yield [name, memory];
  }

  function closed({ provider }: LeaseRequest, { breaker, lastError }: ProviderMemory): Refusal {
    // Refused although no wait is left: another process is trying it, and has not reported that yet.
    return refusedByBreaker(provider.name, breaker.waitMs() || PROBE_WAIT_MS, lastError);
  }

  /** Called with the place, or the refusal of one. */
  function admit(question: LeaseRequest, memory: ProviderMemory, slot: Slot | Shed): Lease | Refusal {
    const { provider, model } = question;
    const { breaker, keys } = memory;
    if ('shed' in slot) return refusedByLimit(provider.name, slot);
    const key =
      question.key === 'client' ? besideClients(question, keys) : keys.choose(keyQuestion(question));
    if ('why' in key) {
      slot.release();
      return refusedByKeys(provider, key);
    }
    // Last, since a request that a half-open breaker admits must really be sent.
    const permit = provider.breaker === null ? NO_BREAKER : breaker.enter(provider.breaker);
    if (permit === undefined) {
      slot.release();
      return closed(question, memory);
    }
    return new Lease({
      memory,
      model,
      whose: question.key,
      isRetry: question.isRetry,
      slot,
      permit,
      key: key.value,
      keyLabel: key.label,
      onlyKey: provider.apiKeys.length < 2,
    });
  }

  return {
    enter(question) {
      const { provider, signal } = question;
      const memory = memoryOf(provider);
      guard(memory, provider.breaker !== null);
      if (provider.breaker !== null && memory.breaker.waitMs() > 0) return closed(question, memory);
      const slot = memory.limit.acquire(provider.concurrency, signal);
      if (slot instanceof Promise) return slot.then((given) => admit(question, memory, given));
      return admit(question, memory, slot);
    },
    beginProbe(provider) {
      const memory = memoryOf(provider);
      guard(memory, provider.breaker !== null);
      const permit = provider.breaker === null ? NO_BREAKER : memory.breaker.enter(provider.breaker);
      return permit && ((failure) => endProbe(memory, permit, failure));
    },
    hasOtherKey: (provider, model) => memoryOf(provider).keys.hasOther(provider.apiKeys, model),
    mayRetry: (provider) => memoryOf(provider).retries.isLeft(),
    snapshot: (providers) => providers.map((provider) => describe(provider, memoryOf(provider))),
    inFlight(provider) {
      const { limit, room } = memoryOf(provider);
      return limit.inFlight() + (room?.othersInFlight() ?? 0);
    },
    peerGone() {
      for (const [, { breaker, limit }] of all()) {
        breaker.peerGone();
        limit.roomElsewhere();
      }
    },
    configure(providers) {
      for (const provider of providers) memoryOf(provider).limit.configure(provider.concurrency);
    },
    learn({ provider, baseUrl, event }) {
      learn(memoryOf({ name: provider, baseUrl }), event);
    },
    recall: () =>
      [...all()].map(([provider, memory]) => ({
        provider,
        baseUrl: memory.baseUrl,
        event: { what: 'known', known: recall(memory) },
      })),
  };
}

/** Whether this process may probe. If two claim it at once, both may leave it to the next request. */
function claimProbe(room: SharedRoom, isOn: boolean): boolean {
  const isTaken = room.setProbing(isOn);
  if (isOn && isTaken) room.setProbing(false);
  return !isTaken;
}

function keyQuestion(question: LeaseRequest): KeyQuestion {
  const { provider, model, lastResort } = question;
  return { keys: provider.apiKeys, model, conversation: () => question.conversation(), lastResort };
}

/** The gateway's key that admits it to another gateway, beside the client's own; the ring does not judge by it. */
function besideClients(question: LeaseRequest, keys: KeyRing): ChosenKey {
  const { isGateway, apiKeys } = question.provider;
  if (isGateway !== true || apiKeys.length < 2) return CLIENTS_KEY;
  const chosen = keys.choose({ ...keyQuestion(question), lastResort: true });
  return 'why' in chosen ? CLIENTS_KEY : chosen;
}

/** A provider that is reachable may still fail every request, so an answered probe does not undo what those told the breaker. */
function endProbe(memory: ProviderMemory, permit: Permit, failure: GatewayError | null): void {
  if (failure === null) {
    permit.spoke();
    if (resetFailures(memory)) memory.notify({ what: 'recovered' });
    reportCondition(memory);
    return;
  }
  if (failure.offline) permit.abandoned();
  else permit.failed();
  fail(memory, failure);
  memory.notify({ what: 'failed', error: toPeerError(failure), key: null });
  reportCondition(memory);
}

/** Whether every key is refused or used up. One failure shows that, and no others may follow, since none is asked with these keys. */
function areSpent(keys: readonly KeyState[]): boolean {
  const isSpent = ({ state, models }: KeyState) =>
    models === undefined && (state === 'refused' || state === 'exhausted');
  return keys.length > 0 && keys.every(isSpent);
}

function describe(provider: GuardedProvider, memory: ProviderMemory): ProviderState {
  const { breaker, limit, failuresInARow, lastError, clientKeysWork } = memory;
  const state = provider.breaker === null ? 'closed' : breaker.state();
  const keys = memory.keys.snapshot(provider.apiKeys);
  return {
    name: provider.name,
    healthy: state === 'closed' && failuresInARow < UNHEALTHY_AFTER && (clientKeysWork || !areSpent(keys)),
    breaker: state,
    ...(state === 'closed' ? {} : { retryInMs: breaker.waitMs() }),
    inFlight: limit.inFlight(),
    queued: limit.queued(),
    limit: limit.limit(provider.concurrency),
    keys,
    ...(lastError === undefined ? {} : { lastError }),
  };
}
