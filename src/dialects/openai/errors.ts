// Errors of OpenAI's two dialects and of the many compatible servers, in both directions: what their errors mean, and the body that their
// clients read. https://platform.openai.com/docs/guides/error-codes/api-errors
import { durationMs } from '../../model/duration.ts';
import { ERROR_RULES, type ErrorCode, GatewayError, type UpstreamReason } from '../../model/errors.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import { baseRespIn } from '../shared/failures/base-resp.ts';
import { detailText } from '../shared/failures/server-words.ts';
import {
  codeOfStatus,
  failureText,
  ownStatus,
  pathRemedy,
  statedIn,
  UNPAID,
} from '../shared/failures/failure-status.ts';
import { VENDORS_TOO_LONG } from '../shared/failures/too-long-patterns.ts';
import { FEWER_TOOLS, meansTooManyTools } from './too-many-tools.ts';
import type { UpstreamFailure } from '../dialect.ts';
import type { Quirks, VendorError } from '../quirks.ts';

/** What the many forms of bodies have in common. */
interface Stated {
  message?: string;
  reason: UpstreamReason;
  /** The HTTP status, if the body states one. */
  status?: number;
  retryAfterMs?: number;
  /** The meaning of a code, where the body's form identifies the vendor. */
  vendor?: VendorError;
}

/** Reads an answer that is not a 2xx. */
export function parseError({ status, body }: UpstreamFailure, quirks: Quirks = {}): GatewayError {
  return toError(status, readStated(statedIn(body)), quirks);
}

/** Reads an error that came with HTTP 200: in a body, a chunk or an event, in whatever form. */
export function errorOf(data: JsonValue, quirks: Quirks = {}): GatewayError {
  return toError(undefined, readStated(data), quirks);
}

/** Whether an `error` field contains an error; null, '' and {} do not. */
export function hasError(error: JsonValue | undefined): boolean {
  if (isObject(error)) return Object.keys(error).length > 0;
  return typeof error === 'string' && error !== '';
}

/**
 * Whether OpenAI's typed SDKs (Go, Rust) can read a failure's body as it is. They cannot if its message is elsewhere: `{"message": …}`,
 * `{"error": "text"}`, `{"detail": …}`. Many vendors have a number as `code`, on which their own SDKs rely.
 */
export function isOwnFailure({ error }: JsonObject): boolean {
  const { message, type, param, code } = asObject(error) ?? {};
  return (
    typeof message === 'string' &&
    isTextOrNone(type) &&
    isTextOrNone(param) &&
    (isTextOrNone(code) || typeof code === 'number')
  );
}

function isTextOrNone(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || typeof value === 'string';
}

/** Every answer, and every chunk of one, has at least one of these fields. */
const OF_ANSWERS = ['choices', 'output', 'data', 'object', 'model', 'usage', 'response', 'candidates'];

/**
 * The failure that a server reports in a form of its own instead of an answer: `{"detail": …}`, `{"code": …, "msg": …}`, `{"errors": […]}`,
 * `base_resp`; undefined if the body reports none.
 */
export function failureIn(body: JsonObject, quirks: Quirks = {}): GatewayError | undefined {
  if (baseRespIn(body) !== undefined) return errorOf(body, quirks);
  if (OF_ANSWERS.some((name) => body[name] !== undefined && body[name] !== null)) return undefined;
  return readStated(body).message === undefined ? undefined : errorOf(body, quirks);
}

/** Whether OpenAI's SDKs recognize the error in an event's data: it is at the top level, or the data is not JSON. */
export function isSeenBySdks(data: string): boolean {
  try {
    const value: unknown = JSON.parse(data);
    return isObject(value) && hasError(value.error);
  } catch {
    return data.trim() !== '[DONE]';
  }
}

function toError(httpStatus: number | undefined, stated: Stated, quirks: Quirks): GatewayError {
  const { reason, retryAfterMs, message = '' } = stated;
  const vendor = stated.vendor ?? quirks.errorCodes?.[reason.code ?? ''];
  const given = httpStatus ?? stated.status ?? statusOf(reason, message);
  const isTooLong = vendor?.code === 'upstream_rejected' && meansTooLong(message);
  const code = isTooLong ? 'context_too_long' : (vendor?.code ?? codeFor(given, reason, message));
  // A vendor's code overrides a status that contradicts it, such as HTTP 200, or 429 for an empty account.
  const status = vendor === undefined ? given : (vendor.status ?? ERROR_RULES[code].status);
  const named = reason.code ?? reason.type;
  const tooManyTools = code === 'upstream_rejected' && meansTooManyTools(message);
  const remedy = tooManyTools ? FEWER_TOOLS : pathRemedy(httpStatus, message);
  const tooMuch = TOO_MUCH_AT_ONCE.test(message);
  const elsewhere = tooManyTools || (code === 'upstream_rejected' && tooMuch);
  return new GatewayError(code, failureText(httpStatus, named, message) + remedy, {
    ...ownStatus(code, status),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(elsewhere && { elsewhere }),
    ...(tooMuch && { lasting: true }),
    ...(isExhausted(reason, vendor, given) && { exhausted: true }),
    ...(Object.keys(reason).length > 0 && { reason }),
  });
}

/**
 * More tokens than the account may use in a minute. The request would be refused later too, so this is not a rate limit that passes, though
 * OpenAI answers 429 (Groq answers 413). https://github.com/continuedev/continue/issues/10218,
 * https://github.com/vanna-ai/vanna-flask/issues/11
 */
const TOO_MUCH_AT_ONCE = /request too large for .+ on tokens per min/i;

/** Groq's status when its flex tier has no free capacity. https://console.groq.com/docs/flex-processing */
const FLEX_FULL = 498;

/** Codes for an account, or a plan of hours or longer, that is used up. https://platform.openai.com/docs/guides/error-codes */
const EXHAUSTED = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'usage_limit_reached',
]);

function isExhausted(
  { code = '', type = '' }: UpstreamReason,
  vendor: VendorError | undefined,
  status: number,
): boolean {
  if (vendor !== undefined) return vendor.exhausted === true;
  return status === UNPAID || EXHAUSTED.has(code) || EXHAUSTED.has(type);
}

const TOO_LONG_CODES = new Set([
  'context_length_exceeded',
  'context_window_exceeded',
  'exceed_context_size_error',
  'too_many_prompt_tokens',
  'model_max_prompt_tokens_exceeded',
]);
const TOO_LONG =
  /maximum context length|context length is only|context (size|window|length)|prompt is too long|input is too long|too many (prompt |input )?tokens|total length of all messages/i;

function meansTooLong(message: string): boolean {
  return TOO_LONG.test(message) || VENDORS_TOO_LONG.test(message);
}

function codeFor(status: number, reason: UpstreamReason, message: string): ErrorCode {
  const isTooLong =
    TOO_LONG_CODES.has(reason.code ?? '') || TOO_LONG_CODES.has(reason.type ?? '') || meansTooLong(message);
  if (isTooLong && (status === 400 || status === 413 || status === 422)) return 'context_too_long';
  if (status >= 500 && /overloaded/i.test(`${reason.type} ${reason.code} ${message}`)) {
    return 'upstream_overloaded';
  }
  if (status === FLEX_FULL) return 'upstream_overloaded';
  return codeOfStatus(status);
}

/** The HTTP status that an error within HTTP 200 would have had, derived from its code, type or message. */
function statusOf({ code = '', type = '' }: UpstreamReason, message: string): number {
  const named = `${code} ${type}`;
  if (/rate_limit|insufficient_quota|usage_limit|too_many_requests/i.test(named)) return 429;
  if (/overloaded|slow_down|unavailable/i.test(named)) return 503;
  if (/authentication|invalid_api_key/i.test(named)) return 401;
  if (/permission/i.test(named)) return 403;
  if (/not_found/i.test(named)) return 404;
  if (
    /context_(length|window)|invalid_|_image|image_(file_)?(too|parse)|bad_?request|_policy|_mismatch/i.test(
      named,
    )
  ) {
    return 400;
  }
  // In a stream, LM Studio reports a prompt that is too long without code or type.
  return meansTooLong(message) ? 400 : 500;
}

function readStated(value: JsonValue): Stated {
  if (typeof value === 'string') return value === '' ? { reason: {} } : { message: value, reason: {} };
  if (Array.isArray(value)) return readStated(value[0] ?? '');
  if (!isObject(value)) return { reason: {} };
  const base = hasError(value.error) ? undefined : baseRespIn(value);
  if (base !== undefined) {
    const { code, message, meaning } = base;
    return { message, reason: { code }, ...(meaning !== undefined && { vendor: meaning }) };
  }
  const nested = value.error ?? asArray(value.errors)?.[0];
  if (isObject(nested)) return readFields(nested);
  const words = typeof nested === 'string' ? nested : asString(asArray(nested)?.[0]);
  return words === undefined ? readFields(value) : { ...readFields(value), message: words };
}

function readFields(error: JsonObject): Stated {
  const reason: UpstreamReason = {};
  const type = asString(error.type) ?? asString(error.error_type) ?? asString(error.status);
  const param = asString(error.param);
  // The event's type, where the event itself is the error.
  if (type && type !== 'error') reason.type = type;
  if (param) reason.param = param;
  const stated: Stated = { reason };
  const { status_code, statusCode, http_status_code } = error;
  for (const candidate of [status_code, statusCode, http_status_code, error.status, error.code]) {
    const status = httpStatus(candidate);
    if (status !== undefined) stated.status ??= status;
    // Numbers outside of HTTP's range are the vendor's own codes.
    else if (candidate === error.code && (typeof candidate === 'string' || typeof candidate === 'number')) {
      if (candidate !== '') reason.code = String(candidate);
    }
  }
  const message = readMessage(error);
  if (message) stated.message = message;
  const seconds = asNumber(error.resets_in_seconds);
  if (seconds !== undefined && seconds >= 0) stated.retryAfterMs = seconds * 1000;
  // "Rate limit reached for … Please try again in 1m30.5s."
  const delayMs = durationMs(/try again in ((?:\d+(?:\.\d+)?(?:h|ms|m|s))+)\b/i.exec(message ?? '')?.[1]);
  if (delayMs !== undefined) stated.retryAfterMs ??= delayMs;
  return stated;
}

function httpStatus(value: JsonValue | undefined): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value;
  const is = typeof number === 'number' && Number.isInteger(number) && number >= 400 && number < 600;
  return is ? number : undefined;
}

function readMessage(error: JsonObject): string | undefined {
  const message =
    asString(error.message) ||
    asString(error.msg) ||
    detailText(error.detail) ||
    detailText(asObject(error.message)?.detail);
  // OpenRouter's own message is "Provider returned error", with the provider's beside it.
  const metadata = asObject(error.metadata);
  const raw = asString(metadata?.raw) || (isObject(metadata?.raw) ? JSON.stringify(metadata.raw) : undefined);
  if (raw === undefined || raw === '') return message;
  return message === undefined ? raw : `${message}: ${raw}`;
}

/** Leaves out the request's id, which is sent in a header. */
export function buildError(error: GatewayError): JsonObject {
  return errorWith(clientMessage(error), error);
}

export function errorWith(message: string, error: GatewayError): JsonObject {
  return {
    error: {
      message,
      type: errorType(error),
      param: error.reason?.param ?? null,
      code: codeOf(error),
    },
  };
}

/**
 * LangChain for JavaScript and LiteLLM, whose Router then continues with another model, ignore codes: they recognize a prompt that is too
 * long by words, LiteLLM not by those of OpenAI's Responses. https://docs.litellm.ai/docs/exception_mapping
 */
const TOO_LONG_WORDS = /this model's maximum context length is/i;

/** The message. For a prompt that is too long, it begins with the words of OpenAI's Chat Completions. */
export function clientMessage({ code, message }: GatewayError): string {
  if (code !== 'context_too_long' || TOO_LONG_WORDS.test(message)) return message;
  return `This model's maximum context length is exceeded: your input exceeds the context window of this model; ${message}`;
}

/**
 * OpenAI's code, where it decides what clients do: by it Codex reports that a conversation is too long, and does not retry for a model that
 * the provider does not have. Otherwise the provider's own code if there is one, else the gateway's.
 */
function codeOf(error: GatewayError): string {
  const { code, status, message, reason } = error;
  if (code === 'context_too_long') return 'context_length_exceeded';
  if (code === 'budget_exceeded' || isUnpaid(error)) return 'insufficient_quota';
  if (reason?.code !== undefined) return reason.code;
  return code === 'upstream_rejected' && status === 404 && /\bmodels?\b/i.test(message)
    ? 'model_not_found'
    : code;
}

/** Whether the provider's account has no credit, or no allowance that is known to return: OpenAI's clients have one code for both. */
export function isUnpaid({ code, exhausted, retryAfterMs }: GatewayError): boolean {
  const isProviders = code === 'upstream_unauthorized' || code === 'upstream_rate_limited';
  return isProviders && exhausted === true && retryAfterMs === undefined;
}

export function errorType(error: GatewayError): string {
  if (codeOf(error) === 'insufficient_quota') return 'insufficient_quota';
  switch (error.status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 429:
      return 'rate_limit_error';
    default:
      return error.status < 500 ? 'invalid_request_error' : 'server_error';
  }
}
