// Which proxy stands before a server, as the environment says: HTTP_PROXY, HTTPS_PROXY, NO_PROXY.
import type { NamedProxy } from '../../upstream/proxy-failure.ts';
import { readExceptions } from './no-proxy.ts';

export interface HttpProxy extends NamedProxy {
  hostname: string;
  port: number;
  /** It is itself asked over TLS. */
  secure: boolean;
  /** The value of `proxy-authorization`: a secret. */
  authorization: string | null;
}

export interface Proxies {
  /** Null where a server is asked directly. */
  of(url: URL): HttpProxy | null;
  /** Some of them is asked over TLS. */
  someSecure: boolean;
  /** There is none. */
  isEmpty: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The message says what to do, and holds no secret. */
export class ProxySettingError extends Error {
  override readonly name = 'ProxySettingError';
}

/** Throws ProxySettingError. Of a variable in both spellings the small letters count, as with curl. */
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

function setting(environment: Environment, name: string): { variable: string; value: string } {
  const small = name.toLowerCase();
  const variable = environment[small] ? small : name;
  return { variable, value: environment[variable] ?? '' };
}

function readProxy(environment: Environment, name: string): HttpProxy | null {
  const { variable, value } = setting(environment, name);
  if (value === '') return null;
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    // What it holds may be a password.
    const what =
      url === null ? 'is no address' : `is of the kind ${url.protocol}//, which is not spoken here`;
    throw new ProxySettingError(
      `${variable} ${what}; write it as http://proxy.example:3128 (with user:password@ before the name where it asks for them), or leave it out`,
    );
  }
  const authorization = authorizationOf(url, variable);
  return {
    name: `${url.protocol}//${url.host}`,
    variable,
    hasCredentials: authorization !== null,
    hostname: bareHost(url),
    port: portOf(url),
    secure: url.protocol === 'https:',
    authorization,
  };
}

/** https://www.rfc-editor.org/rfc/rfc7617 */
function authorizationOf({ username, password }: URL, variable: string): string | null {
  if (username === '' && password === '') return null;
  try {
    const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(plain).toString('base64')}`;
  } catch {
    throw new ProxySettingError(
      `${variable} has a % in its user or password that begins no escape; write it as %25`,
    );
  }
}
