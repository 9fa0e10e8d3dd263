// Writes failures as responses in the form that the client reads.
import {
  findEnvelope,
  findForward,
  findForwardedSocket,
  findModelListBelow,
  findModels,
  findRouteBelow,
} from '../../dialects/find-route.ts';
import { DIALECTS } from '../../dialects/registry.ts';
import { parseErrorBody } from '../../dialects/shared/answer-list.ts';
import { withStatusOfUnknownModel } from '../../dialects/shared/failures/unknown-model.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import { GatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { isObject, type JsonObject } from '../../model/json/json.ts';
import { type AnswerHeaders, pickAnswerHeaders } from '../../upstream/headers.ts';
import { setExchangeHeaders } from './exchange-headers.ts';
import { type ExchangeRecord, failedWith } from '../record/record.ts';
import { urlOf } from '../request/request-address.ts';
import { errorWordingFor, type Recipient, wireOf, wordingFor } from './recipient.ts';
import { setRequestId } from './request-id.ts';
import { setRetryHeaders } from './retry-headers.ts';

/** The response for the error; also ends the record with it. */
export function answerError(error: GatewayError, recipient: Recipient, record: ExchangeRecord): Response {
  const { status, headers, body } = describeError(error, recipient, record.requestId);
  record.httpStatus = status;
  if (error.upstream === undefined) {
    if (error.status === 405) headers.allow = 'POST';
    if (error.status === UPGRADE_REQUIRED) headers.upgrade = 'HTTP/1.1';
    // The unread rest of the request's body would be read as the next request.
    if (error.status === REQUEST_TIMEOUT) headers.connection = 'close';
  }
  setExchangeHeaders(headers, { ...recipient, record }, null);
  record.end(failedWith(error));
  return new Response(body, { status, headers });
}

export function errorResponse(error: GatewayError, recipient: Recipient, requestId: string): Response {
  const { body, ...rest } = describeError(error, recipient, requestId);
  return new Response(body, rest);
}

export function shuttingDown(): GatewayError {
  return new GatewayError('shutting_down', 'the gateway is shutting down; try again in a moment', {
    retryAfterMs: 1_000,
  });
}

/** The answer of a gateway that accepts no more requests. */
export function answerShuttingDown(request: Request, requestId: string): Response {
  const recipient = { ...guessRecipient(request, urlOf(request)), headers: request.headers };
  return errorResponse(shuttingDown(), recipient, requestId);
}

interface DescribedError {
  status: number;
  headers: AnswerHeaders;
  body: string;
}

function describeError(given: GatewayError, recipient: Recipient, requestId: string): DescribedError {
  const { upstream } = given;
  const vendors = upstream?.dialect === wireOf(recipient) ? upstream : undefined;
  const error = vendors === undefined ? withStatusOfUnknownModel(given) : given;
  const passes = vendors?.isReadable === true;
  const wording = passes ? wordingFor(recipient) : errorWordingFor(recipient);
  const status = wording.statusOf?.(error) ?? error.status;
  const fields = vendors && parseErrorBody(vendors.body);
  const headers = {
    ...wording.errorHeaders?.(error),
    ...(upstream && pickAnswerHeaders(upstream.headers, fields !== undefined)),
  };
  headers['content-type'] = 'application/json';
  setRequestId(headers, recipient, requestId);
  // Some HTTP clients refuse a 401 without this header. https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2
  if (error.code === 'unauthenticated') headers['www-authenticate'] = 'Bearer realm="sluice"';
  setRetryHeaders(headers, error, status);
  const completed =
    fields && passes ? errorWordingFor(recipient).completeFailure?.(fields, error) : undefined;
  const body = passes
    ? completed === undefined
      ? vendors.body
      : JSON.stringify(completed)
    : JSON.stringify(withFields(wording.buildError(error, requestId), fields));
  return { status, headers, body };
}

/**
 * The error in the dialect's form, with the additional fields of the provider's own form: strict clients of the dialect read the one, and
 * clients that know the vendor's form the other.
 */
function withFields(built: JsonObject, vendors: JsonObject | undefined): JsonObject {
  if (vendors === undefined) return built;
  const { error } = built;
  const merged = isObject(error) && isObject(vendors.error) ? { ...vendors.error, ...error } : error;
  return { ...vendors, ...built, ...(merged !== undefined && { error: merged }) };
}

/**
 * Guesses who reads the answer: by the path that was probably meant, else by what identifies a vendor, else by a dialect whose own path
 * begins like this one.
 */
export function guessRecipient(request: Request, url: URL): Recipient {
  const near = nearRoute(url);
  if (near !== undefined) return { dialect: near.dialect.id, envelope: near.route.envelope };
  const found = findEnvelope(url.pathname, request.headers);
  if (found !== undefined) return { dialect: found.dialect.id, envelope: found.envelope };
  return { dialect: guessDialect(request, url) };
}

/** Where several dialects' paths begin like this one, takes the dialect that the client's headers suggest, or the most common. */
function guessDialect(request: Request, url: URL): DialectId {
  if (nearModelList(url) !== undefined) return sharingDialect(request);
  const asked = url.pathname.split('/');
  let longest = 0;
  let nearest: DialectId[] = [];
  for (const { id, client } of Object.values(DIALECTS)) {
    const own = client.path.split('/');
    const different = own.findIndex((segment, at) => segment !== asked[at]);
    const shared = different === -1 ? own.length : different;
    if (shared > longest) nearest = [];
    if (shared >= longest) nearest.push(id);
    longest = Math.max(longest, shared);
  }
  const [first] = nearest;
  if (first !== undefined && nearest.length === 1) return first;
  return sharingDialect(request);
}

function sharingDialect(request: Request): DialectId {
  return findModels(SHARED_PATH, request.headers)?.dialect.id ?? 'openai-chat';
}

/** All dialects list models at this path; a header identifies the client's. */
const SHARED_PATH = '/v1/models';

/** In characters. A search at each slash of a longer path would be slow, and such a path is no typo. */
const LONGEST_PATH = 500;

/** The route that a client with a wrong base URL, or with a slash too many, probably means. */
function nearRoute(url: URL): ReturnType<typeof findRouteBelow> {
  const path = nearPath(url);
  return path === undefined ? undefined : findRouteBelow(path, url.searchParams);
}

function nearModelList(url: URL): string | undefined {
  const path = nearPath(url);
  return path === undefined ? undefined : findModelListBelow(path)?.path;
}

function nearPath({ pathname }: URL): string | undefined {
  if (pathname.length > LONGEST_PATH) return undefined;
  return pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
}

export function noSuchPath(url: URL): GatewayError {
  const { pathname } = url;
  const near = nearRoute(url)?.path ?? nearModelList(url);
  const remedy =
    near === undefined
      ? (unforwarded(pathname) ?? alternativeTo(pathname) ?? ownPage(pathname) ?? servedPaths())
      : `did you mean ${near}? Check the client's base URL`;
  return new GatewayError('invalid_request', `no such path: ${pathname}; ${remedy}`, { status: 404 });
}

/** Whether a POST of this path looks like a question to a model, although no route has this path. */
export function isMeantToAsk(url: URL): boolean {
  return nearRoute(url) !== undefined || alternativeTo(url.pathname) !== undefined;
}

/** Why a path that could be forwarded was not. Headers tell whose path it is only where two vendors share it. */
function unforwarded(pathname: string): string | undefined {
  const found = findForward(pathname, NO_HEADERS);
  if (found === undefined) return undefined;
  const alone = `it is forwarded only to an enabled provider that speaks ${found.forward.spokenBy.join(' or ')}, and there is none`;
  const instead = alternativeTo(pathname);
  return instead === undefined ? alone : `${alone}; ${instead}`;
}

/** What to use instead of a path that a vendor serves and the gateway does not. */
function alternativeTo(pathname: string): string | undefined {
  for (const { client } of Object.values(DIALECTS)) {
    const instead = client.alternativeTo?.(pathname);
    if (instead !== undefined) return instead;
  }
  return undefined;
}

/** Hints for paths at which probes and people look for the gateway's own pages. */
function ownPage(pathname: string): string | undefined {
  if (/^\/(v1\/)?(health(z|check)?|livez|readyz?|status|ping)(\/|$)/i.test(pathname))
    return 'did you mean /gateway/health?';
  return /^\/(dashboard|ui)\/?$/i.test(pathname) ? 'the dashboard is at /' : undefined;
}

function servedPaths(): string {
  const paths = Object.values(DIALECTS).map((dialect) => dialect.client.path);
  return `clients post to ${paths.join(', ')}`;
}

export function methodNotAllowed(method: string, path: string, allowed: string): GatewayError {
  return new GatewayError('invalid_request', `${method} ${path} is not allowed; use ${allowed}`, {
    status: 405,
  });
}

const NO_HEADERS = new Headers();
export const UPGRADE_REQUIRED = 426;
const REQUEST_TIMEOUT = 408;

/**
 * The error for any method but POST. A client that prefers a WebSocket (Codex) gets, where none can be opened, the status at which it falls
 * back to POST at once instead of retrying.
 */
export function notPosted(method: string, path: string, headers: HeaderReader): GatewayError {
  const isWhole = headers.get('upgrade')?.toLowerCase() === 'websocket';
  // A proxy that is not configured to pass upgrades on removes the header.
  if (!isWhole && !headers.has('sec-websocket-key')) return methodNotAllowed(method, path, 'POST');
  const problem = isWhole ? 'no WebSocket is served here' : 'a proxy has taken away `Upgrade: websocket`';
  return new GatewayError('invalid_request', `${problem}; POST to ${path}`, { status: UPGRADE_REQUIRED });
}

/** Why no forwarded WebSocket was opened at this path; undefined for a path that has none. */
export function notOpened(pathname: string, headers: HeaderReader): GatewayError | undefined {
  const found = findForwardedSocket(pathname);
  if (found === undefined) return undefined;
  if (headers.get('upgrade')?.toLowerCase() === 'websocket') {
    const spoken = found.socket.spokenBy.join(' or ');
    return new GatewayError(
      'invalid_request',
      `${pathname}: WebSockets are forwarded only to an enabled provider that speaks ${spoken}, and there is none`,
      { status: 404 },
    );
  }
  const problem = headers.has('sec-websocket-key')
    ? 'a proxy has taken away `Upgrade: websocket`; have it pass this on'
    : 'it is a WebSocket; open it as one';
  return new GatewayError('invalid_request', `${pathname}: ${problem}`, { status: UPGRADE_REQUIRED });
}

/** The stack of an unexpected error, for the log: of where it was thrown, not where it was caught. */
export function stackOf(thrown: unknown): string {
  const origin = thrown instanceof GatewayError && thrown.cause instanceof Error ? thrown.cause : thrown;
  return origin instanceof Error ? (origin.stack ?? origin.message) : String(origin);
}
