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
  ['closed the connection', 'see its log'],
  [
    'CERTIFICATE_REQUIRED',
    'it asks for a certificate, and the gateway shows none: set its tls-auth-clients to no',
  ],
  ['connection was closed', 'see its log; it has to be Redis 6 or newer, or a compatible server'],
];

/**
 * @param reason stated by the server or the system.
 * @param hasAnswered whether the server has answered at this address before, so that the address is right.
 */
export function redisFailure(url: string, reason: string, hasAnswered = false): string {
  const remedy = REMEDIES.find(([words]) => reason.includes(words))?.[1];
  const scheme = hasAnswered ? undefined : otherScheme(url, reason);
  const said = [reason.replace(/\.$/, ''), remedy, scheme];
  return `Redis at ${redisPlace({ url })}: ${said.filter((part) => part !== undefined).join('; ')}`;
}

/** A server with TLS ends a connection without it, and one without TLS waits for the rest of a command: neither says why. */
function otherScheme(url: string, reason: string): string | undefined {
  const isEnded = /ECONNRESET|closed the connection|disconnected/.test(reason);
  if (url.startsWith('rediss:'))
    return isEnded || /no answer within \d+ s|WRONG_VERSION/.test(reason)
      ? 'if it takes no TLS, begin redis.url with redis://'
      : undefined;
  return isEnded ? 'if it takes TLS alone, begin redis.url with rediss://' : undefined;
}
