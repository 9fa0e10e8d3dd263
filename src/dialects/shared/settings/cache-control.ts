// A cache breakpoint as Claude accepts it on any platform: kept for five minutes or for an hour.
import type { JsonObject } from '../../../model/json/json.ts';
import type { LossReport } from '../losses/loss-report.ts';

/** For losses. */
export const NOT_CACHED = 'the model, or this position, takes no breakpoints';

/** OpenAI's breakpoints are kept longer. */
export function anthropicBreakpoint(cacheControl: JsonObject, losses: LossReport): JsonObject {
  const { ttl } = cacheControl;
  if (ttl !== '30m' && ttl !== '12h') return cacheControl;
  if (ttl === '12h') losses.approximated('cache_control', 'kept for an hour');
  return { ...cacheControl, ttl: '1h' };
}

/** Without fields that only Anthropic's own servers know: no parser does, so that each is reported where it is read. */
export function plainBreakpoint(cacheControl: JsonObject, losses: LossReport): JsonObject {
  const { type = 'ephemeral', ttl } = anthropicBreakpoint(cacheControl, losses);
  return { type, ...(ttl !== undefined && ttl !== null && { ttl }) };
}

/** For servers or models that know no time to live: theirs is five minutes. */
export function withoutTtl({ ttl, ...breakpoint }: JsonObject, losses: LossReport): JsonObject {
  if (ttl === '1h') losses.approximated('cache_control', 'kept for five minutes');
  return breakpoint;
}
