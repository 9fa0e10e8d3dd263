// Through which proxy a server is reached, according to the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY.
import type { NamedProxy } from '../../upstream/proxy-failure.ts';
import { readExceptions } from './no-proxy.ts';

export interface HttpProxy extends NamedProxy {
  hostname: string;
  port: number;
  /** Whether the proxy itself is reached over TLS. */
  secure: boolean;
  /** The value of `proxy-authorization`: a secret. https://www.rfc-editor.org/rfc/rfc7617 */
  authorization: string | null;
  /** The address including the credentials, for a client that accepts them in this form: a secret. */
  address: string;
  /** Authorization and password, in each form in which a proxy could repeat them. */
  secrets: readonly string[];
}

export interface Proxies {
  /** Null if the server is asked directly. */
  of(url: URL): HttpProxy | null;
  /** Whether at least one proxy is reached over TLS. */
  someSecure: boolean;
  /** Whether there is no proxy. */
  isEmpty: boolean;
  /** The proxies' secrets, which must not appear anywhere. */
  secrets: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The message says what to do, and contains no secret. */
export class ProxySettingError extends Error {
  override readonly name = 'ProxySettingError';
}

/**
 * Throws ProxySettingError. As in curl, a lowercase variable takes precedence over its uppercase spelling, and ALL_PROXY applies if none is
 * set for the scheme.
 */
export function readProxies(environment: Environment): Proxies {
  const before = {
    'http:': readProxy(environment, 'HTTP_PROXY'),
    'https:': readProxy(environment, 'HTTPS_PROXY'),
  };
  const isException = readExceptions(setting(environment, 'NO_PROXY').value);
  const all = Object.values(before).filter((proxy) => proxy !== null);
  return {
    of(url) {
      const proxy = url.protocol === 'http:' || url.protocol === 'https:' ? before[url.protocol] : null;
      if (proxy === null) return null;
      return isException(bareHost(url), portOf(url)) ? null : proxy;
    },
    someSecure: all.some(({ secure }) => secure),
    isEmpty: all.length === 0,
    secrets: [...new Set(all.flatMap(({ secrets }) => secrets))],
  };
}

/** Without the brackets of an IPv6 address. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

interface Setting {
  variable: string;
  value: string;
}

function setting(environment: Environment, name: string): Setting {
  const small = name.toLowerCase();
  const variable = environment[small] ? small : name;
  return { variable, value: environment[variable] ?? '' };
}

function readProxy(environment: Environment, name: string): HttpProxy | null {
  const own = setting(environment, name);
  const { variable, value } = own.value === '' ? setting(environment, 'ALL_PROXY') : own;
  if (value === '') return null;
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '')
    throw noProxy(variable, url);
  const credentials = credentialsOf(url, variable);
  const authorization =
    credentials === null ? null : `Basic ${Buffer.from(credentials.plain).toString('base64')}`;
  return {
    name: `${url.protocol}//${url.host}`,
    variable,
    hasCredentials: authorization !== null,
    hostname: bareHost(url),
    port: portOf(url),
    secure: url.protocol === 'https:',
    authorization,
    address: url.href,
    secrets: credentials === null || authorization === null ? [] : secretsOf(url, credentials, authorization),
  };
}

/** Quotes nothing of the value but its scheme, since it may contain a password. */
function noProxy(variable: string, url: URL | null): ProxySettingError {
  const what =
    url === null ? 'is not an address' : `has the scheme ${url.protocol}//, which is not supported`;
  const others = /^all_/i.test(variable) ? ', name one in HTTP_PROXY and HTTPS_PROXY,' : ',';
  return new ProxySettingError(
    `${variable} ${what}; write it as http://proxy.example:3128 (with user:password@ before the name where it asks for them)${others} or leave it out`,
  );
}

interface Credentials {
  user: string;
  password: string;
  /** As they are sent to the proxy. */
  plain: string;
}

function credentialsOf({ username, password }: URL, variable: string): Credentials | null {
  if (username === '' && password === '') return null;
  try {
    const [user, word] = [decodeURIComponent(username), decodeURIComponent(password)];
    return { user, password: word, plain: `${user}:${word}` };
  } catch {
    throw new ProxySettingError(
      `${variable} has a % in its user or password that is not an escape; write it as %25`,
    );
  }
}

/** Without a password, the user name is the secret. */
function secretsOf({ username, password }: URL, credentials: Credentials, authorization: string): string[] {
  const written = password === '' ? [username] : [`${username}:${password}`, password];
  const plain = credentials.password === '' ? [credentials.user] : [credentials.plain, credentials.password];
  return [authorization.slice('Basic '.length), ...new Set([...written, ...plain])];
}
