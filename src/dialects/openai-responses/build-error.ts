// GatewayError → OpenAI's error body. https://platform.openai.com/docs/guides/error-codes/api-errors
import type { ErrorCode, GatewayError } from '../../model/errors.ts';
import type { JsonObject } from '../../model/json.ts';

/** `code` is the provider's own where it gave one, else the gateway's. The request id travels in a header. */
export function buildError(error: GatewayError): JsonObject {
  return {
    error: {
      message: error.message,
      type: errorType(error),
      param: error.reason?.param ?? null,
      code: error.reason?.code ?? error.code,
    },
  };
}

export function errorType(error: GatewayError): string {
  if (error.reason?.code === 'insufficient_quota') return 'insufficient_quota';
  switch (error.status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 429:
      return 'rate_limit_error';
    default:
      return error.status < 500 ? 'invalid_request_error' : 'server_error';
  }
}

const STREAM_CODES: Partial<Record<ErrorCode, string>> = {
  context_too_long: 'context_length_exceeded',
  upstream_rate_limited: 'rate_limit_exceeded',
  rate_limited: 'rate_limit_exceeded',
  budget_exceeded: 'insufficient_quota',
  invalid_request: 'invalid_prompt',
  unsupported_feature: 'invalid_prompt',
  upstream_rejected: 'invalid_prompt',
};

/**
 * The code of a failure inside a stream. Clients know a handful, and decide by them whether to ask again: any
 * other than these means "the server failed, ask again".
 */
export function streamErrorCode(error: GatewayError): string {
  if (error.reason?.code === 'insufficient_quota') return 'insufficient_quota';
  return STREAM_CODES[error.code] ?? 'server_error';
}
