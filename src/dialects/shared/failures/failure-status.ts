// What a provider's failure means in every dialect by its HTTP status, if its body says nothing more specific, and how its message is
// worded.
import type { ErrorCode } from '../../../model/errors.ts';
import { type JsonValue, parseJson } from '../../../model/json/json.ts';

/** The account is empty. The request is not at fault, and another key or target may still have credit. */
export const UNPAID = 402;

export function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
    case UNPAID:
    case 403:
      return 'upstream_unauthorized';
    case 429:
      return 'upstream_rate_limited';
    case 503:
    case 529:
      return 'upstream_overloaded';
    // A timeout or a conflict is not the client's fault, and a retry may succeed.
    case 408:
    case 409:
      return 'upstream_failed';
    default:
      return status >= 400 && status < 500 ? 'upstream_rejected' : 'upstream_failed';
  }
}

/** The provider's own status if it tells the client more than the code's (CONTRACT, error table). */
export function ownStatus(code: ErrorCode, status: number): { status?: number } {
  switch (code) {
    case 'upstream_unauthorized':
    case 'upstream_rate_limited':
    case 'upstream_rejected':
      return { status };
    case 'upstream_overloaded':
      return status === 503 ? { status } : {};
    default:
      return {};
  }
}

/** The parsed body of a failure; if it is not JSON, the text itself as the message. */
export function statedIn(body: string): JsonValue {
  const trimmed = body.trim();
  if (trimmed.startsWith('<')) return pageInstead(trimmed);
  try {
    return parseJson(trimmed);
  } catch {
    return trimmed;
  }
}

/** What servers, FastAPI's and Go's among them, say of a path that they do not have. Of a missing model they say more. */
const NO_SUCH_PATH = /^(?:404:? )?(?:page |file )?not found\.?$/i;

/** Appended to the provider's own message: what to do if the path, and so the base URL, is wrong. */
export function pathRemedy(status: number | undefined, message: string): string {
  return status === 404 && NO_SUCH_PATH.test(message.trim()) ? '; check its base_url' : '';
}

/** Describes a page received instead of JSON. Its title shows who answered (a proxy, a firewall, a login); nothing else is quoted. */
export function pageInstead(body: string): string {
  const title = /<title[^<>]*>([^<]*)<\/title/i.exec(body)?.[1]?.replace(/\s+/g, ' ').trim().slice(0, 80);
  const titled = title ? ` titled "${title}"` : '';
  return `an HTML page${titled} instead of JSON; check its base_url and any proxy in between`;
}

/** A failure already worded by `failureText`, in a gateway between here and the provider, after that gateway's name of the provider. */
const TOLD = /^(?:[\w.-]+: )*the provider (?:answered \d{3}|reported an error)\b/;

/**
 * The message of a failure: what happened, and the provider's reason. Where several gateways stand in a row, only the last says it.
 * @param named the provider's own name of the failure.
 */
export function failureText(
  httpStatus: number | undefined,
  named: string | undefined,
  message: string,
): string {
  if (TOLD.test(message)) return message;
  const happened =
    httpStatus === undefined ? 'the provider reported an error' : `the provider answered ${httpStatus}`;
  return `${happened}${named === undefined ? '' : ` (${named})`}: ${message || 'it gave no reason'}`;
}
