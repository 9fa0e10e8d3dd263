// What is wrong with a Redis server, where it is, and what to do.
import { redisPlace } from '../../config/resolve-redis.ts';

const STRANGER = 'put a valid user and password into redis.url';
const UNREACHED = 'check that it runs, and that redis.url has its address';
const REPLICA = 'it is a replica: name the primary server in redis.url';
const CERTIFICATE = 'name the file of its authority in the variable NODE_EXTRA_CA_CERTS';

/** By what the message contains. */
const REMEDIES: readonly (readonly [string, string])[] = [
  ['no answer within', 'see whether it, or the network, is overloaded; else raise redis.timeout'],
  ['WRONGPASS', STRANGER],
  ['NOAUTH', STRANGER],
  ['NOPERM', 'let this user run scripts, and use the keys that begin with redis.prefix'],
  ['READONLY', REPLICA],
  ['OOM', 'raise its maxmemory, or give it a policy that evicts keys'],
  ['MISCONF', 'make room on its disk'],
  ['LOADING', 'it is starting: wait'],
  ['DB index', 'name another database in redis.url'],
  ['not a Redis server', UNREACHED],
  ['ECONN', UNREACHED],
  ['ENOTFOUND', UNREACHED],
  ['EHOST', UNREACHED],
  ['certificate', CERTIFICATE],
  ['connection was closed', 'see its log; it has to be Redis 6 or newer, or a compatible server'],
];

/** @param reason of the server or the system. */
export function redisFailure(url: string, reason: string): string {
  const remedy = REMEDIES.find(([words]) => reason.includes(words))?.[1];
  return `Redis at ${redisPlace({ url })}: ${reason.replace(/\.$/, '')}${remedy === undefined ? '' : `; ${remedy}`}`;
}
