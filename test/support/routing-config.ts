// Resolved routing for tests: no rule but what a test names.
import type { RoutingConfig } from '../../src/config/resolved.ts';

export function sampleRouting(changes: Partial<RoutingConfig> = {}): RoutingConfig {
  return {
    defaultProvider: null,
    fallbackChain: [],
    sessionAffinity: true,
    agentRules: {},
    modelMappings: [],
    modelTierRules: {},
    scenarios: {
      image: null,
      web_search: null,
      long_context: null,
      longContextThreshold: 60_000,
      think: null,
      background: null,
    },
    patterns: [],
    inferredAgents: [],
    policy: { continueStreams: false, hedgeAfterMs: null, contextFallback: [], transformers: [] },
    ...changes,
  };
}
