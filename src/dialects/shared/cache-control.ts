// A cache breakpoint as Claude accepts it on any platform: kept for five minutes or for an hour.
import type { JsonObject } from '../../model/json/json.ts';
import type { LossReport } from './loss-report.ts';

/** For losses. */
export const NOT_CACHED = 'the model, or this position, takes no breakpoints';
export const FIVE_MINUTES = 'kept for five minutes';

/** OpenAI's breakpoints are kept longer. */
export function anthropicBreakpoint(cacheControl: JsonObject, losses: LossReport): JsonObject {
  const { ttl } = cacheControl;
  if (ttl !== '30m' && ttl !== '12h') return cacheControl;
  if (ttl === '12h') losses.approximated('cache_control', 'kept for an hour');
  return { ...cacheControl, ttl: '1h' };
}
