// What an error of this dialect's servers means: non-2xx answers, errors inside HTTP 200, errors inside a stream.
import { ERROR_RULES, type ErrorCode, GatewayError, type UpstreamReason } from '../../model/errors.ts';
import { asArray, asObject, asString, isObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { Quirks, UpstreamFailure } from '../dialect.ts';

/** What the many body shapes say in common. */
interface Stated {
  message?: string;
  reason: UpstreamReason;
  /** HTTP status that the body names. */
  status?: number;
}

export function parseError({ status, body }: UpstreamFailure, quirks: Quirks = {}): GatewayError {
  const trimmed = body.trim();
  if (trimmed.startsWith('<')) {
    return new GatewayError(
      codeFor(status, {}, ''),
      `the provider answered HTTP ${status} with an HTML page instead of JSON: check its base_url`,
      { ...ownStatus(codeFor(status, {}, ''), status) },
    );
  }
  let value: JsonValue = trimmed;
  try {
    value = JSON.parse(trimmed) as JsonValue;
  } catch {
    // Plain text is a message too.
  }
  return toError(status, readStated(value), quirks);
}

/** The error in a body or chunk that came with HTTP 200; `error: null` is none. */
export function errorInBody(body: JsonObject, quirks: Quirks = {}): GatewayError | undefined {
  const choice = asObject(asArray(body.choices)?.[0]);
  if (saysError(body.error)) return toError(undefined, readStated(body), quirks);
  if (saysError(choice?.error)) return toError(undefined, readStated({ error: choice?.error }), quirks);
  if (body.object === 'error' && body.choices === undefined)
    return toError(undefined, readStated(body), quirks);
  return undefined;
}

function saysError(error: JsonValue | undefined): boolean {
  if (isObject(error)) return Object.keys(error).length > 0;
  return typeof error === 'string' && error !== '';
}

function toError(httpStatus: number | undefined, stated: Stated, quirks: Quirks): GatewayError {
  const vendor = quirks.errorCodes?.[stated.reason.code ?? ''];
  const given = httpStatus ?? stated.status ?? statusOfType(stated.reason.type);
  const message = stated.message ?? '';
  const code = vendor?.code ?? codeFor(given, stated.reason, message);
  // A vendor's code beats a status that says something else, as HTTP 200 does, or a 429 for an empty account.
  const status = vendor === undefined ? given : (vendor.status ?? ERROR_RULES[code].status);
  const said =
    httpStatus === undefined ? 'the provider reported an error' : `the provider answered ${httpStatus}`;
  const named = stated.reason.code ?? stated.reason.type;
  return new GatewayError(
    code,
    `${said}${named === undefined ? '' : ` (${named})`}: ${message || 'it gave no reason'}`,
    {
      ...ownStatus(code, status),
      ...(Object.keys(stated.reason).length > 0 && { reason: stated.reason }),
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

const TOO_LONG_CODES = new Set([
  'context_length_exceeded',
  'context_window_exceeded',
  'exceed_context_size_error',
  'too_many_prompt_tokens',
]);
const TOO_LONG =
  /maximum context length|context length is only|context (size|window)|prompt is too long|input is too long|too many (prompt |input )?tokens|total length of all messages/i;

function codeFor(status: number, reason: UpstreamReason, message: string): ErrorCode {
  const isTooLong =
    TOO_LONG_CODES.has(reason.code ?? '') || TOO_LONG_CODES.has(reason.type ?? '') || TOO_LONG.test(message);
  if (isTooLong && (status === 400 || status === 413 || status === 422)) return 'context_too_long';
  if (status === 401 || status === 403) return 'upstream_unauthorized';
  if (status === 429) return 'upstream_rate_limited';
  if (status === 503 || status === 529) return 'upstream_overloaded';
  if (status >= 500 && /overloaded/i.test(`${reason.type} ${reason.code} ${message}`)) {
    return 'upstream_overloaded';
  }
  if (status === 408 || status === 409) return 'upstream_failed';
  if (status >= 400 && status < 500) return 'upstream_rejected';
  return 'upstream_failed';
}

/** For errors that name no status: their type does, roughly. */
function statusOfType(type: string | undefined): number {
  if (type === undefined) return 500;
  if (/rate_limit|insufficient_quota|too_many_requests/i.test(type)) return 429;
  if (/overloaded|unavailable/i.test(type)) return 503;
  if (/authentication|invalid_api_key/i.test(type)) return 401;
  if (/invalid_request|bad_?request/i.test(type)) return 400;
  return 500;
}

function readStated(value: JsonValue): Stated {
  if (typeof value === 'string') return value === '' ? { reason: {} } : { message: value, reason: {} };
  if (Array.isArray(value)) return readStated(value[0] ?? '');
  if (!isObject(value)) return { reason: {} };
  const nested = value.error ?? asArray(value.errors)?.[0];
  if (isObject(nested)) return readFields(nested);
  if (typeof nested === 'string') return { ...readFields(value), message: nested };
  return readFields(value);
}

function readFields(error: JsonObject): Stated {
  const reason: UpstreamReason = {};
  const type = asString(error.type) ?? asString(error.status);
  const param = asString(error.param);
  if (type) reason.type = type;
  if (param) reason.param = param;
  const stated: Stated = { reason };
  for (const candidate of [error.status_code, error.code]) {
    const number = typeof candidate === 'string' ? Number(candidate) : candidate;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 400 && number < 600) {
      stated.status ??= number;
    } else if (candidate === error.code && (typeof candidate === 'string' || typeof candidate === 'number')) {
      // Numbers outside HTTP's are the vendor's own codes.
      if (candidate !== '') reason.code = String(candidate);
    }
  }
  const message = readMessage(error);
  if (message !== undefined) stated.message = message;
  return stated;
}

function readMessage(error: JsonObject): string | undefined {
  const message = asString(error.message) || asString(error.msg) || detailText(error.detail);
  // OpenRouter says "Provider returned error" and keeps what the provider said beside it.
  const metadata = asObject(error.metadata);
  const raw = asString(metadata?.raw) || (isObject(metadata?.raw) ? JSON.stringify(metadata.raw) : undefined);
  if (raw === undefined || raw === '') return message;
  return message === undefined ? raw : `${message}: ${raw}`;
}

/** FastAPI's `detail`: a text, or a list of complaints with the place of each. */
function detailText(detail: JsonValue | undefined): string | undefined {
  if (typeof detail === 'string') return detail;
  const complaints = asArray(detail) ?? [];
  const texts: string[] = [];
  for (const item of complaints) {
    const complaint = asObject(item);
    const place = asArray(complaint?.loc)?.join('.');
    const said = asString(complaint?.msg);
    if (said !== undefined) texts.push(place ? `${place}: ${said}` : said);
  }
  return texts.length > 0 ? texts.join('; ') : asString(asObject(detail)?.message);
}

/** The error of an SSE event that is named `error`, whatever its data looks like. */
export function errorOfEvent(data: JsonValue, quirks: Quirks = {}): GatewayError {
  return toError(undefined, readStated(data), quirks);
}
