// Tells clients whether and when to retry, in the headers that SDKs read: all read `retry-after`; those of Anthropic and OpenAI prefer
// `retry-after-ms` and `x-should-retry`.
import type { GatewayError } from '../../model/errors.ts';
import type { AnswerHeaders } from '../../upstream/headers.ts';

/** Sets the headers that the upstream did not send, and replaces those that ask for a shorter wait than the upstream's words. */
export function setRetryHeaders(
  headers: AnswerHeaders,
  { code, retryAfterMs, isUsedUp, lasting }: GatewayError,
  status: number,
): void {
  const add = (name: string, value: string) => {
    headers[name] ??= value;
  };
  if (retryAfterMs !== undefined) {
    removeShorter(headers, retryAfterMs);
    const given = headers['retry-after'];
    // `retry-after` has whole seconds only, and a date depends on a clock that may differ from the client's.
    if (given === undefined ? retryAfterMs % 1_000 !== 0 : /^\s*\D/.test(given))
      add('retry-after-ms', String(Math.ceil(retryAfterMs)));
    add('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
    if (isUsedUp) add('x-should-retry', 'false');
  } else if (status === 429) {
    // A used-up quota returns after hours, if at all, but SDKs would retry at once.
    if (isUsedUp) add('x-should-retry', 'false');
    else add('retry-after', '1');
  } else if (code === 'unauthenticated' || (status === 401 && lasting)) {
    // Claude Code would retry for minutes, as if its login had merely expired. Even so, it sends a newer key of its own when it has one.
    add('x-should-retry', 'false');
  }
}

const UNIT_MS = { 'retry-after': 1_000, 'retry-after-ms': 1 };

/** The gateway sets the key aside for as long as the upstream's words say, and would refuse a client that came back sooner. */
function removeShorter(headers: AnswerHeaders, retryAfterMs: number): void {
  for (const [name, unitMs] of Object.entries(UNIT_MS)) {
    // A date is not a number, and stays.
    if (Number(headers[name]) * unitMs < retryAfterMs) delete headers[name];
  }
}
