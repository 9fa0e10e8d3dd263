// Resolved routing for tests: no rule but what a test names.
import type { RoutingConfig } from '../../src/config/resolved.ts';
import { resolveInput } from './resolve-input.ts';

export function sampleRouting(changes: Partial<RoutingConfig> = {}): RoutingConfig {
  return { ...resolveInput({}).config.routing, ...changes };
}
