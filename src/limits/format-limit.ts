// Rate limits in words, for people.
import type { RateLimit } from '../config/resolved.ts';
import { formatNames } from '../model/request-names.ts';

/** For example `60 requests a minute, agent code-*`, or `10 requests at once, each project`. */
export function formatLimit(limit: RateLimit): string {
  return [formatMost(limit), ...formatNames(limit)].join(', ');
}

/** If each name has its own limit, with the name that has reached it: `60 requests a minute, project web`. */
export function formatReachedLimit(limit: RateLimit, name: string): string {
  const { each } = limit;
  if (each === null) return formatLimit(limit);
  return formatLimit({ ...limit, [each]: name === '' ? 'without a name' : name, each: null });
}

function formatMost({ kind, most, per }: RateLimit): string {
  const what = kind === 'tokens' ? 'token' : 'request';
  const when = per === null ? 'at once' : `${per === 'hour' ? 'an' : 'a'} ${per}`;
  return `${most} ${what}${most === 1 ? '' : 's'} ${when}`;
}
