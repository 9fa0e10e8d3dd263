// The gateway's host on Bun: real network, real clock, the simulator, and the embedded ledger.
import type { ResolvedConfig } from '../config/resolved.ts';
import { createWebHost, type GatewayHost } from '../gateway/host.ts';
import { createSqliteWorkerStore } from '../ledger/sqlite-worker-store.ts';
import type { LedgerStore } from '../ledger/store.ts';
import { createSimulator, createSleep } from '../simulator/index.ts';
import { withSimulator } from '../simulator/transport.ts';
import { createAuthorizer } from './authorize.ts';
import type { Log } from './log.ts';
import { createUpstreamFetch, probeTcp } from './upstream-fetch.ts';

export interface ServerHostOptions {
  config: ResolvedConfig;
  environment: Readonly<Record<string, string | undefined>>;
  databasePath: string;
  log: Log;
  version: string;
}

export function createServerHost(options: ServerHostOptions): GatewayHost {
  const { config, environment, databasePath, log, version } = options;
  const ledgerStore = config.audit.enabled ? openStore(databasePath, log) : null;
  // Ids that rise with time: the ledger's index on them grows at its end instead of everywhere.
  const host = createWebHost({ log, version, ledgerStore, randomId: () => Bun.randomUUIDv7() });
  const upstream = createUpstreamFetch(patientFetch, usesProxy(environment) ? null : probeTcp, host);
  const simulator = createSimulator({ now: host.now, sleep: createSleep(host.setTimer) });
  return { ...host, authorize: createAuthorizer(), fetch: withSimulator(simulator, upstream) };
}

/** Bun ends a request that is silent for 5 minutes of its own accord; timeouts are the gateway's business. */
function patientFetch(url: string, init: RequestInit): Promise<Response> {
  const patient: RequestInit & { timeout: false } = { ...init, timeout: false };
  return fetch(url, patient);
}

function usesProxy(environment: ServerHostOptions['environment']): boolean {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY'];
  return [...names, ...names.map((name) => name.toLowerCase())].some((name) => environment[name]);
}

/**
 * SQLite on a thread of its own, so that writing a batch holds up no stream. A store that cannot be opened
 * stops no request: its rows are counted as lost, and health says so.
 */
function openStore(path: string, log: Log): LedgerStore {
  const store = createSqliteWorkerStore(path);
  store.totals().catch((error: unknown) => {
    log('error', 'the ledger cannot be opened: requests are served and not recorded', { file: path, error });
  });
  return store;
}
