// Errors of this dialect, in both directions. https://docs.anthropic.com/en/api/errors
import { type ErrorCode, GatewayError, type UpstreamReason } from '../../model/errors.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import { table } from '../../model/table.ts';
import { parseErrorBody } from '../shared/answer-list.ts';
import { baseRespIn } from '../shared/failures/base-resp.ts';
import {
  codeOfStatus,
  ownStatus,
  pageInstead,
  pathRemedy,
  UNPAID,
} from '../shared/failures/failure-status.ts';
import { serverWords } from '../shared/failures/server-words.ts';
import { VENDORS_TOO_LONG } from '../shared/failures/too-long-patterns.ts';
import type { UpstreamFailure } from '../dialect.ts';
import type { Quirks } from '../quirks.ts';
import { outputLimitMessage } from './output-limit.ts';
import { refusedContentMessage } from './refused-content.ts';
import { tooLongMessage } from './too-long.ts';
import { ID } from './wire.ts';

/** Error types and their statuses. The first type listed for a status is the one used for it. */
const STATUS_OF: Record<string, number> = table({
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
});

const TYPE_OF = new Map(Object.entries(STATUS_OF).map(([name, status]) => [status, name]));

/** The status of an error within a stream, by its type; undefined for a type that is not the dialect's. */
export function statusOfType(type: string | undefined): number | undefined {
  return type === undefined ? undefined : STATUS_OF[type];
}

/** Reads a provider's answer of status 400 and above. Its `retry-after` is left to the HTTP client, which has the clock. */
export function parseError({ status, headers, body }: UpstreamFailure, quirks: Quirks = {}): GatewayError {
  const json = parseErrorBody(body);
  if (json !== undefined) return fromBody(json, status, quirks);
  const type = headers.get('content-type') ?? '';
  if (type.includes('text/html') || /^\s*<(!doctype|html)/i.test(body)) {
    return fromParts(status, undefined, `the provider answered ${status}: ${pageInstead(body)}`);
  }
  const text = body.trim().slice(0, 500);
  return fromParts(
    status,
    undefined,
    text === '' ? `the provider answered HTTP ${status} without a body` : text + pathRemedy(status, text),
  );
}

/** False for the forms of Google Cloud, in front of Claude, and of servers with OpenAI's errors, or FastAPI's. */
export function isOwnFailure({ type, error }: JsonObject): boolean {
  const { type: kind, message } = asObject(error) ?? {};
  return type === 'error' && typeof kind === 'string' && typeof message === 'string';
}

/** The error in a body that came with HTTP 200; undefined if the body is an answer. */
export function errorInBody(body: JsonObject, quirks: Quirks = {}): GatewayError | undefined {
  const isError =
    body.type === 'error' ||
    baseRespIn(body) !== undefined ||
    (body.content === undefined && complains(body));
  return isError ? fromBody(body, undefined, quirks) : undefined;
}

/** Whether a body that is not a message reports a failure, in the envelope or in the server's own form. */
function complains(body: JsonObject): boolean {
  if (asObject(body.error) !== undefined) return true;
  return body.type === undefined && Boolean(asString(body.error) || serverWords(body));
}

/** Reads the data of an `error` event, or a body: `{type: 'error', error: {type, message}}` and similar forms. */
export function fromBody(
  body: JsonObject,
  status: number | undefined,
  { errorCodes }: Quirks = {},
): GatewayError {
  const error = asObject(body.error);
  const type = asString(error?.type);
  const base = error === undefined ? baseRespIn(body) : undefined;
  const code = asString(asObject(error?.details)?.error_code) ?? asString(error?.code) ?? base?.code;
  const message = asString(error?.message) ?? asString(body.error) ?? serverWords(body) ?? base?.message;
  const reason: UpstreamReason = {
    ...(type === undefined ? {} : { type }),
    ...(code === undefined ? {} : { code }),
  };
  const fallback = `the provider failed${status === undefined ? '' : ` with HTTP ${status}`} and gave no reason`;
  // Other vendors put their own codes into `type`.
  const vendor = base?.meaning ?? errorCodes?.[code ?? ''] ?? errorCodes?.[type ?? ''];
  if (vendor !== undefined) {
    const { code: meaning, status: vendorStatus, exhausted } = vendor;
    const isTooLong = meaning === 'upstream_rejected' && meansTooLong(message ?? '');
    return new GatewayError(isTooLong ? 'context_too_long' : meaning, message || fallback, {
      ...(vendorStatus !== undefined && { status: vendorStatus }),
      ...(exhausted !== undefined && { exhausted }),
      reason: { code: code ?? type ?? '' },
    });
  }
  return fromParts(
    status ?? STATUS_OF[type ?? ''] ?? 500,
    reason,
    (message || fallback) + pathRemedy(status, message ?? ''),
  );
}

function fromParts(status: number, reason: UpstreamReason | undefined, message: string): GatewayError {
  const code = codeOf(status, reason?.type, message);
  return new GatewayError(code, message, {
    ...ownStatus(code, status),
    ...(isUnpaid(status, reason?.type, message) ? { exhausted: true } : {}),
    ...(reason === undefined || Object.keys(reason).length === 0 ? {} : { reason }),
  });
}

const TOO_LONG =
  /prompt is too long|exceeds? (the )?(model'?s )?(maximum )?context|context (length|window) (is )?exceed(ed|s)/i;

function meansTooLong(message: string): boolean {
  return TOO_LONG.test(message) || VENDORS_TOO_LONG.test(message);
}

/**
 * The account has no credit, or has spent what the organization or workspace allows itself in a month. Anthropic says so only in words:
 * https://github.com/anthropics/claude-code/issues/38035, https://github.com/anthropics/claude-code/issues/1047
 */
const UNPAID_WORDS = /credit balance is too low|reached your specified (workspace )?API usage limits/i;

function isUnpaid(status: number, type: string | undefined, message: string): boolean {
  return status === UNPAID || type === 'billing_error' || UNPAID_WORDS.test(message);
}

function codeOf(status: number, type: string | undefined, message: string): ErrorCode {
  if ((status === 400 || status === 413) && meansTooLong(message)) return 'context_too_long';
  if (isUnpaid(status, type, message)) return 'upstream_unauthorized';
  const code = codeOfStatus(status);
  if (code === 'upstream_unauthorized' || code === 'upstream_rate_limited') return code;
  return type === 'overloaded_error' ? 'upstream_overloaded' : code;
}

/** The error in the form that a client of this dialect reads, as a body or as the data of an `error` event. */
export function buildError(error: GatewayError, requestId: string): JsonObject {
  const own = error.reason?.type;
  const status = statusOf(error);
  const keeps = own !== undefined && STATUS_OF[own] === status;
  const type = keeps ? own : typeOfStatus(status);
  const code = keeps ? error.reason?.code : undefined;
  return {
    type: 'error',
    error: {
      type,
      message: clientMessage(error) ?? error.message,
      ...(code === undefined ? {} : { details: { error_code: code } }),
    },
    request_id: requestId,
  };
}

export const OVERLOADED = 529;

/**
 * Clients recognize errors that they can recover from only with a 400, whatever other servers send (OpenRouter a 404). Anthropic has no
 * 503: at the first one, Claude Code (2.1.332) switches to its fallback model, at 529 only at the third.
 */
export function statusOf(error: GatewayError): number {
  const { code, status, upstream, unasked } = error;
  if (upstream?.dialect === ID && upstream.isReadable) return status;
  if (clientMessage(error) !== undefined) return 400;
  return code === 'upstream_overloaded' && !unasked ? OVERLOADED : status;
}

/** The message in words by which clients recognize what they can recover from; undefined for other errors. */
function clientMessage({ code, status, message }: GatewayError): string | undefined {
  if (code === 'context_too_long') return tooLongMessage(message);
  if (code !== 'upstream_rejected') return undefined;
  switch (status) {
    case 400:
    case 415:
    case 422:
      return outputLimitMessage(message) ?? refusedContentMessage(message);
    case 404:
      return NO_ENDPOINTS.test(message) ? refusedContentMessage(message) : undefined;
    default:
      return undefined;
  }
}

/** OpenRouter: the model exists, but none of its providers supports what the request contains. */
const NO_ENDPOINTS = /no endpoints found that support/i;

function typeOfStatus(status: number): string {
  const type = TYPE_OF.get(status);
  if (type !== undefined && type !== 'conflict_error') return type;
  if (status === 503) return 'overloaded_error';
  return status < 500 ? 'invalid_request_error' : 'api_error';
}
