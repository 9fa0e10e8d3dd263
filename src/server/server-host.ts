// The gateway's host on Bun: real network, real clock, the simulator, and the ledger's store.
import type { ResolvedConfig } from '../config/resolved.ts';
import type { Fleet } from '../gateway/fleet.ts';
import { createWebHost, type GatewayHost, type Telemetry } from '../gateway/host.ts';
import { createSimulator, createSleep } from '../simulator/index.ts';
import { fetchSimulator, withSimulator } from '../simulator/transport.ts';
import type { ConnectionLimits } from '../upstream/connections.ts';
import { createFetchTransport, type Fetch } from '../upstream/fetch-transport.ts';
import type { UpstreamRequest } from '../upstream/transport.ts';
import { createAuthorizer } from './authorize.ts';
import { descriptorState } from './descriptors.ts';
import { createElapsed } from './elapsed.ts';
import { type Proxies, readProxies } from './http1/proxies.ts';
import { tlsOptions } from './http1/tls-options.ts';
import { createHttpTransport } from './http1/transport.ts';
import { setTimer } from './loop-turn.ts';
import type { Log } from './log.ts';
import { createSocketTransport } from './provider-sockets.ts';
import { openSpill, openStore } from './open-store.ts';
import { connectRemoteCount } from './redis/remote-count.ts';
import { standardErrorState } from './standard-error.ts';

export interface ServerHostOptions {
  config: ResolvedConfig;
  environment: Readonly<Record<string, string | undefined>>;
  /** The embedded ledger's file; left out if another process has the ledger. */
  databasePath?: string;
  log: Log;
  version: string;
  /** The other processes of this gateway, one of which has the ledger. */
  fleet?: Fleet;
  /** Collects traces. */
  telemetry?: Telemetry;
  /** As in `GatewayHost`. */
  refusedChange?(): string | null;
}

export function createServerHost(options: ServerHostOptions): GatewayHost {
  const { config, databasePath, log, version, fleet, telemetry, refusedChange } = options;
  const ledgerStore =
    config.audit.enabled && databasePath !== undefined ? openStore(config, databasePath, log) : null;
  // Ids that rise with time let the ledger's index on them grow at its end instead of everywhere.
  const host = createWebHost({
    log,
    logState: standardErrorState,
    descriptorState,
    version,
    ledgerStore,
    ...(ledgerStore !== null &&
      databasePath !== undefined && { openSpill: (maxBytes) => openSpill(databasePath, maxBytes, log) }),
    setTimer,
    randomId: () => Bun.randomUUIDv7(),
    connectRemoteCount,
    ...(fleet !== undefined && { fleet }),
    ...(telemetry !== undefined && { telemetry }),
    ...(refusedChange !== undefined && { refusedChange }),
  });
  const elapsed = createElapsed(host);
  const simulator = createSimulator({ ...host, sleep: createSleep(host.setTimer) });
  const simulated = createFetchTransport(fetchSimulator(simulator));
  const { send, ...upstreams } = reachUpstreams({ ...host, elapsed }, options);
  return {
    ...host,
    elapsed,
    ...upstreams,
    ...createAuthorizer(host),
    send: withSimulator(simulated, send),
  };
}

/** With the gateway's own client, or with Bun's if a proxy itself uses TLS, which requires TLS within TLS. Throws ProxySettingError. */
function reachUpstreams(
  { monotonic, elapsed, setTimer }: Pick<Required<GatewayHost>, 'monotonic' | 'elapsed' | 'setTimer'>,
  { config, environment }: ServerHostOptions,
): Pick<GatewayHost, 'send' | 'connectSocket' | 'connections' | 'secrets'> {
  let limits: ConnectionLimits = config.connections;
  const proxies = readProxies(environment);
  const { send, pools } = createHttpTransport({
    monotonic,
    elapsed,
    setTimer,
    limits: () => limits,
    verifiesServers: environment.NODE_TLS_REJECT_UNAUTHORIZED !== '0',
    ...(!proxies.isEmpty && { proxies }),
  });
  const limit = (changed: ConnectionLimits) => {
    limits = changed;
  };
  const connectSocket = createSocketTransport({ proxies, monotonic, setTimer });
  const upstreams = { connectSocket, connections: { limit, pools }, secrets: proxies.secrets };
  if (!proxies.someSecure) return { ...upstreams, send };
  const fetched = createFetchTransport(fetchBy(proxies));
  const isFetched = ({ url }: UpstreamRequest) => proxies.of(new URL(url))?.secure === true;
  return { ...upstreams, send: (request) => (isFetched(request) ? fetched(request) : send(request)) };
}

/** By default Bun ends a request after 5 minutes of silence, but timeouts are the gateway's business. */
function fetchBy(proxies: Proxies): Fetch {
  return (url, init, tls) => {
    const proxy = proxies.of(new URL(url))?.address;
    const options: BunFetchRequestInit & { timeout: false } = { ...init, timeout: false };
    // Bun does not read all variables that can name a proxy.
    if (proxy !== undefined) options.proxy = proxy;
    if (tls !== undefined) options.tls = tlsOptions(tls);
    return fetch(url, options);
  };
}
