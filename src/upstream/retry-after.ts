// How long a provider asks to wait, from its response headers.
// https://www.rfc-editor.org/rfc/rfc9110#field.retry-after

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
