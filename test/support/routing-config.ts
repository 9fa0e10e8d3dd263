// Resolved routing for tests: no rule but what a test names.
import type { RoutingConfig } from '../../src/config/resolved.ts';

export function sampleRouting(changes: Partial<RoutingConfig> = {}): RoutingConfig {
  return {
    defaultProvider: null,
    fallbackChain: [],
    policy: { continueStreams: false, hedgeAfterMs: null, contextFallback: [] },
    ...changes,
  };
}
