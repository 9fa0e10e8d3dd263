// Several processes in front of the same providers: what one learns about a provider, the others must know. A success that changes nothing
// is not reported, so that healthy traffic costs nothing.
import { type ErrorCode, GatewayError } from '../model/errors.ts';
import type { BreakerEvent, BreakerMemory, BreakerSettings } from './breaker.ts';
import type { KeyCooldown } from './key-ring.ts';

/** What one process reports to the others about a provider. Survives a structured clone. */
export interface PeerNotice {
  provider: string;
  baseUrl: string;
  event: PeerEvent;
}

export type PeerEvent =
  | { what: 'breaker'; met: BreakerEvent; settings: BreakerSettings }
  /** It has answered well after failures. */
  | { what: 'recovered' }
  /** A failure for which the provider or the key is to blame. */
  | { what: 'failed'; error: PeerError; key: PeerKey | null }
  /** A key that was set aside is good again. */
  | { what: 'key-good'; key: PeerKey }
  /** A client's own key has been answered since one of the gateway's was set aside. */
  | { what: 'client-key-good' }
  /** How many may be in flight now; null: the configured limit. */
  | { what: 'limit'; value: number | null }
  /** A place is free for which a request of another process may wait. */
  | { what: 'room' }
  /** Everything that is known of it, for a process that is starting. */
  | { what: 'known'; known: ProviderKnowledge };

export interface ProviderKnowledge {
  breaker: BreakerMemory;
  cooldowns: KeyCooldown[];
  /** As `limit` above. */
  limit: number | null;
  failuresInARow: number;
  lastError: string | undefined;
  clientKeysWork: boolean;
}

/** The key that was used. Must not be passed anywhere but between processes. */
export interface PeerKey {
  value: string | null;
  model: string;
  /** The provider has no other. */
  alone: boolean;
}

/** A GatewayError in a form that can be sent. */
interface PeerError {
  code: ErrorCode;
  message: string;
  status: number;
  retryAfterMs: number | undefined;
  exhausted: boolean | 'model';
}

export function toPeerError(error: GatewayError): PeerError {
  const { code, message, status, retryAfterMs, exhausted } = error;
  return { code, message, status, retryAfterMs, exhausted };
}

export function fromPeerError({ code, message, status, retryAfterMs, exhausted }: PeerError): GatewayError {
  return new GatewayError(code, message, {
    status,
    exhausted,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** How many requests of all processes are with one provider. */
export interface SharedRoom {
  /** Publishes how many this process has in flight. All others see it before anything that is read here afterwards. */
  setInFlight(count: number): void;
  setWaiting(count: number): void;
  othersInFlight(): number;
  othersWaiting(): number;
  /** Sets whether this process tries a half-open breaker; returns whether another one does. */
  setProbing(isOn: boolean): boolean;
  /**
   * Notes that the operator is told that the provider works, or fails, at this address; returns whether that is news among all processes.
   */
  claimNews(baseUrl: string, isWell: boolean): boolean;
}

/**
 * Divides one provider's room between several of its addresses, for instance while requests still run at an earlier one: this process
 * publishes their sum, and each address counts only its own requests.
 */
export class DividedRoom {
  private readonly room: SharedRoom;
  private readonly shares = new Set<Share>();

  constructor(room: SharedRoom) {
    this.room = room;
  }

  share(): SharedRoom {
    const { room, shares } = this;
    const own: Share = { inFlight: 0, waiting: 0, probing: 0 };
    shares.add(own);
    return {
      setInFlight(count) {
        own.inFlight = count;
        room.setInFlight(sum(shares, 'inFlight'));
      },
      setWaiting(count) {
        own.waiting = count;
        room.setWaiting(sum(shares, 'waiting'));
      },
      othersInFlight: () => room.othersInFlight(),
      othersWaiting: () => room.othersWaiting(),
      setProbing(isOn) {
        own.probing = isOn ? 1 : 0;
        return room.setProbing(sum(shares, 'probing') > 0);
      },
      claimNews: (baseUrl, isWell) => room.claimNews(baseUrl, isWell),
    };
  }
}

interface Share {
  inFlight: number;
  waiting: number;
  probing: number;
}

function sum(shares: Iterable<Share>, what: keyof Share): number {
  let total = 0;
  for (const share of shares) total += share[what];
  return total;
}

export interface Peers {
  notify(notice: PeerNotice): void;
  /** Undefined if this process counts alone. */
  room(provider: string): SharedRoom | undefined;
}

/** For a single process. */
export const NO_PEERS: Peers = { notify: () => {}, room: () => undefined };
