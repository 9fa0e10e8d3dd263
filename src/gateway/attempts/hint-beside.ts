// When to ask again, for errors that came with HTTP 200: they have their hint where others have it (GUARANTEES 1, 3).
import { GatewayError } from '../../model/errors.ts';
import { HeaderList } from '../../model/header-list.ts';
import { findRetryHint } from '../../upstream/retry-after.ts';
import type { UpstreamAnswer } from '../../upstream/transport.ts';
import { LONGEST_ERROR, type Observation } from '../record/observer.ts';

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

const NO_HEADERS = new HeaderList();

/**
 * The error that the stream's newest event told behind content, with what that event says of when to ask again; null where there is
 * none, or nothing is said that is not known. Before any content, whoever waits for it looks at all of the answer.
 * @param now Unix milliseconds.
 */
export function hintedError(seen: Observation, data: string, now: () => number): GatewayError | null {
  const { error, firstContentAt } = seen;
  if (error === null || firstContentAt === null || data.length > LONGEST_ERROR) return null;
  const hinted = withHint(error, { headers: NO_HEADERS }, data, now());
  return hinted === error ? null : hinted;
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
