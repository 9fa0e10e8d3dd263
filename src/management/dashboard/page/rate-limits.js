// How much of each rate limit is in use, above the list of providers.

/** @import { RateLimit } from '../../shapes.ts' */

import { short } from './format.js';
import { namesOf, showUsageBars } from './usage-bars.js';

/**
 * @param {readonly RateLimit[]} limits
 * @param {boolean} isHeld as of `showUsageBars`
 */
export function showRateLimits(limits, isHeld) {
  showUsageBars('rate-limit-bars', limits.map(barOf), isHeld);
}

/** @param {RateLimit} limit */
function barOf(limit) {
  const { requests, tokens, concurrent, per, each, used, is_reached: isReached } = limit;
  const most = requests ?? tokens ?? concurrent ?? 0;
  const unit = tokens === undefined ? 'Requests' : 'Tokens';
  return {
    key: JSON.stringify([requests, tokens, concurrent, per, each, ...namesOf(limit)]),
    what: per === undefined ? 'Requests at once' : `${unit} per ${per}`,
    whose: limit,
    figure: `${short(used)} of ${short(most)}${isReached ? ', reached' : ''}`,
    share: most > 0 ? used / most : 1,
    isReached,
  };
}
