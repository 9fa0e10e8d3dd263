// The gateway's own pages: /gateway/health, /gateway/providers, /gateway/metrics and /gateway/audit.
import type { ProviderConfig, ResolvedConfig } from '../config/resolved.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ProviderState } from '../upstream/provider-state.ts';
import { answerError, ManagementError } from './answer.ts';
import { readAudit } from './audit.ts';
import { readHealth } from './health.ts';
import { readMetrics } from './metrics.ts';
import { readProviders } from './providers.ts';

export interface ManagementDeps {
  /** The configuration in force. */
  config(): ResolvedConfig;
  /** Null: nothing is recorded. */
  ledger: Ledger | null;
  version: string;
  /** Unix ms at which the gateway started. */
  startedAt: number;
  /** Unix ms. */
  now(): number;
  /** Requests whose answers are not over. */
  activeStreams(): number;
  /** What is known of these providers, in this order. Holds no secret. */
  providerStates(providers: readonly ProviderConfig[]): ProviderState[];
}

type Page = (deps: ManagementDeps, query: URLSearchParams) => object | Promise<object>;

const PAGES: Readonly<Record<string, Page>> = {
  health: readHealth,
  providers: readProviders,
  metrics: readMetrics,
  audit: readAudit,
};

const PREFIX = '/gateway/';

/** Answers every path below /gateway/, others with undefined. Never rejects. */
export function createManagement(
  deps: ManagementDeps,
): (request: Request, url: URL) => Promise<Response | undefined> {
  return async (request, url) => {
    if (url.pathname !== '/gateway' && !url.pathname.startsWith(PREFIX)) return undefined;
    try {
      const name = url.pathname.slice(PREFIX.length);
      const page = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
      if (page === undefined) throw unknownPath(url.pathname);
      if (request.method !== 'GET' && request.method !== 'HEAD')
        throw wrongMethod(request.method, url.pathname);
      const answer = Response.json(await page(deps, url.searchParams), {
        headers: { 'cache-control': 'no-store' },
      });
      return request.method === 'HEAD' ? new Response(null, answer) : answer;
    } catch (thrown) {
      return answerError(thrown);
    }
  };
}

function unknownPath(path: string): ManagementError {
  const known = Object.keys(PAGES).map((name) => PREFIX + name);
  return new ManagementError(404, 'not_found', `no such path: ${path}; there are ${known.join(', ')}`);
}

function wrongMethod(method: string, path: string): ManagementError {
  return new ManagementError(405, 'method_not_allowed', `${method} ${path} is not allowed; use GET`, {
    headers: { allow: 'GET, HEAD' },
  });
}
