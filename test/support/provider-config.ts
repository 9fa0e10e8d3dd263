// A resolved provider for tests.
import type { ProviderConfig } from '../../src/config/resolved.ts';

export function sampleProvider(changes: Partial<ProviderConfig> = {}): ProviderConfig {
  return {
    name: 'lab',
    kind: 'custom',
    dialect: 'openai-chat',
    baseUrl: 'http://127.0.0.1:1/v1',
    apiKey: null,
    apiKeys: [],
    forwardClientKey: false,
    forwardTrace: false,
    headers: {},
    models: {},
    defaultModel: null,
    modelPatterns: [],
    priceId: null,
    resells: [],
    dearer: null,
    tiers: {},
    billsItself: false,
    audioAtTextPrice: false,
    searchesUnpriced: false,
    weekends: null,
    newerPrices: {},
    wrongPrices: null,
    lacksKey: false,
    quirks: {},
    transformers: [],
    timeouts: {
      connectMs: 1000,
      firstByteMs: 1000,
      idleMs: 1000,
      minBytesPerSecond: null,
      throughputWindowMs: 1000,
    },
    maxRetries: 0,
    probeEveryMs: null,
    breaker: { failures: 5, openForMs: 30_000 },
    concurrency: { max: null, min: 1, queue: 100, queueTimeoutMs: 10_000 },
    ...changes,
  };
}
