// Which headers are passed on, in both directions.
import { HeaderList } from '../model/header-list.ts';
import type { HeaderReader } from '../model/headers.ts';
import { PLACEHOLDER_KEY } from '../model/placeholder-key.ts';

/** These belong to one connection, or are set anew by the sender of the body. */
const CONNECTION_HEADER =
  /^(connection|keep-alive|proxy-(authenticate|authorization|connection)|te|trailer|transfer-encoding|upgrade|host|content-length|content-encoding|accept-encoding|expect)$/;

/** Credentials are never forwarded; the attempt sets its own. */
export const CREDENTIAL_HEADER = /^(authorization|x-api-key|x-goog-api-key|api-key)$/;

/** Set by the client's browser or by proxies in front of the gateway: nothing that an upstream should learn. */
const PRIVATE_HEADER =
  /^(x-sluice-|x-forwarded-|sec-|cf-|cookie$|origin$|referer$|forwarded$|x-real-ip$|via$)/;

/** Some servers take these for method and path, which the gateway has checked: with them it would be a different request. */
const OTHER_REQUEST_HEADER = /^(x-http-method(-override)?|x-method-override|x-original-url|x-rewrite-url)$/;

/** Which of the key's organisations or projects the vendor is to charge. */
const ACCOUNT_HEADERS = ['openai-organization', 'openai-project', 'x-goog-user-project'];

const NOT_FOR_PROVIDERS = anyOf(CONNECTION_HEADER, PRIVATE_HEADER, OTHER_REQUEST_HEADER);
const STAYS_HERE = anyOf(NOT_FOR_PROVIDERS, CREDENTIAL_HEADER);

/** About the upstream's own site: wrong or harmful if another host sends them. */
const SITE_HEADER =
  /^(set-cookie2?$|alt-svc$|strict-transport-security$|x-sluice-|access-control-|clear-site-data$|report-to$|nel$|date$|server$)/;

/**
 * With these an upstream tells a web server in front of it what to do: to answer with one of its own files, or from one of its internal
 * addresses, instead of the body. https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ignore_headers
 * https://www.litespeedtech.com/support/wiki/doku.php/litespeed_wiki:config:internal-redirect
 */
const ORDER_HEADER = /^(x-accel-|x-sendfile|x-lighttpd-|x-litespeed-|x-reproxy-)/;

/** Useful to clients of every dialect, whoever serves them. */
const SHARED_ANSWER_HEADER =
  /^(request-id$|x-request-id$|retry-after(-ms)?$|x-should-retry$|x-ratelimit-|anthropic-ratelimit-)/;

const STAYS_THERE = anyOf(CONNECTION_HEADER, SITE_HEADER, ORDER_HEADER);

function anyOf(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join('|'));
}

export interface RequestHeaderOptions {
  /** The client's headers, if client and provider speak the same dialect; otherwise null. */
  client: HeaderReader | null;
  /** Whether the key is the gateway's, so that the client must not say which account is charged. Default: false. */
  chargesUs?: boolean;
  /** Whether the value of a client's header is one of the gateway's own keys, which no provider gets. Default: none is. */
  isGatewayKey?: (value: string) => boolean;
  /** The provider side's own headers: authentication, and what the dialect always needs. */
  dialect: Record<string, string>;
  listHeaders: readonly string[];
  /** The headers in the provider's configuration, with names in lower case, which override all others. */
  configured: Record<string, string>;
  stream: boolean;
  userAgent: string;
}

export function buildRequestHeaders(options: RequestHeaderOptions): HeaderList {
  const headers =
    options.client === null ? new HeaderList() : travelling(options.client, options.isGatewayKey);
  if (options.chargesUs === true) for (const name of ACCOUNT_HEADERS) headers.delete(name);
  if (!headers.has('user-agent')) headers.set('user-agent', options.userAgent);
  if (!headers.has('accept'))
    headers.set('accept', options.stream ? 'text/event-stream' : 'application/json');
  headers.set('content-type', 'application/json');
  // A compressed stream may be held back until a block is full.
  if (options.stream) headers.set('accept-encoding', 'identity');
  addHeaders(headers, options.dialect, options.listHeaders);
  for (const [name, value] of Object.entries(options.configured)) headers.set(name, value);
  return headers;
}

/** Adds headers that are not there yet; lists are merged. */
export function addHeaders(
  headers: HeaderList,
  more: Record<string, string>,
  listHeaders: readonly string[],
): void {
  for (const [spelling, value] of Object.entries(more)) {
    const name = spelling.toLowerCase();
    const given = headers.get(name);
    if (given === null) headers.set(name, value);
    else if (listHeaders.includes(name)) headers.set(name, mergeLists(given, value));
  }
}

/** The client's headers without those that must not be passed on. */
function travelling(
  client: HeaderReader,
  isGatewayKey: RequestHeaderOptions['isGatewayKey'] = () => false,
): HeaderList {
  const headers = new HeaderList();
  client.forEach((value, name) => {
    if (STAYS_HERE.test(name) || isReadAsAnother(name) || isGatewayKey(value)) return;
    headers.set(name, value);
  });
  const connection = client.get('connection');
  if (connection !== null && !/^(keep-alive|close)$/i.test(connection))
    for (const nominated of listOf(connection.toLowerCase())) headers.delete(nominated);
  return headers;
}

/**
 * Servers that give headers to programs as variables (CGI, WSGI, Rack, PHP) also read `x_http_method_override` as `x-http-method-override`.
 * https://www.rfc-editor.org/rfc/rfc3875#section-4.1.18
 */
function isReadAsAnother(name: string): boolean {
  return name.includes('_') && NOT_FOR_PROVIDERS.test(name.replaceAll('_', '-'));
}

/** `first`, followed by what `second` adds; each value once. */
function mergeLists(first: string, second: string): string {
  return [...new Set([...listOf(first), ...listOf(second)])].join(',');
}

function listOf(value: string): string[] {
  return value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** Headers of a client's answer, by names in lower case; a Headers object of the runtime is only made by Response. */
export type AnswerHeaders = Record<string, string>;

/** The upstream's headers that the client gets: all if both speak the same dialect, else only those that any client can read. */
export function pickAnswerHeaders(upstream: HeaderReader, sameDialect: boolean): AnswerHeaders {
  const isLeftOut = sameDialect ? staysThere : isForeign;
  const picked: AnswerHeaders = {};
  upstream.forEach((value, name) => {
    if (!isLeftOut(name)) picked[name] = value;
  });
  return picked;
}

function staysThere(name: string): boolean {
  return STAYS_THERE.test(name);
}

function isForeign(name: string): boolean {
  return staysThere(name) || !SHARED_ANSWER_HEADER.test(name);
}

/** The gateway's own header for its keys. */
export const GATEWAY_KEY_HEADER = 'x-sluice-key';

/** Every key that the client presents, in whichever headers its SDK or its user put them. */
export function presentedKeys(headers: HeaderReader): string[] {
  const keys = keysForProviders(headers);
  const own = headers.get(GATEWAY_KEY_HEADER);
  if (own !== null) keys.push(own);
  return keys;
}

/** Those that may be a provider's: all except the one in the gateway's own header. */
export function presentedProviderKeys(headers: HeaderReader): string[] {
  const keys = keysForProviders(headers);
  return keys.includes(PLACEHOLDER_KEY) ? keys.filter((key) => key !== PLACEHOLDER_KEY) : keys;
}

/** Where Anthropic's, Google's and Azure's SDKs put their provider's key. */
const KEY_HEADERS = ['x-api-key', 'x-goog-api-key', 'api-key'] as const;

/** The keys in the headers in which SDKs send a provider's key. */
function keysForProviders(headers: HeaderReader): string[] {
  const keys: string[] = [];
  for (const name of KEY_HEADERS) addKey(keys, headers.get(name));
  addKey(keys, bearerOf(headers));
  return keys;
}

function addKey(keys: string[], key: string | null): void {
  if (key !== null && key.length > 0) keys.push(key);
}

/** Names of headers with credentials, whoever they are meant for; some of these are passed to a provider of the same dialect. */
const SECRET_FIELD = /(^|-)(auth|authorization|secret|password)$|token$|(^|-)(api)?key$/;
/** Keys that only identify something are no secrets. */
const OTHER_KEY = /(^|-)(idempotency|cache|session|request|routing|partition|websocket)-key$/;
const SECRET_PARAMETER = /(^|[_-])(api)?key$|auth(orization)?$|token$|secret$|password$/i;

/** The client's secrets, in its headers or its query, which must not appear anywhere. */
export function presentedSecrets(headers: HeaderReader, query: URLSearchParams): string[] {
  const secrets = new Set(presentedKeys(headers));
  headers.forEach((value, name) => {
    if (!SECRET_FIELD.test(name) || OTHER_KEY.test(name)) return;
    for (const secret of secretsInField(value)) secrets.add(secret);
  });
  if (query.size > 0)
    query.forEach((value, name) => {
      if (SECRET_PARAMETER.test(name)) secrets.add(value);
    });
  secrets.delete(PLACEHOLDER_KEY);
  return [...secrets];
}

/** The secret part of a header's value: without the name of a scheme, and of a list only what is named a token. */
function secretsInField(value: string): string[] {
  const [, scheme = '', credentials] = /^([\w-]+) +(\S+)$/.exec(value) ?? [];
  const pair = scheme.toLowerCase() === 'basic' ? decodedPair(credentials ?? '') : null;
  const whole = credentials ?? value;
  return pair === null ? [whole, ...namedSecrets(value)] : [whole, pair, pair.slice(pair.indexOf(':') + 1)];
}

/** A name is tried only where it begins: from each of its letters, a long key would take quadratic time. */
const FIELD = /(?<![\w-])([\w-]+)=(?:"([^"]*)"|([^\s,;"]+))/g;

/** The secrets in `Token token="…", user=me`. https://www.rfc-editor.org/rfc/rfc9110#name-authentication-parameters */
function namedSecrets(value: string): string[] {
  return [...value.matchAll(FIELD)].flatMap(([, name = '', quoted, plain]) =>
    SECRET_PARAMETER.test(name) ? [quoted ?? plain ?? ''] : [],
  );
}

/** The secrets in a header that is configured for a provider. @param name in lower case. */
export function secretsInHeader(name: string, value: string): string[] {
  if (name !== 'cookie') return secretsInField(value);
  return [value, ...value.split(';').map((pair) => pair.slice(pair.indexOf('=') + 1).trim())];
}

/** `user:password`; null if it is something else. https://www.rfc-editor.org/rfc/rfc7617 */
function decodedPair(credentials: string): string | null {
  try {
    const pair = atob(credentials);
    return pair.includes(':') ? pair : null;
  } catch {
    return null;
  }
}

/** The token of `authorization: Bearer`; null if there is none. */
export function bearerOf(headers: HeaderReader): string | null {
  const authorization = headers.get('authorization');
  return authorization === null ? null : (/^Bearer\s+(\S+)$/i.exec(authorization)?.[1] ?? null);
}
