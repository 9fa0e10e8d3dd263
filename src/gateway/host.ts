// What the gateway needs from the world around it. The clock, timers, fetch and ids have their one home here.
import type { AuthorizationScheme, OAuthUser } from '../config/resolved.ts';
import type { LedgerRow } from '../ledger/rows/row.ts';
import type { Spill } from '../ledger/queue/spill.ts';
import type { LedgerStore } from '../ledger/store.ts';
import type { Fleet } from './fleet.ts';
import type { Connections } from '../upstream/connections.ts';
import { createFetchTransport, type Fetch } from '../upstream/fetch-transport.ts';
import type { Transport } from '../upstream/transport.ts';

/** A request as it will be sent, but for the headers that authorize it. */
export interface UnauthorizedRequest {
  method: string;
  url: string;
  body: string;
  /** Of the provider's configuration. */
  options: Readonly<Record<string, string>>;
  oauth?: OAuthUser;
}

/** Whoever is told of every request that ended. */
export interface Telemetry {
  /** Never throws and never waits. */
  see(row: LedgerRow): void;
}

export interface GatewayHost {
  /** Reaches upstreams. Their addresses are a configured base URL plus a path. */
  send: Transport;
  /**
   * Headers that authorize a request where no key does: it fetches a token or signs. Throws where the host has
   * no credentials. Left out: such providers need a key.
   */
  authorize?(scheme: AuthorizationScheme, request: UnauthorizedRequest): Promise<Record<string, string>>;
  /** Left out where the host has no say in how upstreams are connected to. */
  connections?: Connections;
  /** The host's own, of the way to upstreams: they appear nowhere. */
  secrets?: readonly string[];
  /** Unix milliseconds. */
  now(): number;
  /** Milliseconds that never jump. */
  monotonic(): number;
  /** Calls back once after `ms`; returns how to call it off. */
  setTimer(callback: () => void, ms: number): () => void;
  /** A UUID. */
  randomId(): string;
  /** 0 ≤ x < 1, for jitter. */
  random(): number;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
  /** Who collects traces; left out where nobody does. Where several processes serve, one of them tells it of all rows. */
  telemetry?: Telemetry;
  /** Null: nothing is recorded. */
  ledgerStore: LedgerStore | null;
  /** Where rows wait that the store does not take, at most so many bytes of them; left out: in memory. */
  openSpill?(maxBytes: () => number): Spill;
  version: string;
  /** The other processes of this gateway; left out where there are none. */
  fleet?: Fleet;
}

/** Parts of the world to replace; `fetch` stands for the way to upstreams. */
export type HostOverrides = Partial<GatewayHost> & { fetch?: Fetch };

/** A host of web standards alone: embeds the gateway anywhere, without a ledger unless one is given. */
export function createWebHost({ fetch: own, ...overrides }: HostOverrides = {}): GatewayHost {
  return {
    send: createFetchTransport(own ?? ((url, init) => fetch(url, init))),
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer(callback, ms) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    randomId: () => crypto.randomUUID(),
    random: () => Math.random(),
    log: () => {},
    ledgerStore: null,
    version: '0.1.0',
    ...overrides,
  };
}
