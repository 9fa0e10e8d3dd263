// Whether and when a client should ask again, in the headers that SDKs read: `retry-after` all of them,
// `retry-after-ms` and `x-should-retry` those of Anthropic and OpenAI, before anything else.
import type { GatewayError } from '../../model/errors.ts';
import type { AnswerHeaders } from '../../upstream/headers.ts';

/** Where a wait is longer, SDKs ask again after a moment of their own. */
const LONGEST_HEEDED_MS = 60_000;

/** What the upstream itself said stays as it is. */
export function setRetryHeaders(
  headers: AnswerHeaders,
  { code, retryAfterMs, exhausted, lasting }: GatewayError,
  status: number,
): void {
  const add = (name: string, value: string) => {
    headers[name] ??= value;
  };
  if (retryAfterMs !== undefined) {
    const said = headers['retry-after'];
    // Whole seconds are all that the first can say, and a date goes by a clock that may not be the client's.
    if (said === undefined ? retryAfterMs % 1_000 !== 0 : /^\s*\D/.test(said))
      add('retry-after-ms', String(Math.ceil(retryAfterMs)));
    add('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
    if (exhausted && retryAfterMs > LONGEST_HEEDED_MS) add('x-should-retry', 'false');
  } else if (status === 429) {
    // A quota that is used up comes back in hours, if at all: SDKs would ask again at once.
    if (exhausted) add('x-should-retry', 'false');
    else add('retry-after', '1');
  } else if (code === 'unauthenticated' || (status === 401 && lasting)) {
    // Claude Code tries for minutes, as if its login had only run out. A newer key of its own it sends all the same.
    add('x-should-retry', 'false');
  }
}
