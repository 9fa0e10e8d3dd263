// What the gateway needs from its environment. The clock, timers, fetch and ids are reached only through here.
import type { AuthorizationScheme, OAuthUser } from '../config/resolved.ts';
import type { LedgerRow } from '../ledger/rows/row.ts';
import type { Spill } from '../ledger/queue/spill.ts';
import type { LedgerStore } from '../ledger/store.ts';
import type { Fleet } from './fleet.ts';
import type { ConnectRemoteCount } from './shared-server.ts';
import type { DescriptorState } from '../model/descriptor-state.ts';
import type { LogState } from '../model/log-state.ts';
import type { Connections } from '../upstream/connections.ts';
import { createFetchTransport, type Fetch } from '../upstream/fetch-transport.ts';
import type { SocketTransport } from '../upstream/socket-transport.ts';
import type { Transport } from '../upstream/transport.ts';

/** A request as it will be sent, without the headers that authorize it. */
export interface UnauthorizedRequest {
  method: string;
  url: string;
  body: string;
  /** From the provider's configuration. */
  options: Readonly<Record<string, string>>;
  oauth?: OAuthUser;
}

/** Receives every request that has ended. */
export interface Telemetry {
  /** Never throws and never waits. */
  see(row: LedgerRow): void;
}

export interface GatewayHost {
  /** Reaches upstreams. Their addresses are a configured base URL plus a path. */
  send: Transport;
  /**
   * Makes the headers that authorize a request where no key does, by fetching a token or signing. Throws where the host has no credentials.
   * If left out, such providers need a key.
   */
  authorize?(scheme: AuthorizationScheme, request: UnauthorizedRequest): Promise<Record<string, string>>;
  /**
   * Tells the host that a provider has refused what `authorize` made for this very request. Returns whether `authorize` would now make
   * something else. Left out where it would always make the same.
   *
   * @param answeredAt Unix milliseconds by the provider's clock; undefined where it does not say.
   */
  authorizationRefused?(
    scheme: AuthorizationScheme,
    request: UnauthorizedRequest,
    answeredAt: number | undefined,
  ): boolean;
  /** Opens WebSockets to providers. If left out, none are forwarded. */
  connectSocket?: SocketTransport;
  /** Counts rate limits on a server that several gateways share. If left out, this gateway counts alone. */
  connectRemoteCount?: ConnectRemoteCount;
  /** Left out where the host does not control connections to upstreams. */
  connections?: Connections;
  /** The host's own secrets for reaching upstreams; redacted everywhere. */
  secrets?: readonly string[];
  /** Unix milliseconds. */
  now(): number;
  /** Milliseconds that never jump. */
  monotonic(): number;
  /** Milliseconds that never jump back, and also pass while the machine sleeps. If left out, `monotonic` is used. */
  elapsed?(): number;
  /** Calls back once after `ms`; returns a function that cancels it. */
  setTimer(callback: () => void, ms: number): () => void;
  /** A UUID. */
  randomId(): string;
  /** 0 ≤ x < 1, for jitter. */
  random(): number;
  /** What became of the log's lines; left out where the host does not write the log itself. */
  logState?(): LogState;
  /** Why the newest configuration is not in use; null: it is. Left out where no configuration is read. */
  refusedChange?(): string | null;
  /** Whether this process can open further files and connections; left out where the host does not watch that. */
  descriptorState?(): DescriptorState;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
  /** Collects traces; left out where none are collected. With several processes, one of them gives it the rows of all. */
  telemetry?: Telemetry;
  /** Null: nothing is recorded. */
  ledgerStore: LedgerStore | null;
  /** Keeps rows that the store does not accept, at most `maxBytes()` bytes of them. If left out, they wait in memory. */
  openSpill?(maxBytes: () => number): Spill;
  version: string;
  /** The other processes of this gateway; left out where there are none. */
  fleet?: Fleet;
}

/** The user agent by which providers know the gateway, unless the client's own is passed on. */
export function userAgentOf({ version }: Pick<GatewayHost, 'version'>): string {
  return `sluice/${version}`;
}

/** Parts of the host to replace; `fetch` then reaches the upstreams. */
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
