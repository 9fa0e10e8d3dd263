// Which headers travel, in either direction.
import { HeaderList } from '../model/header-list.ts';
import type { HeaderReader } from '../model/headers.ts';
import { PLACEHOLDER_KEY } from '../model/placeholder-key.ts';

/** Belong to one connection, or are set anew by the sender of the body. */
const CONNECTION_HEADER =
  /^(connection|keep-alive|proxy-(authenticate|authorization|connection)|te|trailer|transfer-encoding|upgrade|host|content-length|content-encoding|accept-encoding|expect)$/;

/** Credentials: never forwarded; the attempt sets its own. */
export const CREDENTIAL_HEADER = /^(authorization|x-api-key|x-goog-api-key|api-key)$/;

/** Set by the client's browser or by proxies before us: nothing an upstream should learn. */
const PRIVATE_HEADER =
  /^(x-sluice-|x-forwarded-|sec-|cf-|cookie$|origin$|referer$|forwarded$|x-real-ip$|via$)/;

/** Some servers take these for method and path, which are checked here: with them, a request would be another one. */
const OTHER_REQUEST_HEADER = /^(x-http-method(-override)?|x-method-override|x-original-url|x-rewrite-url)$/;

/** Which of its key's organisations or projects the vendor is to charge. */
const ACCOUNT_HEADERS = ['openai-organization', 'openai-project', 'x-goog-user-project'];

const NOT_FOR_PROVIDERS = anyOf(CONNECTION_HEADER, PRIVATE_HEADER, OTHER_REQUEST_HEADER);
const STAYS_HERE = anyOf(NOT_FOR_PROVIDERS, CREDENTIAL_HEADER);

/** About the upstream's own site: wrong or harmful when sent by another host. */
const SITE_HEADER =
  /^(set-cookie2?$|alt-svc$|strict-transport-security$|x-sluice-|access-control-|clear-site-data$|report-to$|nel$|date$|server$)/;

/**
 * By these a web server before the gateway is told what to do: to answer with a file of its own, or by one of its internal addresses,
 * in place of what follows. https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ignore_headers
 * https://www.litespeedtech.com/support/wiki/doku.php/litespeed_wiki:config:internal-redirect
 */
const ORDER_HEADER = /^(x-accel-|x-sendfile|x-lighttpd-|x-litespeed-|x-reproxy-)/;

/** Useful to every dialect's client, whoever serves it. */
const SHARED_ANSWER_HEADER =
  /^(request-id$|x-request-id$|retry-after(-ms)?$|x-should-retry$|x-ratelimit-|anthropic-ratelimit-)/;

const STAYS_THERE = anyOf(CONNECTION_HEADER, SITE_HEADER, ORDER_HEADER);

function anyOf(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join('|'));
}

export interface RequestHeaderOptions {
  /** The client's headers, when client and provider speak the same dialect; null otherwise. */
  client: HeaderReader | null;
  /** The key is not the client's, who does not say which account is charged. Default: false. */
  chargesUs?: boolean;
  /** The provider side's own: authentication and what the dialect always needs. */
  dialect: Record<string, string>;
  listHeaders: readonly string[];
  /** Of the provider's configuration, with names in lower case: they win. */
  configured: Record<string, string>;
  stream: boolean;
  userAgent: string;
}

export function buildRequestHeaders(options: RequestHeaderOptions): HeaderList {
  const headers = options.client === null ? new HeaderList() : travelling(options.client);
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

/** Adds those that are not there yet; lists are merged. */
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

/** The client's headers without those that stay here. */
function travelling(client: HeaderReader): HeaderList {
  const headers = new HeaderList();
  client.forEach((value, name) => {
    if (!STAYS_HERE.test(name) && !isReadAsAnother(name)) headers.set(name, value);
  });
  const connection = client.get('connection');
  if (connection !== null && !/^(keep-alive|close)$/i.test(connection))
    for (const nominated of listOf(connection.toLowerCase())) headers.delete(nominated);
  return headers;
}

/**
 * Servers that give headers to programs as variables (CGI, WSGI, Rack, PHP) read `x_http_method_override` as `x-http-method-override`.
 * https://www.rfc-editor.org/rfc/rfc3875#section-4.1.18
 */
function isReadAsAnother(name: string): boolean {
  return name.includes('_') && NOT_FOR_PROVIDERS.test(name.replaceAll('_', '-'));
}

/** `first` then what `second` adds, each value once. */
function mergeLists(first: string, second: string): string {
  return [...new Set([...listOf(first), ...listOf(second)])].join(',');
}

function listOf(value: string): string[] {
  return value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** A client's answer headers, by names in lower case; only Response makes a Headers object of the runtime from them. */
export type AnswerHeaders = Record<string, string>;

/** The upstream's headers that the client gets: all where both speak alike, else only those any client reads. */
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

/** The gateway's own header for its own keys. */
export const GATEWAY_KEY_HEADER = 'x-sluice-key';

/** Every key that the client presents, in whatever headers its SDK and its user put them. */
export function presentedKeys(headers: HeaderReader): string[] {
  const keys = keysForProviders(headers);
  const own = headers.get(GATEWAY_KEY_HEADER);
  if (own !== null) keys.push(own);
  return keys;
}

/** Those that may be a provider's: all but the one in the gateway's own header. */
export function presentedProviderKeys(headers: HeaderReader): string[] {
  const keys = keysForProviders(headers);
  return keys.includes(PLACEHOLDER_KEY) ? keys.filter((key) => key !== PLACEHOLDER_KEY) : keys;
}

/** Where Anthropic's, Google's and Azure's SDKs put their provider's key. */
const KEY_HEADERS = ['x-api-key', 'x-goog-api-key', 'api-key'] as const;

/** What stands where an SDK puts its provider's key. */
function keysForProviders(headers: HeaderReader): string[] {
  const keys: string[] = [];
  for (const name of KEY_HEADERS) addKey(keys, headers.get(name));
  addKey(keys, bearerOf(headers));
  return keys;
}

function addKey(keys: string[], key: string | null): void {
  if (key !== null && key.length > 0) keys.push(key);
}

/** Names of credentials, whoever they are meant for: some of these pass to a provider of the same dialect. */
const SECRET_FIELD = /(^|-)(auth|authorization|secret|password)$|token$|(^|-)(api)?key$/;
/** What is told apart or found again by a key is no secret. */
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

/** The secret part of a header's value: after the name of a scheme, only the credentials, and what they name a token. */
function secretsInField(value: string): string[] {
  const [, scheme = '', credentials] = /^([\w-]+) +(\S+)$/.exec(value) ?? [];
  const pair = scheme.toLowerCase() === 'basic' ? decodedPair(credentials ?? '') : null;
  const whole = credentials ?? value;
  return pair === null ? [whole, ...namedSecrets(value)] : [whole, pair, pair.slice(pair.indexOf(':') + 1)];
}

/** A name is begun where it begins alone: tried from each of its letters, one long key would take its length squared. */
const FIELD = /(?<![\w-])([\w-]+)=(?:"([^"]*)"|([^\s,;"]+))/g;

/** In `Token token="…", user=me`. https://www.rfc-editor.org/rfc/rfc9110#name-authentication-parameters */
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

/** `user:password`; null where it is none. https://www.rfc-editor.org/rfc/rfc7617 */
function decodedPair(credentials: string): string | null {
  try {
    const pair = atob(credentials);
    return pair.includes(':') ? pair : null;
  } catch {
    return null;
  }
}

/** The token of `authorization: Bearer`, null where there is none. */
export function bearerOf(headers: HeaderReader): string | null {
  const authorization = headers.get('authorization');
  return authorization === null ? null : (/^Bearer\s+(\S+)$/i.exec(authorization)?.[1] ?? null);
}
