// How long a provider asks to wait, from its response headers or the body of its error.
// https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
import { durationMs } from '../model/duration.ts';
import { isDailyQuota } from '../dialects/shared/failures/google-quota.ts';
import type { HeaderReader } from '../model/headers.ts';
import { asArray, asObject, asString, isObject, type JsonObject } from '../model/json/json.ts';

/**
 * Milliseconds until the provider may be asked again, by whatever means its failure says so; undefined if it does not. `isLimit`: it failed
 * because of a limit, so that the limits that it states are the reason.
 * @param now Unix milliseconds.
 */
export function findRetryHint(
  { headers, body }: { headers: HeaderReader; body: string },
  isLimit: boolean,
  now: number,
): number | undefined {
  return (
    parseRetryAfter(headers, now) ??
    parseRetryInfo(body) ??
    parseQuotedHints(body, now) ??
    (isLimit ? parseLimitReset(headers, now) : undefined)
  );
}

/**
 * Milliseconds to wait; undefined if the headers do not say. `retry-after-ms` is the most exact and takes precedence; `retry-after` is
 * seconds or an HTTP date, which counts from the response's own `date`, so that different clocks do no harm.
 * @param now Unix milliseconds, for a date without a `date` header beside it.
 */
export function parseRetryAfter(headers: HeaderReader, now: number): number | undefined {
  const exact = parseNumber(headers.get('retry-after-ms'));
  if (exact !== undefined) return exact;
  const value = headers.get('retry-after');
  const seconds = parseNumber(value);
  if (seconds !== undefined) return Math.ceil(seconds * 1_000);
  const until = parseDate(value);
  if (until === undefined) return undefined;
  return Math.max(0, until - (parseDate(headers.get('date')) ?? now));
}

/** More seconds than any provider asks to wait: such a number is a point in time, in Unix seconds. */
const UNIX_SECONDS = 1e9;
const UNIX_MS = 1e12;

/**
 * Milliseconds until used-up limits are reset, from `x-ratelimit-reset-…`, `…-reset` and the like; undefined if no header says that nothing
 * remains. Servers use different forms: `1m19.156s`, a date, Unix seconds or milliseconds. A bare number is seconds, but milliseconds in
 * `-reset-requests` and `-reset-tokens` (both recorded).
 */
export function parseLimitReset(headers: HeaderReader, now: number): number | undefined {
  const clock = parseDate(headers.get('date')) ?? now;
  let longest: number | undefined;
  headers.forEach((value, name) => {
    const reset = /^(?:[a-z]+-)?ratelimit-(?:[a-z-]+-)?reset(-[a-z_-]+)?$/.exec(name);
    if (reset === null) return;
    const remaining = parseNumber(headers.get(name.replace('reset', 'remaining')));
    if (remaining !== 0) return;
    const ms = parseMoment(value.trim(), clock, reset[1] === undefined ? 1_000 : 1);
    if (ms !== undefined) longest = Math.max(longest ?? 0, ms);
  });
  return longest;
}

function parseMoment(value: string, clock: number, unitMs: number): number | undefined {
  const number = parseNumber(value);
  if (number !== undefined) {
    if (number >= UNIX_MS) return Math.max(0, number - clock);
    if (number >= UNIX_SECONDS) return Math.max(0, number * 1_000 - clock);
    return Math.ceil(number * unitMs);
  }
  if (/^\d{4}-\d\d-\d\dT/.test(value)) {
    const time = Date.parse(value);
    return Number.isNaN(time) ? undefined : Math.max(0, time - clock);
  }
  return durationMs(value);
}

/** The hints of the server behind an intermediary, whose headers are quoted in `error.metadata.headers`. */
export function parseQuotedHints(body: string, now: number): number | undefined {
  if (!body.includes('metadata')) return undefined;
  const quoted = asObject(asObject(errorOf(body)?.metadata)?.headers);
  const headers = new Headers();
  for (const [name, value] of Object.entries(quoted ?? {})) {
    const isHint = /^(retry-after|[a-z-]*ratelimit-[a-z_-]+)/i.test(name);
    const text = typeof value === 'number' ? String(value) : asString(value);
    if (isHint && text !== undefined && /^[\x20-\x7e]*$/.test(text)) headers.set(name, text);
  }
  return parseRetryAfter(headers, now) ?? parseLimitReset(headers, now);
}

function parseNumber(value: string | null): number | undefined {
  return value !== null && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

/** C's `asctime`, the oldest form of an HTTP date, which names no time zone. */
const ASCTIME = /^[A-Za-z]{3} [A-Za-z]{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

/** Unix milliseconds of an HTTP date. */
export function parseDate(value: string | null): number | undefined {
  const date = value?.trim() ?? '';
  // `Date.parse` accepts almost anything; an HTTP date names its day and, in the newer forms, its zone.
  if (!/^[A-Za-z]{3,9}, .*GMT$/.test(date) && !ASCTIME.test(date)) return undefined;
  const time = Date.parse(ASCTIME.test(date) ? `${date} GMT` : date);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Milliseconds to wait, from a `google.rpc.RetryInfo` among an error's details; undefined if there is none, or if it accompanies a daily
 * quota, of which it knows nothing.
 * https://cloud.google.com/apis/design/errors#error_details
 */
export function parseRetryInfo(body: string): number | undefined {
  if (!body.includes('RetryInfo')) return undefined;
  const error = errorOf(body);
  if (error === undefined || isDailyQuota(error)) return undefined;
  for (const detail of asArray(error.details) ?? []) {
    const fields = asObject(detail);
    if (asString(fields?.['@type'])?.endsWith('google.rpc.RetryInfo') !== true) continue;
    // A protobuf Duration in JSON: seconds with up to nine decimals.
    const seconds = /^(\d+(?:\.\d+)?)s$/.exec(asString(fields?.retryDelay) ?? '')?.[1];
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1_000);
  }
  return undefined;
}

/** The error object of a body or an event, which some servers put into a list. */
function errorOf(body: string): JsonObject | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const whole: unknown = Array.isArray(value) ? value[0] : value;
  if (!isObject(whole)) return undefined;
  // As Responses and OpenRouter report it in a stream.
  const [choice] = asArray(whole.choices) ?? [];
  return (
    asObject(whole.error) ?? asObject(asObject(whole.response)?.error) ?? asObject(asObject(choice)?.error)
  );
}
