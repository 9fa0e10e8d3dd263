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
   * Headers that authorize a request where no key does: it fetches a token or signs. Throws where the host has
   * no credentials. Left out: such providers need a key.
   */
  authorize?(scheme: AuthorizationScheme, request: UnauthorizedRequest): Promise<Record<string, string>>;
  /**
   * A provider has refused what `authorize` made for this very request. Returns whether what it makes next is made of something else.
   * Left out: it always would be the same.
   *
   * @param answeredAt Unix milliseconds by the provider's clock; undefined where it does not say.
   */
  authorizationRefused?(
    scheme: AuthorizationScheme,
    request: UnauthorizedRequest,
    answeredAt: number | undefined,
  ): boolean;
  /** Opens WebSockets to providers. Left out: none are forwarded. */
  connectSocket?: SocketTransport;
  /** Counts rate limits on a server that several gateways share. Left out: this gateway counts for itself. */
  connectRemoteCount?: ConnectRemoteCount;
  /** Left out where the host does not control connections to upstreams. */
  connections?: Connections;
  /** The host's own, used to reach upstreams; redacted everywhere. */
  secrets?: readonly string[];
  /** Unix milliseconds. */
  now(): number;
  /** Milliseconds that never jump. */
  monotonic(): number;
  /** Milliseconds that never jump back, and pass while the machine sleeps too. Left out: as `monotonic`. */
  elapsed?(): number;
  /** Calls back once after `ms`; returns a function that cancels it. */
  setTimer(callback: () => void, ms: number): () => void;
  /** A UUID. */
  randomId(): string;
  /** 0 ≤ x < 1, for jitter. */
  random(): number;
  /** What became of the log's lines; left out where the host does not write it itself. */
  logState?(): LogState;
  /** Why a change of the configuration is not in use; null: what was read last is. Left out where none is read. */
  refusedChange?(): string | null;
  /** Whether this process can open further files and connections; left out where the host does not watch that. */
  descriptorState?(): DescriptorState;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
  /** Collects traces; absent where none are collected. With several processes, one of them passes it all rows. */
  telemetry?: Telemetry;
  /** Null: nothing is recorded. */
  ledgerStore: LedgerStore | null;
  /** Keeps rows that the store does not accept, at most `maxBytes()` bytes of them; left out: they wait in memory. */
  openSpill?(maxBytes: () => number): Spill;
  version: string;
  /** The other processes of this gateway; left out where there are none. */
  fleet?: Fleet;
}

/** By which providers know the gateway, where no client's own name goes there. */
export function userAgentOf({ version }: Pick<GatewayHost, 'version'>): string {
  return `sluice/${version}`;
}

/** Parts of the host to replace; `fetch` is how upstreams are reached. */
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
