// What the exceptions of Amazon Bedrock mean, as the status of an answer or as a message of a stream.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html#API_runtime_ConverseStream_Errors
import { type ErrorCode, GatewayError } from '../../model/errors.ts';
import { asObject, asString, type JsonObject, parseObject } from '../../model/json/json.ts';
import { table } from '../../model/table.ts';
import { parseErrorBody } from '../shared/answer-list.ts';
import { withoutNulls } from '../shared/own-fields.ts';
import { codeOfStatus, failureText, pageInstead } from '../shared/failures/failure-status.ts';
import type { UpstreamFailure } from '../dialect.ts';

/** The prefix of the names of events that are exceptions. */
export const EXCEPTION = 'exception:';

/** The status that each exception in a stream has as an answer. Names are in PascalCase there, and in camelCase here. */
const STATUS_OF: Record<string, number> = table({
  accessDeniedException: 403,
  internalServerException: 500,
  modelErrorException: 424,
  modelNotReadyException: 429,
  modelStreamErrorException: 424,
  modelTimeoutException: 408,
  resourceNotFoundException: 404,
  serviceQuotaExceededException: 400,
  serviceUnavailableException: 503,
  throttlingException: 429,
  validationException: 400,
});

const CODE_OF: Record<string, ErrorCode> = table({
  modelNotReadyException: 'upstream_overloaded',
  // The quota of an account: another target may help.
  serviceQuotaExceededException: 'upstream_rate_limited',
  throttlingException: 'upstream_rate_limited',
});

/** Reads an answer that is not a 2xx: a header names the exception, and the body has its message. */
export function parseError({ status, headers, body }: UpstreamFailure): GatewayError {
  const stated = parseErrorBody(body);
  const named = headers.get('x-amzn-errortype') ?? asString(stated?.__type) ?? '';
  const message = stated === undefined ? body.trim() : messageOf(stated);
  return toError(status, named, message.startsWith('<') ? pageInstead(message) : message);
}

/** Whether Amazon's SDKs find the message in a failure's body; proxies in front of the service put it elsewhere. */
export function isOwnFailure(body: JsonObject): boolean {
  return messageOf(body) !== '';
}

/** The error in a body that came with HTTP 200. */
export function errorInBody(body: JsonObject): GatewayError | undefined {
  const type = asString(body.__type) ?? asString(asObject(body.Output)?.__type);
  if (type !== undefined) return toError(undefined, type, messageOf(body));
  // What stands in front of the service sends a message without a name.
  const isAllWords = messageOf(body) !== '' && Object.keys(withoutNulls(body)).length === 1;
  return isAllWords ? toError(undefined, '', messageOf(body)) : undefined;
}

/** An exception that came as a message of a stream. */
export function parseException(event: string, data: string): GatewayError {
  const stated = parseObject(data);
  return toError(undefined, event.slice(EXCEPTION.length), stated === undefined ? data : messageOf(stated));
}

function messageOf(body: JsonObject): string {
  return asString(body.message) ?? asString(body.Message) ?? asString(body.originalMessage) ?? '';
}

function toError(httpStatus: number | undefined, named: string, message: string): GatewayError {
  const name = bareName(named);
  const status = httpStatus ?? STATUS_OF[name] ?? 500;
  const code = CODE_OF[name] ?? codeFor(status, name, message);
  const type = name === '' ? undefined : `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return new GatewayError(code, failureText(httpStatus, type, message), {
    ...ownStatus(code, status),
    ...(BAD_CREDENTIALS.test(name) && { badCredentials: true }),
    ...(code === 'upstream_rate_limited' && USED_UP.test(message) && { exhausted: 'model' as const }),
    ...(name === '' ? {} : { reason: { type: name } }),
  });
}

/**
 * What signed the request has expired or is unknown, or the signature does not match the time or the request.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
 */
const BAD_CREDENTIALS =
  /^(expiredToken|unrecognizedClient|invalidClientTokenId|invalidSignature|signatureDoesNotMatch|requestExpired|requestTimeTooSkewed)(Exception)?$/;

/** The daily quota, which each model has for itself. https://github.com/Ivy-Interactive/Ivy-Tendril/issues/1756 */
const USED_UP = /too many tokens per day/i;

/** `com.amazon.coral#ThrottlingException:http://…` → `throttlingException`. */
function bareName(named: string): string {
  const name = named.replace(/:.*$/, '').replace(/^.*#/, '').trim();
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** How Amazon's clients are told of an error. */
interface Exception {
  name: string;
  status: number;
  /** Its name in a stream, where there are fewer. */
  inStream: string;
}

const INVALID = { name: 'ValidationException', inStream: 'validationException' };
const DENIED: Exception = { ...INVALID, name: 'AccessDeniedException', status: 403 };
const TIMEOUT: Exception = {
  name: 'ModelTimeoutException',
  status: 408,
  inStream: 'modelTimeoutException',
};
const UNAVAILABLE: Exception = {
  name: 'ServiceUnavailableException',
  status: 503,
  inStream: 'serviceUnavailableException',
};

const EXCEPTION_OF = new Map<number, Exception>([
  [401, DENIED],
  [402, DENIED],
  [403, DENIED],
  [404, { ...INVALID, name: 'ResourceNotFoundException', status: 404 }],
  [408, TIMEOUT],
  [429, { name: 'ThrottlingException', status: 429, inStream: 'throttlingException' }],
  [503, UNAVAILABLE],
  [504, TIMEOUT],
  [529, UNAVAILABLE],
]);

/** Chosen by the status that other clients get. */
export function exceptionOf(status: number): Exception {
  const known = EXCEPTION_OF.get(status);
  if (known !== undefined) return known;
  return status < 500
    ? { ...INVALID, status }
    : { name: 'InternalServerException', status: 500, inStream: 'modelStreamErrorException' };
}

const TOO_LONG =
  /input is too long|input tokens exceeded|too many input tokens|prompt is too long|maximum (context|model) length|context (length|window)|exceeds the (maximum|limit).*tokens/i;

function codeFor(status: number, name: string, message: string): ErrorCode {
  if (status === 400 && TOO_LONG.test(message)) return 'context_too_long';
  // A failed model is not the request's fault.
  if (status === 424) return 'upstream_failed';
  // Before the status, since in a stream they come with any.
  if (BAD_CREDENTIALS.test(name)) return 'upstream_unauthorized';
  return codeOfStatus(status);
}

/** The provider's own status, if it tells the client more than that of the code. */
function ownStatus(code: ErrorCode, status: number): { status?: number } {
  switch (code) {
    case 'upstream_rejected':
    case 'upstream_unauthorized':
      return status >= 400 && status < 500 ? { status } : {};
    case 'upstream_overloaded':
      return status === 503 ? { status } : {};
    default:
      return {};
  }
}
