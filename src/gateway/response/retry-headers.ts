// Whether and when a client should retry, in the headers that SDKs read: all read `retry-after`; those of Anthropic and
// OpenAI prefer `retry-after-ms` and `x-should-retry`.
import type { GatewayError } from '../../model/errors.ts';
import type { AnswerHeaders } from '../../upstream/headers.ts';

/** Sets the headers that the upstream itself did not send, and those in which it sent less than its words say. */
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
    // A used-up quota returns in hours, if at all: SDKs would retry at once.
    if (isUsedUp) add('x-should-retry', 'false');
    else add('retry-after', '1');
  } else if (code === 'unauthenticated' || (status === 401 && lasting)) {
    // Claude Code retries for minutes, as if its login had merely expired. It still sends a newer key of its own.
    add('x-should-retry', 'false');
  }
}

const UNIT_MS = { 'retry-after': 1_000, 'retry-after-ms': 1 };

/** The key is set aside for as long as the words say: a client that came back sooner would be refused by the gateway. */
function removeShorter(headers: AnswerHeaders, retryAfterMs: number): void {
  for (const [name, unitMs] of Object.entries(UNIT_MS)) {
    // A date is no number, and stays.
    if (Number(headers[name]) * unitMs < retryAfterMs) delete headers[name];
  }
}
