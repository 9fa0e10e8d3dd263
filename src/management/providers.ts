// GET /gateway/providers: the configured providers, and how each is doing. No address and no key is shown.
import type { ProviderConfig } from '../config/resolved.ts';
import type { KeyState } from '../upstream/key-ring.ts';
import type { PoolState } from '../upstream/connections.ts';
import type { ManagementDeps } from './management.ts';
import type { Provider, ProviderKey, Providers } from './shapes.ts';

export async function readProviders(deps: ManagementDeps): Promise<Providers> {
  const { providers, disabled } = deps.config();
  const states = await deps.providerStates(providers);
  const pools = await deps.connections();
  return {
    providers: providers.map((provider, index) => {
      const state = states[index];
      return {
        name: provider.name,
        kind: provider.kind,
        dialect: provider.dialect,
        also_speaks: [
          ...(provider.alsoSpeaks ?? []),
          ...(provider.partnerModels ?? []).map(({ dialect }) => dialect),
        ],
        healthy: state?.healthy ?? true,
        breaker: state?.breaker ?? 'closed',
        ...(state?.retryInMs === undefined ? {} : { retry_in_ms: Math.ceil(state.retryInMs) }),
        in_flight: state?.inFlight ?? 0,
        queued: state?.queued ?? 0,
        ...connectionsTo(provider, pools),
        concurrency_limit: state?.limit ?? null,
        keys: (state?.keys ?? []).map(describeKey),
        ...(state?.lastError === undefined ? {} : { last_error: state.lastError }),
        models: modelsOf(provider),
      };
    }),
    disabled: disabled.map(({ name, reason }) => ({ name, reason })),
  };
}

/** The open connections to its servers, which it may share with other providers; undefined before the first request. */
function connectionsTo(
  { baseUrl, otherBaseUrls = [] }: ProviderConfig,
  pools: readonly PoolState[],
): Pick<Provider, 'connections'> {
  const origins = new Set([baseUrl, ...otherBaseUrls].map((url) => new URL(url).origin));
  const own = pools.filter(({ origin }) => origins.has(origin));
  if (own.length === 0) return {};
  const sum = (count: (pool: PoolState) => number) => own.reduce((total, pool) => total + count(pool), 0);
  return { connections: { active: sum(({ active }) => active), idle: sum(({ idle }) => idle) } };
}

function describeKey({ name, state, retryInMs, models }: KeyState): ProviderKey {
  return {
    name,
    state,
    ...(retryInMs === undefined ? {} : { retry_in_ms: Math.ceil(retryInMs) }),
    ...(models === undefined ? {} : { models }),
  };
}

/** The names in the configuration: aliases and the default model. */
function modelsOf({ models, defaultModel }: ProviderConfig): string[] {
  return [...new Set([...Object.keys(models), ...(defaultModel === null ? [] : [defaultModel])])];
}
