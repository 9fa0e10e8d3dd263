// What is derived once from a configuration, not per request.
import { secretsOfStore } from '../config/audit-store.ts';
import { secretsOfRedis } from '../config/resolve-redis.ts';
import type { ProviderConfig, ResolvedConfig } from '../config/resolved.ts';
import { createPricer } from '../ledger/prices/prices.ts';
import { createRedactor, type Redactor } from '../model/redact/redact.ts';
import type { RouteMemory } from '../routing/memory.ts';
import type { Router } from '../routing/route.ts';
import { secretsInHeader } from '../upstream/headers.ts';
import type { ProviderStates } from '../upstream/provider-state.ts';
import type { GatewayHost } from './host.ts';
import type { ModelCatalog } from './operations/model-catalog.ts';
import { createLiveRouter, createQuietRouter } from './routing.ts';

export interface Setup {
  config: ResolvedConfig;
  redactor: Redactor;
  price: ReturnType<typeof createPricer>;
  catalog: ModelCatalog;
  router: Router;
  /** Routes by name alone, whatever the traffic. */
  listing: Router;
}

export function createSetup(
  config: ResolvedConfig,
  host: GatewayHost,
  { catalog, ...traffic }: { catalog: ModelCatalog; states: ProviderStates; memory: RouteMemory },
): Setup {
  const redactor = createRedactor([...secretsOfConfig(config), ...(host.secrets ?? [])]);
  const price = createPricer(config.costs);
  return {
    config,
    redactor,
    price,
    catalog,
    router: createLiveRouter(config, host, { ...traffic, price }),
    listing: createQuietRouter(config, price),
  };
}

/** Every secret in the configuration, to be redacted from text that comes from others. */
export function secretsOfConfig(config: ResolvedConfig): string[] {
  return [
    ...config.server.keys,
    ...config.providers.flatMap(secretsOf),
    ...config.transformers.secrets,
    ...secretsOfStore(config.audit.store),
    ...secretsOfRedis(config.redis),
  ];
}

function secretsOf({ apiKeys, headers, oauth }: ProviderConfig): string[] {
  const inHeaders = Object.entries(headers).flatMap(([name, value]) => secretsInHeader(name, value));
  return [...apiKeys, ...Object.values(oauth ?? {}), ...inHeaders];
}
