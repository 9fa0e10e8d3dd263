// What Ollama's errors mean: `{"error": "…"}`, as a body or as a line of a stream.
import { type ErrorCode, GatewayError } from '../../model/errors.ts';
import { asNumber, asObject, asString, type JsonObject } from '../../model/json/json.ts';
import { parseErrorBody } from '../shared/answer-list.ts';
import type { UpstreamFailure } from '../dialect.ts';

export function parseError({ status, body }: UpstreamFailure): GatewayError {
  const trimmed = body.trim();
  const stated = parseErrorBody(trimmed);
  const message = stated === undefined ? trimmed : (messageOf(stated) ?? '');
  if (trimmed.startsWith('<')) {
    return toError(status, 'an HTML page instead of JSON: check its base_url');
  }
  return toError(status, message);
}

/** The error in a body or line that came with HTTP 200. */
export function errorInBody(body: JsonObject): GatewayError | undefined {
  const message = messageOf(body);
  return message === undefined ? undefined : toError(statusIn(body), message);
}

/** That of a model that runs elsewhere, as the server has it from there. */
function statusIn({ StatusCode, status, error }: JsonObject): number | undefined {
  const named = [StatusCode, status, asObject(error)?.code].map((value) => asNumber(value) ?? 0);
  return named.find((value) => Number.isInteger(value) && value >= 400 && value < 600);
}

function messageOf({ error }: JsonObject): string | undefined {
  return asString(error) ?? asString(asObject(error)?.message);
}

function toError(status: number | undefined, message: string): GatewayError {
  const code = codeFor(status ?? 500, message);
  const said = status === undefined ? 'the provider reported an error' : `the provider answered ${status}`;
  return new GatewayError(code, `${said}: ${message || 'it gave no reason'}`, {
    ...(status !== undefined && keepsStatus(code, status) && { status }),
    ...(status === UNPAID && { exhausted: true }),
  });
}

/** What an account or its plan may use is used up. */
const UNPAID = 402;

/** Where the server's own status tells the client more than the code's. */
function keepsStatus(code: ErrorCode, status: number): boolean {
  if (code === 'upstream_overloaded') return status === 503;
  return code === 'upstream_rejected' || code === 'upstream_unauthorized' || code === 'upstream_rate_limited';
}

const TOO_LONG = /context (length|window|size)|input (length )?exceeds|prompt (is )?too long/i;

function codeFor(status: number, message: string): ErrorCode {
  if (TOO_LONG.test(message)) return 'context_too_long';
  if (status === 401 || status === UNPAID || status === 403) return 'upstream_unauthorized';
  if (status === 429) return 'upstream_rate_limited';
  if (status === 503 || status === 529 || /server busy/i.test(message)) return 'upstream_overloaded';
  if (status === 408 || status === 409) return 'upstream_failed';
  return status >= 400 && status < 500 ? 'upstream_rejected' : 'upstream_failed';
}
