// How long a provider asks to wait, from its response headers or the body of its error.
// https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
import { asArray, asObject, asString, isObject, type JsonObject } from '../model/json.ts';

/**
 * Milliseconds to wait, undefined where the headers do not say. `retry-after-ms` is the most exact and wins;
 * `retry-after` is seconds or an HTTP date, which counts from the response's own `date` so that clocks that
 * differ do no harm.
 * @param now Unix milliseconds, for a date without a `date` header beside it.
 */
export function parseRetryAfter(headers: Headers, now: number): number | undefined {
  const exact = parseNumber(headers.get('retry-after-ms'));
  if (exact !== undefined) return exact;
  const value = headers.get('retry-after');
  const seconds = parseNumber(value);
  if (seconds !== undefined) return Math.ceil(seconds * 1_000);
  const until = parseDate(value);
  if (until === undefined) return undefined;
  return Math.max(0, until - (parseDate(headers.get('date')) ?? now));
}

function parseNumber(value: string | null): number | undefined {
  return value !== null && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

function parseDate(value: string | null): number | undefined {
  // `Date.parse` takes almost anything; an HTTP date names its day and zone.
  if (value === null || !/^[A-Za-z]{3,9}, .*GMT$/.test(value.trim())) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Milliseconds to wait from a `google.rpc.RetryInfo` among an error's details, undefined where there is none.
 * https://cloud.google.com/apis/design/errors#error_details
 */
export function parseRetryInfo(body: string): number | undefined {
  if (!body.includes('RetryInfo')) return undefined;
  for (const detail of asArray(errorOf(body)?.details) ?? []) {
    const fields = asObject(detail);
    if (asString(fields?.['@type'])?.endsWith('google.rpc.RetryInfo') !== true) continue;
    // A protobuf Duration in JSON: seconds with up to nine decimals.
    const seconds = /^(\d+(?:\.\d+)?)s$/.exec(asString(fields?.retryDelay) ?? '')?.[1];
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1_000);
  }
  return undefined;
}

/** The error object of a body, which some servers wrap in a list of one. */
function errorOf(body: string): JsonObject | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const whole: unknown = Array.isArray(value) ? value[0] : value;
  return isObject(whole) ? asObject(whole.error) : undefined;
}
