// The gateway's own pages: /gateway/health, /gateway/providers, /gateway/metrics, /gateway/audit, /gateway/streams, and
// /metrics for Prometheus.
import { suggestion } from '../model/nearest.ts';
import type { ProviderConfig, ResolvedConfig } from '../config/resolved.ts';
import type { BudgetState } from '../ledger/budgets/budget-book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LimitState } from '../limits/limit-line.ts';
import type { RemoteState } from '../limits/remote-count.ts';
import type { DescriptorState } from '../model/descriptor-state.ts';
import type { LogState } from '../model/log-state.ts';
import { decodedPercent } from '../model/percent-encoding.ts';
import type { Meter } from '../telemetry/meter.ts';
import type { PoolState } from '../upstream/connections.ts';
import type { ProviderState } from '../upstream/provider-state.ts';
import { answerError, ManagementError } from './answer.ts';
import { readAudit } from './audit.ts';
import { forMethod } from './head.ts';
import { readHealth } from './health.ts';
import { readMetrics } from './metrics.ts';
import { readPrometheus } from './prometheus.ts';
import { readProviders } from './providers.ts';
import { refuseUnknown } from './query.ts';
import { cancelStream, type RunningRequests, readStreams, watchStreams } from './streams.ts';

export interface ManagementDeps {
  /** The configuration in use. */
  config(): ResolvedConfig;
  /** Null where nothing is recorded. */
  ledger: Ledger | null;
  /** It has counted every request since the start. */
  meter: Pick<Meter, 'metrics'>;
  version: string;
  /** Unix ms at which the gateway started. */
  startedAt: number;
  /** Milliseconds since then, by a monotonic clock. */
  uptimeMs(): number;
  /** Unix ms. */
  now(): number;
  /** The returned function cancels. */
  setTimer(callback: () => void, ms: number): () => void;
  running: RunningRequests;
  /** The serving processes; left out where this process serves. */
  workers?(): WorkerCount;
  /** What is known about these providers, in this order. Contains no secret. */
  providerStates(providers: readonly ProviderConfig[]): ProviderState[] | Promise<ProviderState[]>;
  /** The states of `costs.budgets`, in that order. */
  budgets(): BudgetState[];
  /** Why the ledger cannot be read at the moment, so that the amount spent may be counted too low; null where it can be read. */
  budgetsUnread(): string | null;
  /** The states of `rate_limits`, in that order. Where everyone has a limit of their own, only those who use some of it are listed. */
  rateLimits(): LimitState[] | Promise<LimitState[]>;
  /** The state of the server through which several gateways share their rate limits; null where there is none. */
  remoteCount(): RemoteState | null;
  /** Left out where the gateway's host does not write the log itself. */
  log?(): LogState | Promise<LogState>;
  /** Why a change of the configuration is not in use; null where the latest one is. Left out where no file is read. */
  refusedChange?(): string | null;
  /** Whether further files and connections can be opened; left out where the host does not watch that. */
  descriptors?(): DescriptorState | Promise<DescriptorState>;
  /** Connections to every server that was asked; empty where the host does not keep them itself. */
  connections(): PoolState[] | Promise<PoolState[]>;
}

/** The numbers of serving processes, where there are several. */
export interface WorkerCount {
  wanted: number;
  running: number;
  /** How many have not served yet because the gateway itself is still starting, while the others serve. */
  starting: number;
  /** How many of the running ones do not answer at the moment: their figures are missing on the pages. */
  silent: number;
  /** How many died and were replaced. */
  replaced: number;
}

/** Returns a value to be sent as JSON, or a response of its own. */
type Page = (
  deps: ManagementDeps,
  query: URLSearchParams,
  project: string | null,
) => object | Promise<object>;

/** Health and /metrics accept any parameter, since probes, load balancers and scrapers add some of their own. */
const PAGES: Readonly<Record<string, Page>> = {
  '/gateway/health': readHealth,
  '/gateway/providers': withoutParameters(readProviders),
  '/gateway/metrics': readMetrics,
  '/gateway/audit': readAudit,
  '/gateway/streams': withoutParameters(({ running }) => readStreams(running)),
  '/gateway/streams/live': withoutParameters(({ running }) => watchStreams(running)),
  '/metrics': readPrometheus,
};

/** The path of one running request, which only supports cancelling. */
const STREAM = /^\/gateway\/streams\/([^/]+)$/;

const PREFIX = '/gateway/';

/** With a project's key, this page shows the project's own figures; no other page opens with such a key. */
export const PROJECT_PAGE = '/gateway/metrics';

/**
 * Answers /metrics and every path below /gateway/, and returns undefined for others. Never rejects.
 * @param project whose key the request has; null for the operator's key.
 */
export type Manage = (request: Request, url: URL, project: string | null) => Promise<Response | undefined>;

export function createManagement(deps: ManagementDeps): Manage {
  return async (request, url, project) => {
    const { pathname } = url;
    const page = isPage(pathname) ? PAGES[pathname] : undefined;
    if (page === undefined && !isMeantForPage(pathname)) return undefined;
    try {
      const [, requestId] = page === undefined ? (STREAM.exec(pathname) ?? []) : [];
      const { method } = request;
      if (requestId !== undefined) {
        if (method !== 'DELETE') throw wrongMethod(method, pathname, 'DELETE');
        refuseUnknown(url.searchParams, []);
        return json(await cancelStream(deps.running, decodedPercent(requestId) ?? requestId));
      }
      if (page === undefined) throw unknownPath(pathname);
      if (method !== 'GET' && method !== 'HEAD') throw wrongMethod(method, pathname, 'GET, HEAD');
      const answered = await page(deps, url.searchParams, project);
      return await forMethod(request, answered instanceof Response ? answered : json(answered));
    } catch (thrown) {
      return answerError(thrown);
    }
  };
}

function isMeantForPage(pathname: string): boolean {
  return (
    pathname === '/gateway' ||
    pathname.startsWith(PREFIX) ||
    (pathname.endsWith('/') && isPage(pathname.slice(0, -1)))
  );
}

const isPage = (pathname: string) => Object.hasOwn(PAGES, pathname);

function withoutParameters(page: Page): Page {
  return (deps, query, project) => {
    refuseUnknown(query, []);
    return page(deps, query, project);
  };
}

function json(value: object): Response {
  return Response.json(value, { headers: { 'cache-control': 'no-store' } });
}

function unknownPath(path: string): ManagementError {
  const known = Object.keys(PAGES);
  // The lookbehind tries each run of slashes only once, from its start.
  const meant = suggestion(path.replace(/(?<!\/)\/+$/, ''), known);
  return new ManagementError(
    404,
    'not_found',
    `no such path: ${path}${meant}; there are ${known.join(', ')}`,
  );
}

function wrongMethod(method: string, path: string, allowed: string): ManagementError {
  return new ManagementError(405, 'method_not_allowed', `${method} ${path} is not allowed; use ${allowed}`, {
    headers: { allow: allowed },
  });
}
