// What errors of Google's servers mean: answers that are not 2xx, errors within HTTP 200, and errors within a stream.
// https://cloud.google.com/apis/design/errors
import { durationMs } from '../../model/duration.ts';
import { type ErrorCode, GatewayError, type UpstreamReason } from '../../model/errors.ts';
import { isDailyQuota } from '../shared/failures/google-quota.ts';
import {
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import { table } from '../../model/table.ts';
import type { UpstreamFailure } from '../dialect.ts';
import { codeOfStatus, failureText, ownStatus, statedIn, UNPAID } from '../shared/failures/failure-status.ts';
import { serverWords } from '../shared/failures/server-words.ts';
import { listOf } from './wire.ts';

interface Stated {
  status?: number;
  message: string;
  reason: UpstreamReason;
  retryAfterMs?: number;
  /** A daily quota, whose hint of a short wait must be ignored. */
  isDaily?: true;
}

export function parseError({ status, body }: UpstreamFailure): GatewayError {
  return toError(status, readStated(statedIn(body)));
}

/** Whether Google's typed SDKs (Go, Java) can read a failure's body as it is. */
export function isOwnFailure({ error }: JsonObject): boolean {
  const { code, message, status, details } = asObject(error) ?? {};
  return (
    typeof message === 'string' &&
    (code === undefined || typeof code === 'number') &&
    (status === undefined || typeof status === 'string') &&
    (details === undefined || (Array.isArray(details) && details.every(isObject)))
  );
}

/** The error in a body or chunk that came with HTTP 200. */
export function errorInBody(body: JsonObject): GatewayError | undefined {
  const { error } = body;
  const hasError =
    (isObject(error) && Object.keys(error).length > 0) || (typeof error === 'string' && error !== '');
  return hasError ? toError(undefined, readStated(body)) : undefined;
}

/** HTTP statuses of the canonical codes. https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const STATUS_OF: Record<string, number> = table({
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
});

function toError(httpStatus: number | undefined, stated: Stated): GatewayError {
  const status = httpStatus ?? stated.status ?? STATUS_OF[stated.reason.type ?? ''] ?? 500;
  const code = codeFor(status, stated.reason, stated.message);
  const named = stated.reason.type ?? stated.reason.code;
  return new GatewayError(code, failureText(httpStatus, named, stated.message), {
    ...statusOf(code, status),
    ...(status === UNPAID && { exhausted: true }),
    ...(code === 'upstream_rate_limited' && isUsedUp(stated) && { exhausted: 'model' }),
    ...(stated.retryAfterMs === undefined ? {} : { retryAfterMs: stated.retryAfterMs }),
    ...(Object.keys(stated.reason).length > 0 && { reason: stated.reason }),
  });
}

/** Quotas of a day, or of several hours in a plan. Google counts each model separately. */
const USED_UP = new Set(['QUOTA_EXHAUSTED', 'INSUFFICIENT_G1_CREDITS_BALANCE']);

function isUsedUp({ isDaily, reason }: Stated): boolean {
  return isDaily === true || USED_UP.has(reason.code ?? '');
}

/** To Google a bad key is a bad argument: 400. */
function statusOf(code: ErrorCode, status: number): { status?: number } {
  const isArgument = code === 'upstream_unauthorized' && status !== 403 && status !== UNPAID;
  return isArgument ? {} : ownStatus(code, status);
}

/** The second alternative is Vertex's: https://github.com/google-gemini/gemini-cli/issues/19727 */
const TOO_LONG =
  /token count \(?[\d,]*\)? ?exceeds|token count is \d+ but model only supports|exceeds the maximum number of (input )?tokens|input (is )?too long|context (length|window)/i;
const BAD_KEY = /api[ _-]?key (not valid|expired|not found|is invalid)/i;
const BAD_KEY_REASONS = new Set(['API_KEY_INVALID', 'API_KEY_EXPIRED', 'ACCESS_TOKEN_EXPIRED']);

function codeFor(status: number, reason: UpstreamReason, message: string): ErrorCode {
  if (status === 400 || status === 413) {
    if (BAD_KEY_REASONS.has(reason.code ?? '') || BAD_KEY.test(message)) return 'upstream_unauthorized';
    if (TOO_LONG.test(message)) return 'context_too_long';
  }
  if (status >= 500 && /overloaded/i.test(message)) return 'upstream_overloaded';
  // Cancelled by the server.
  return status === 499 ? 'upstream_failed' : codeOfStatus(status);
}

function readStated(value: JsonValue): Stated {
  if (typeof value === 'string') return { message: value, reason: {} };
  if (Array.isArray(value)) return readStated(value[0] ?? '');
  const body = asObject(value) ?? {};
  if (typeof body.error === 'string') {
    return { message: asString(body.error_description) ?? body.error, reason: {} };
  }
  const error = asObject(body.error) ?? body;
  const reason: UpstreamReason = {};
  const type = asString(error.status);
  if (type) reason.type = type;
  const stated: Stated = { message: asString(error.message) ?? serverWords(body) ?? '', reason };
  const status = asNumber(error.code);
  if (status !== undefined && status >= 400 && status < 600) stated.status = status;
  const details = listOf(error.details).filter(isObject);
  for (const detail of details) readDetail(detail, stated);
  if (isDailyQuota(error)) {
    stated.isDaily = true;
    delete stated.retryAfterMs;
    return stated;
  }
  const delayMs = durationMs(/retry in ([\d.]+m?s)/i.exec(stated.message)?.[1]);
  if (delayMs !== undefined) stated.retryAfterMs ??= delayMs;
  return stated;
}

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto */
function readDetail(detail: JsonObject, stated: Stated): void {
  const type = asString(detail['@type']) ?? '';
  if (type.endsWith('RetryInfo')) {
    const delay = durationMs(asString(detail.retryDelay));
    if (delay !== undefined) stated.retryAfterMs = delay;
  }
  if (type.endsWith('ErrorInfo')) {
    const reason = asString(detail.reason);
    if (reason) stated.reason.code = reason;
    const reset = durationMs(asString(asObject(detail.metadata)?.quotaResetDelay));
    if (reset !== undefined) stated.retryAfterMs ??= reset;
  }
  if (type.endsWith('BadRequest')) {
    const field = asString(asObject(listOf(detail.fieldViolations)[0])?.field);
    if (field) stated.reason.param = field;
  }
}
