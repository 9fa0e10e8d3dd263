// How a simulated failure says when to retry, in each of the forms that providers use.
import { isObject, type JsonObject } from '../model/json/json.ts';

export interface RetryHint {
  /**
   * `seconds` and `date` are forms of `retry-after`, `ms` is `retry-after-ms`, `info` a `google.rpc.RetryInfo`
   * in the body without any header.
   */
  form: 'seconds' | 'ms' | 'date' | 'info';
  ms: number;
}

const FORMS: Record<string, { form: RetryHint['form']; unitMs: number }> = {
  '': { form: 'seconds', unitMs: 1_000 },
  ms: { form: 'ms', unitMs: 1 },
  date: { form: 'date', unitMs: 1_000 },
  info: { form: 'info', unitMs: 1_000 },
};

/** Reads `30`, `1500ms`, `30date` or `30info`; returns undefined for any other text. */
export function parseRetryHint(text: string): RetryHint | undefined {
  const [, digits = '', word = ''] = /^(\d+)([a-z]*)$/.exec(text) ?? [];
  const form = Object.hasOwn(FORMS, word) ? FORMS[word] : undefined;
  return digits === '' || form === undefined
    ? undefined
    : { form: form.form, ms: Number(digits) * form.unitMs };
}

/** @param now Unix milliseconds. */
export function hintHeaders({ form, ms }: RetryHint, now: number): Record<string, string> {
  switch (form) {
    case 'seconds':
      return { 'retry-after': String(Math.ceil(ms / 1_000)) };
    case 'ms':
      return { 'retry-after-ms': String(ms) };
    case 'date':
      return { date: new Date(now).toUTCString(), 'retry-after': new Date(now + ms).toUTCString() };
    case 'info':
      return {};
  }
}

/** The error body, with the hint added where it belongs in the body. */
export function hintInBody(body: JsonObject, { form, ms }: RetryHint): JsonObject {
  if (form !== 'info' || !isObject(body.error)) return body;
  const details = [
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${ms / 1_000}s` },
  ] satisfies JsonObject[];
  return { ...body, error: { ...body.error, details } };
}
