// The models that each provider lists, fetched with the gateway's own key and kept for ten minutes.
import { isDoneWithin } from '../../model/done-within.ts';
import type { ProviderConfig } from '../../config/resolved.ts';
import type { ModelEntry } from '../../model/model-entry.ts';
import type { GatewayHost } from '../host.ts';
import { fetchModels } from './fetch-models.ts';
import { messageOf } from '../../model/thrown.ts';

export interface ModelCatalog {
  /** The provider's list; if it does not arrive within WAIT_MS, an older one or none. */
  modelsOf(provider: ProviderConfig): Promise<readonly ModelEntry[]>;
  /** Forgets the lists of all other providers, which are not configured any more. */
  keepOnly(providers: readonly ProviderConfig[]): void;
}

const KEPT_MS = 10 * 60_000;
/** How long a provider that failed is not asked again, in milliseconds. */
const FAILURE_KEPT_MS = 30_000;
/** How long a client waits, in milliseconds; an answer that comes later still fills the cache. */
const WAIT_MS = 1_500;

interface Cached {
  /** How the list was asked for. After a reload the same name may stand for another server or key. */
  asked: string;
  models: readonly ModelEntry[];
  until: number;
  asking: Promise<void> | null;
}

export function createModelCatalog(host: GatewayHost, redact: (text: string) => string): ModelCatalog {
  const cache = new Map<string, Cached>();

  async function refresh(provider: ProviderConfig, cached: Cached): Promise<void> {
    try {
      cached.models = await fetchModels(provider, host);
      cached.until = host.monotonic() + KEPT_MS;
    } catch (thrown) {
      cached.until = host.monotonic() + FAILURE_KEPT_MS;
      const reason = redact(messageOf(thrown));
      host.log('warn', 'the list of models of a provider is left out', { provider: provider.name, reason });
    } finally {
      cached.asking = null;
    }
  }

  return {
    async modelsOf(provider) {
      const asked = askedFor(provider);
      const known = cache.get(provider.name);
      const cached: Cached = known?.asked === asked ? known : { asked, models: [], until: 0, asking: null };
      if (cached !== known) cache.set(provider.name, cached);
      else if (host.monotonic() < cached.until) return cached.models;
      cached.asking ??= refresh(provider, cached);
      await isDoneWithin(cached.asking, WAIT_MS, host.setTimer);
      return cached.models;
    },
    keepOnly(providers) {
      const names = new Set(providers.map(({ name }) => name));
      for (const name of cache.keys()) if (!names.has(name)) cache.delete(name);
    },
  };
}

/** Equal for providers whose list is asked for in the same way. */
function askedFor(provider: ProviderConfig): string {
  const { dialect, baseUrl, modelsBaseUrl, otherBaseUrls, apiKey, keyHeader, headers, options, oauth, tls } =
    provider;
  return JSON.stringify([
    dialect,
    baseUrl,
    modelsBaseUrl,
    otherBaseUrls,
    apiKey,
    keyHeader,
    headers,
    options,
    oauth,
    tls,
  ]);
}
