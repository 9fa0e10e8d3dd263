// When to ask again, for errors that came with HTTP 200: they have their hint where others have it (GUARANTEES 1, 3).
import { GatewayError } from '../model/errors.ts';
import { findRetryHint } from '../upstream/retry-after.ts';
import type { UpstreamAnswer } from '../upstream/transport.ts';

/**
 * The error with what its answer says of when to ask again, where it does not know already.
 * @param body the answer's text, '' where that is not at hand.
 * @param now Unix milliseconds.
 */
export function withHintBeside(
  thrown: unknown,
  { headers }: Pick<UpstreamAnswer, 'headers'>,
  body: string,
  now: number,
): unknown {
  return thrown instanceof GatewayError ? withHint(thrown, { headers }, body, now) : thrown;
}

/** The same of what is known to be an error. */
export function withHint(
  error: GatewayError,
  { headers }: Pick<UpstreamAnswer, 'headers'>,
  body: string,
  now: number,
): GatewayError {
  if (error.retryAfterMs !== undefined || error.rule.blame !== 'provider') return error;
  const retryAfterMs = findRetryHint({ headers, body }, error.code === 'upstream_rate_limited', now);
  return retryAfterMs === undefined ? error : error.with(error.message, { retryAfterMs });
}
