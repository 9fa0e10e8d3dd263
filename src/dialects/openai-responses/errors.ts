// Errors in forms of this dialect's own: in a body of HTTP 200, and in a response that fails while it streams. What an error means is in
// ../openai/errors.ts.
import { inSeconds } from '../../model/duration.ts';
import type { ErrorCode, GatewayError } from '../../model/errors.ts';
import type { Finish } from '../../model/finish.ts';
import type { JsonObject } from '../../model/json/json.ts';
import {
  errorWith,
  failureIn,
  errorOf,
  clientMessage as wordsOf,
  hasError,
  isUnpaid,
} from '../openai/errors.ts';

/** The error in a body, or in a stream's event; `error: null` is none. */
export function errorInBody(body: JsonObject): GatewayError | undefined {
  if (hasError(body.error)) return errorOf(body);
  if (body.status !== 'failed' && body.status !== 'cancelled') return failureIn(body);
  return errorOf({ message: `the response ended as ${body.status}` });
}

const STREAM_CODES: Partial<Record<ErrorCode, string>> = {
  context_too_long: 'context_length_exceeded',
  upstream_rate_limited: 'rate_limit_exceeded',
  rate_limited: 'rate_limit_exceeded',
  budget_exceeded: 'insufficient_quota',
  invalid_request: 'invalid_prompt',
  unsupported_feature: 'invalid_prompt',
  upstream_rejected: 'invalid_prompt',
  // The prompt is not at fault, but asking again would meet the same failure.
  upstream_unauthorized: 'invalid_prompt',
  transformer_failed: 'invalid_prompt',
  cancelled: 'invalid_prompt',
};

/**
 * The code of a failure within a stream. Clients know a few codes, by which they decide whether to retry; any other means to them "the
 * server failed, retry".
 * @param isCodex Codex shows the message of `invalid_prompt`; of `insufficient_quota` it says that the user's plan is used up.
 */
export function streamErrorCode(error: GatewayError, isCodex = false): string {
  if (isCodex && error.isUsedUp) return 'invalid_prompt';
  if (error.reason?.code === 'insufficient_quota' || error.isUsedUp || isUnpaid(error))
    return 'insufficient_quota';
  return STREAM_CODES[error.code] ?? 'server_error';
}

/**
 * The `error` of a response whose answer the model or a filter refused, with OpenAI's code for prompts that its filter refuses: clients
 * show the message and do not ask again.
 */
export function refusedAnswer({ raw }: Finish): JsonObject {
  const named = raw === null ? '' : ` (${raw})`;
  return {
    code: 'invalid_prompt',
    message: `The model, or a filter of its provider, refused to answer${named}.`,
  };
}

/** OpenAI's own words here for a prompt that is too long. */
const OWN_WORDS = /exceeds the context window of this model/i;

export function clientMessage(error: GatewayError): string {
  return OWN_WORDS.test(error.message) ? error.message : wordsOf(error);
}

export function buildError(error: GatewayError): JsonObject {
  return errorWith(clientMessage(error), error);
}

/** The form in which Codex reads how long to wait, since there is no field for it. */
const WAIT = /try again in\s*\d+(?:\.\d+)?\s*(?:s|ms)/i;

/** Begins where dots or blanks begin: otherwise a long row of them would be read once for each. */
const ENDING = /(?<![.\s])[.\s]+$/;

/** The message of a failure within a stream, with how long to wait, if known. */
export function withWait(error: GatewayError): string {
  const { retryAfterMs } = error;
  const message = clientMessage(error);
  if (retryAfterMs === undefined || WAIT.test(message)) return message;
  if (streamErrorCode(error) !== 'rate_limit_exceeded') return message;
  return `${message.replace(ENDING, '')}. Please try again in ${inSeconds(retryAfterMs)}.`;
}
