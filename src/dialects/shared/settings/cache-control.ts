// A cache breakpoint in the form that Claude accepts on any platform: kept for five minutes or for an hour.
import type { JsonObject } from '../../../model/json/json.ts';
import type { LossReport } from '../losses/loss-report.ts';

/** For losses. */
export const NOT_CACHED = 'the model, or this position, takes no breakpoints';

/** Adapts the time to live, since OpenAI's breakpoints are kept longer. */
export function anthropicBreakpoint(cacheControl: JsonObject, losses: LossReport): JsonObject {
  const { ttl } = cacheControl;
  if (ttl !== '30m' && ttl !== '12h') return cacheControl;
  if (ttl === '12h') losses.approximated('cache_control', 'kept for an hour');
  return { ...cacheControl, ttl: '1h' };
}

/** Leaves out fields that only Anthropic's own servers know. No parser reads them, so each is reported where it occurs. */
export function plainBreakpoint(cacheControl: JsonObject, losses: LossReport): JsonObject {
  const { type = 'ephemeral', ttl } = anthropicBreakpoint(cacheControl, losses);
  return { type, ...(ttl !== undefined && ttl !== null && { ttl }) };
}

/** For servers or models without a time to live: what they cache is kept for five minutes. */
export function withoutTtl({ ttl, ...breakpoint }: JsonObject, losses: LossReport): JsonObject {
  if (ttl === '1h') losses.approximated('cache_control', 'kept for five minutes');
  return breakpoint;
}
