// The section `redis` of a valid file: the server over which several gateways count their rate limits together.
import type { ConfigProblem } from './problem.ts';
import type { RedisConfig } from './resolved.ts';
import type { ConfigFile } from './schema.ts';
import { resolveSecret, type SecretSources } from './secrets.ts';

const EXPECTED =
  'expected the address of a Redis server such as redis://user:password@host:6379/0, or rediss:// for TLS, with one host, ' +
  'given literally or as env:NAME, credential:NAME or file:PATH';

/** Null if there is no such section. Problems quote no part of the address. */
export function resolveRedis(
  { redis }: Pick<ConfigFile, 'redis'>,
  sources: SecretSources,
  problems: ConfigProblem[],
): RedisConfig | null {
  if (redis === null) return null;
  const { value: url, problem } = resolveSecret(redis.url, sources);
  if (url !== undefined && isRedisAddress(url))
    return { url, prefix: redis.prefix, timeoutMs: redis.timeout };
  problems.push({ severity: 'fatal', path: ['redis', 'url'], message: problem ?? EXPECTED });
  return null;
}

function isRedisAddress(text: string): boolean {
  if (!/^rediss?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { hostname, pathname, search, hash, username, password } = new URL(text);
  try {
    decodeURIComponent(username);
    decodeURIComponent(password);
  } catch {
    return false;
  }
  // A list of hosts, which some clients accept for a cluster, would be looked up as one name.
  if (hostname === '' || hostname.includes(',') || search !== '' || hash !== '') return false;
  return /^\/?\d{0,5}$/.test(pathname);
}

/** The parts of a resolved `redis` that must be redacted everywhere. */
export function secretsOfRedis(redis: RedisConfig | null): string[] {
  if (redis === null) return [];
  const { password } = new URL(redis.url);
  return password === '' ? [] : [redis.url, password, decodeURIComponent(password)];
}

/** Where the server is, without credentials: `host:port`, and the database unless that is 0. */
export function redisPlace({ url }: Pick<RedisConfig, 'url'>): string {
  const { hostname, port, pathname } = new URL(url);
  const database = Number(pathname.slice(1));
  return `${hostname}:${port || '6379'}${database === 0 ? '' : `/${database}`}`;
}
