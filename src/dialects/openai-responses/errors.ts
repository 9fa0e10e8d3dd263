// What an error of this dialect's servers means: non-2xx answers, failed responses, errors inside a stream.
import { ERROR_RULES, type ErrorCode, GatewayError, type UpstreamReason } from '../../model/errors.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json.ts';
import type { UpstreamFailure } from '../dialect.ts';

/** What the body shapes say in common. */
interface Stated {
  message?: string;
  reason: UpstreamReason;
  /** HTTP status that the body names. */
  status?: number;
  retryAfterMs?: number;
}

export function parseError({ status, body }: UpstreamFailure): GatewayError {
  const trimmed = body.trim();
  if (trimmed.startsWith('<')) {
    const code = codeFor(status, {}, '');
    const problem = `the provider answered HTTP ${status} with an HTML page instead of JSON: check its base_url`;
    return new GatewayError(code, problem, ownStatus(code, status));
  }
  let value: JsonValue = trimmed;
  try {
    value = JSON.parse(trimmed) as JsonValue;
  } catch {
    // Plain text is a message too.
  }
  return toError(status, readStated(value));
}

/** The error in a body that came with HTTP 200, or in a stream's event; `error: null` is none. */
export function errorInBody(body: JsonObject): GatewayError | undefined {
  if (saysError(body.error)) return toError(undefined, readStated(body));
  if (body.status !== 'failed' && body.status !== 'cancelled') return undefined;
  return toError(undefined, { message: `the response ended as ${body.status}`, reason: {} });
}

/** The error of an `error` event, nested or flat, whatever its data looks like. */
export function errorOfEvent(data: JsonValue): GatewayError {
  return toError(undefined, readStated(data));
}

function saysError(error: JsonValue | undefined): boolean {
  if (isObject(error)) return Object.keys(error).length > 0;
  return typeof error === 'string' && error !== '';
}

function toError(httpStatus: number | undefined, stated: Stated): GatewayError {
  const { reason, retryAfterMs } = stated;
  const status = httpStatus ?? stated.status ?? statusOf(reason);
  const message = stated.message ?? '';
  const code = codeFor(status, reason, message);
  const said =
    httpStatus === undefined ? 'the provider reported an error' : `the provider answered ${httpStatus}`;
  const named = reason.code ?? reason.type;
  return new GatewayError(
    code,
    `${said}${named === undefined ? '' : ` (${named})`}: ${redactKeys(message) || 'it gave no reason'}`,
    {
      ...ownStatus(code, status),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(Object.keys(reason).length > 0 && { reason }),
    },
  );
}

function ownStatus(code: ErrorCode, status: number): { status?: number } {
  // These pass on the provider's status; the rest have the table's (CONTRACT, error table).
  switch (code) {
    case 'upstream_unauthorized':
    case 'upstream_rate_limited':
    case 'upstream_rejected':
      return { status };
    case 'upstream_overloaded':
      return { status: status === 503 ? 503 : ERROR_RULES.upstream_overloaded.status };
    default:
      return {};
  }
}

const TOO_LONG_CODES = new Set(['context_length_exceeded', 'context_window_exceeded']);
const TOO_LONG =
  /maximum context length|context (window|length)|prompt is too long|input is too long|too many (prompt |input )?tokens/i;

function codeFor(status: number, reason: UpstreamReason, message: string): ErrorCode {
  const isTooLong = TOO_LONG_CODES.has(reason.code ?? '') || TOO_LONG.test(message);
  if (isTooLong && (status === 400 || status === 413 || status === 422)) return 'context_too_long';
  if (status === 401 || status === 403) return 'upstream_unauthorized';
  if (status === 429) return 'upstream_rate_limited';
  if (status === 503 || status === 529) return 'upstream_overloaded';
  if (status >= 500 && /overloaded/i.test(`${reason.type} ${reason.code} ${message}`))
    return 'upstream_overloaded';
  if (status === 408 || status === 409) return 'upstream_failed';
  if (status >= 400 && status < 500) return 'upstream_rejected';
  return 'upstream_failed';
}

/** `response.error.code` of a failed response, as the HTTP status it would have had. */
function statusOf({ code = '', type = '' }: UpstreamReason): number {
  const named = `${code} ${type}`;
  if (/rate_limit|insufficient_quota|usage_limit|too_many_requests/i.test(named)) return 429;
  if (/overloaded|slow_down|unavailable/i.test(named)) return 503;
  if (/authentication|invalid_api_key/i.test(named)) return 401;
  if (
    /context_(length|window)|invalid_|_image|bad_?request|content_policy|bio_policy|_mismatch/i.test(named)
  ) {
    return 400;
  }
  return 500;
}

function readStated(value: JsonValue): Stated {
  if (typeof value === 'string') return value === '' ? { reason: {} } : { message: value, reason: {} };
  if (Array.isArray(value)) return readStated(value[0] ?? '');
  if (!isObject(value)) return { reason: {} };
  if (isObject(value.error)) return readFields(value.error);
  if (typeof value.error === 'string') return { ...readFields(value), message: value.error };
  return readFields(value);
}

function readFields(error: JsonObject): Stated {
  const reason: UpstreamReason = {};
  const type = asString(error.type);
  const param = asString(error.param);
  if (type && type !== 'error') reason.type = type;
  if (param) reason.param = param;
  const stated: Stated = { reason };
  for (const candidate of [error.status_code, error.status, error.code]) {
    const number = typeof candidate === 'string' ? Number(candidate) : candidate;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 400 && number < 600) {
      stated.status ??= number;
    }
  }
  const { code } = error;
  const isText = typeof code === 'string' && code !== '' && !/^[45]\d\d$/.test(code);
  if (isText) reason.code = code;
  const message = asString(error.message) || detailText(error.detail);
  if (message) stated.message = message;
  const seconds = asNumber(error.resets_in_seconds);
  if (seconds !== undefined && seconds >= 0) stated.retryAfterMs = seconds * 1000;
  return stated;
}

/** FastAPI's `detail`: a text, or a list of complaints with the place of each. */
function detailText(detail: JsonValue | undefined): string | undefined {
  if (typeof detail === 'string') return detail;
  const texts: string[] = [];
  for (const item of asArray(detail) ?? []) {
    const complaint = asObject(item);
    const said = asString(complaint?.msg);
    const place = asArray(complaint?.loc)?.join('.');
    if (said !== undefined) texts.push(place ? `${place}: ${said}` : said);
  }
  return texts.length > 0 ? texts.join('; ') : asString(asObject(detail)?.message);
}

/** Providers quote the refused key, whole or half masked. */
function redactKeys(message: string): string {
  return message
    .replace(/(\bapi[ _-]?key(?: provided)?:\s*)[^\s,;]*[^\s,;.]/gi, '$1[redacted]')
    .replace(/[\w-]*\*{2,}[\w*-]*/g, '[redacted]')
    .replace(/\b(?:sk|pk|rk|gsk|xai)[-_][\w-]{6,}/gi, '[redacted]')
    .replace(/(\bBearer\s+)[\w.~+/-]{8,}=*/gi, '$1[redacted]');
}
