// The name of a model as a segment of a path.
import { GatewayError } from '../../model/errors.ts';

/** Servers may follow `..` even when it is encoded; half of a surrogate pair cannot be encoded. */
const LEADS_AWAY = /(^|[/\\])\.{1,2}([/\\]|$)|\p{Cs}/u;

/** The name fully encoded, so that it cannot lead to another path. Throws `invalid_request` for one that might. */
export function modelInPath(model: string): string {
  if (LEADS_AWAY.test(model)) {
    const remedy = 'write it without . or .. between slashes, in whole characters';
    throw new GatewayError(
      'invalid_request',
      `model: ${JSON.stringify(model)} cannot be part of a URL; ${remedy}`,
    );
  }
  return encodeURIComponent(model);
}
