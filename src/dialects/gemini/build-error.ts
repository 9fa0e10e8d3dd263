// GatewayError → Google's error body. https://cloud.google.com/apis/design/errors
import { inSeconds } from '../../model/duration.ts';
import type { GatewayError } from '../../model/errors.ts';
import type { JsonObject } from '../../model/json/json.ts';
import { ID } from './wire.ts';

const RPC = 'type.googleapis.com/google.rpc';

/** Leaves out the request's id, which is sent in a header. */
export function buildError(error: GatewayError): JsonObject {
  const code = statusOf(error);
  const details: JsonObject[] = [
    {
      '@type': `${RPC}.ErrorInfo`,
      reason: error.reason?.code ?? error.code.toUpperCase(),
      domain: 'sluice',
    },
  ];
  if (error.retryAfterMs !== undefined) {
    details.push({ '@type': `${RPC}.RetryInfo`, retryDelay: inSeconds(error.retryAfterMs) });
  }
  if (error.reason?.param !== undefined) {
    details.push({
      '@type': `${RPC}.BadRequest`,
      fieldViolations: [{ field: error.reason.param, description: error.message }],
    });
  }
  return { error: { code, message: error.message, status: nameOf(code), details } };
}

const BAD_REQUEST = 400;
const PAYMENT_REQUIRED = 402;
const TOO_MANY_REQUESTS = 429;

/**
 * Google has no 529, and its clients retry only at statuses that they know. Gemini CLI asks ten times, for minutes, after a 499, and after
 * a 429 that names neither a wait nor one of Google's daily quotas, even if the request was ended on purpose, or the account has no credit.
 * https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/utils/googleQuotaErrors.ts
 */
export function statusOf({ code, status, isUsedUp, retryAfterMs, upstream }: GatewayError): number {
  if (upstream?.dialect !== ID || !upstream.isReadable) {
    if (code === 'cancelled') return BAD_REQUEST;
    if (status === TOO_MANY_REQUESTS && isUsedUp && retryAfterMs === undefined) return PAYMENT_REQUIRED;
  }
  return status === 529 ? 503 : status;
}

const NAME_OF: ReadonlyMap<number, string> = new Map([
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [409, 'ABORTED'],
  // https://discuss.ai.google.dev/t/api-update-depleted-prepay-credits-now-return-http-402-instead-of-429/183654
  [PAYMENT_REQUIRED, 'RESOURCE_EXHAUSTED'],
  [TOO_MANY_REQUESTS, 'RESOURCE_EXHAUSTED'],
  [499, 'CANCELLED'],
  [501, 'UNIMPLEMENTED'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [408, 'DEADLINE_EXCEEDED'],
  [504, 'DEADLINE_EXCEEDED'],
]);

function nameOf(status: number): string {
  return NAME_OF.get(status) ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
}
