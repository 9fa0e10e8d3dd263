// What Ollama's errors mean: `{"error": "…"}`, as a body or as a line of a stream.
import { type ErrorCode, GatewayError } from '../../model/errors.ts';
import { asNumber, asObject, asString, type JsonObject } from '../../model/json/json.ts';
import { parseErrorBody } from '../shared/answer-list.ts';
import {
  codeOfStatus,
  failureText,
  ownStatus,
  pageInstead,
  UNPAID,
} from '../shared/failures/failure-status.ts';
import { serverWords } from '../shared/failures/server-words.ts';
import type { UpstreamFailure } from '../dialect.ts';

export function parseError({ status, body }: UpstreamFailure): GatewayError {
  const trimmed = body.trim();
  if (trimmed.startsWith('<')) return toError(status, pageInstead(trimmed));
  const stated = parseErrorBody(trimmed);
  return toError(status, stated === undefined ? trimmed : (messageOf(stated) ?? serverWords(stated) ?? ''));
}

/** Whether Ollama's clients can read the body of a failure as it is: its error is a string. */
export function isOwnFailure({ error }: JsonObject): boolean {
  return typeof error === 'string';
}

/** The error in a body or line that came with HTTP 200. */
export function errorInBody(body: JsonObject): GatewayError | undefined {
  const message = messageOf(body);
  return message === undefined ? undefined : toError(statusIn(body), message);
}

/** The status of a model that runs elsewhere, as the server received it. */
function statusIn({ StatusCode, status, error }: JsonObject): number | undefined {
  const named = [StatusCode, status, asObject(error)?.code].map((value) => asNumber(value) ?? 0);
  return named.find((value) => Number.isInteger(value) && value >= 400 && value < 600);
}

function messageOf({ error }: JsonObject): string | undefined {
  return asString(error) ?? asString(asObject(error)?.message);
}

function toError(status: number | undefined, message: string): GatewayError {
  const code = codeFor(status ?? 500, message);
  return new GatewayError(code, failureText(status, undefined, message), {
    ...(status !== undefined && ownStatus(code, status)),
    ...(status === UNPAID && { exhausted: true }),
  });
}

const TOO_LONG = /context (length|window|size)|input (length )?exceeds|prompt (is )?too long/i;

function codeFor(status: number, message: string): ErrorCode {
  if (TOO_LONG.test(message)) return 'context_too_long';
  const code = codeOfStatus(status);
  if (code === 'upstream_unauthorized' || code === 'upstream_rate_limited') return code;
  return /server busy/i.test(message) ? 'upstream_overloaded' : code;
}

/** The body, or a line of a stream, where the status tells the kind of error. */
export function buildError(error: GatewayError): JsonObject {
  return { error: error.message, status: statusOf(error) };
}

/** A server that is too busy answers 503. */
export function statusOf({ status }: GatewayError): number {
  return status === 529 ? 503 : status;
}
