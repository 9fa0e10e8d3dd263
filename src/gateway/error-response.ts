// Failures as the client of a dialect reads them.
import { findRouteBelow } from '../dialects/find-route.ts';
import { DIALECTS } from '../dialects/registry.ts';
import type { DialectId } from '../model/dialect-id.ts';
import { GatewayError } from '../model/errors.ts';
import { pickAnswerHeaders } from '../upstream/headers.ts';
import { setExchangeHeaders } from './exchange.ts';
import { type ExchangeRecord, failedWith } from './record.ts';
import { setRetryHeaders } from './retry-headers.ts';

/** Ends the record with it, too. */
export function answerError(error: GatewayError, dialect: DialectId, record: ExchangeRecord): Response {
  const response = errorResponse(error, dialect, record.requestId);
  record.httpStatus = response.status;
  if (error.status === 405 && error.upstream === undefined) response.headers.set('allow', 'POST');
  setExchangeHeaders(response.headers, { record }, null);
  record.end(failedWith(error));
  return response;
}

export function errorResponse(error: GatewayError, dialect: DialectId, requestId: string): Response {
  const { upstream } = error;
  const { client } = DIALECTS[dialect];
  const status = client.statusOf?.(error) ?? error.status;
  const headers =
    upstream === undefined
      ? new Headers()
      : pickAnswerHeaders(upstream.headers, upstream.dialect === dialect);
  headers.set('content-type', 'application/json');
  headers.set('x-sluice-request-id', requestId);
  setRetryHeaders(headers, error, status);
  const body =
    upstream?.dialect === dialect ? upstream.body : JSON.stringify(client.buildError(error, requestId));
  return new Response(body, { status, headers });
}

/** Clients of some dialects say so in a header; the others read the most common shape. */
export function guessDialect(request: Request): DialectId {
  return request.headers.has('anthropic-version') ? 'anthropic-messages' : 'openai-chat';
}

export function noSuchPath({ pathname, searchParams }: URL): GatewayError {
  const near = findRouteBelow(pathname, searchParams)?.path;
  const paths = Object.values(DIALECTS).map((dialect) => dialect.client.path);
  const mend =
    near === undefined
      ? `clients post to ${paths.join(', ')}`
      : `did you mean ${near}? Check the client's base URL`;
  return new GatewayError('invalid_request', `no such path: ${pathname}; ${mend}`, { status: 404 });
}

export function methodNotAllowed(method: string, path: string, allowed: string): GatewayError {
  return new GatewayError('invalid_request', `${method} ${path} is not allowed; use ${allowed}`, {
    status: 405,
  });
}

/** For the log, of what nobody expected. */
export function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
