// Retry hints of errors that came with HTTP 200. They stand in the same places as those of other errors (GUARANTEES 1, 3).
import { GatewayError } from '../../model/errors.ts';
import { HeaderList } from '../../model/header-list.ts';
import { findRetryHint } from '../../upstream/retry-after.ts';
import type { UpstreamAnswer } from '../../upstream/transport.ts';
import { LONGEST_ERROR, type Observation } from '../record/observer.ts';

/**
 * The error with its answer's retry hint, where it has none yet.
 * @param body the answer's text, '' where that is not available.
 * @param now Unix milliseconds.
 */
export function withHintOf(
  thrown: unknown,
  { headers }: Pick<UpstreamAnswer, 'headers'>,
  body: string,
  now: number,
): unknown {
  return thrown instanceof GatewayError ? withHint(thrown, { headers }, body, now) : thrown;
}

const NO_HEADERS = new HeaderList();

/**
 * The error that the stream's newest event reported after content, with that event's retry hint; null where there is no error, or no new
 * hint. Before any content, the code that waits for content looks at the whole answer.
 * @param now Unix milliseconds.
 */
export function hintedError(seen: Observation, data: string, now: () => number): GatewayError | null {
  const { error, firstContentAt } = seen;
  if (error === null || firstContentAt === null || data.length > LONGEST_ERROR) return null;
  const hinted = withHint(error, { headers: NO_HEADERS }, data, now());
  return hinted === error ? null : hinted;
}

/** The same for what is known to be an error. */
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
