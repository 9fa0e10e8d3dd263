// The list `rate_limits` of a valid file → limits of one kind each.
import { doubtsOfNames } from './limit-names.ts';
import type { ConfigProblem } from './problem.ts';
import { reachable } from './reachable.ts';
import { type ProviderConfig, RATE_LIMIT_KINDS, type RateLimit } from './resolved.ts';
import type { ConfigFile } from './schema.ts';

type Entry = ConfigFile['rate_limits'][number];

/** @param providers the names of existing providers. */
export function resolveRateLimits(
  { rate_limits: entries }: Pick<ConfigFile, 'rate_limits'>,
  providers: readonly Pick<ProviderConfig, 'name'>[],
  problems: ConfigProblem[],
): RateLimit[] {
  const names = providers.map(({ name }) => name);
  const resolved = entries.flatMap((entry, index) => {
    const limit = resolveLimit(entry, index, problems);
    return limit === undefined ? [] : [{ limit, index }];
  });
  for (const { limit, index } of resolved) {
    for (const { key, message } of doubtsOfNames(limit, names, 'limit'))
      problems.push({ severity: 'warning', path: ['rate_limits', index, key], message });
  }
  return reachable(
    resolved,
    ({ limit: { most, ...whose } }) => ({ size: most, whose }),
    (at, smaller) => {
      const { limit, index = at } = resolved[at] ?? {};
      const message = `is never reached: rate_limits[${resolved[smaller]?.index}] covers the same requests, and is not larger`;
      problems.push({ severity: 'warning', path: ['rate_limits', index, limit?.kind ?? ''], message });
    },
  ).map(({ limit }) => limit);
}

/** Undefined, and reported, if the entry does not name exactly one limit. */
function resolveLimit(entry: Entry, index: number, problems: ConfigProblem[]): RateLimit | undefined {
  const path = ['rate_limits', index];
  const report = (at: readonly (string | number)[], message: string) =>
    void problems.push({ severity: 'fatal', path: at, message });
  const { per = null, each = null, agent = null, project = null, provider = null, model = null } = entry;
  const [kind, another] = RATE_LIMIT_KINDS.filter((one) => entry[one] !== undefined);
  if (kind === undefined) {
    report(path, `names no limit: add one of ${RATE_LIMIT_KINDS.join(', ')}`);
    return undefined;
  }
  if (another !== undefined) {
    report([...path, another], `stands beside ${kind}: write one entry for each limit`);
    return undefined;
  }
  if (kind === 'concurrent' && per !== null) {
    report([...path, 'per'], 'does not go with concurrent, which limits requests that run at the same time');
    return undefined;
  }
  if (kind !== 'concurrent' && per === null) {
    report([...path, 'per'], `is missing: ${kind} need a period, for example per: minute`);
    return undefined;
  }
  return { kind, most: entry[kind] ?? 0, per, each, agent, project, provider, model };
}
