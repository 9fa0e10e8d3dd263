// The name of a model as a segment of a path.
import { GatewayError } from '../../../model/errors.ts';

/**
 * Servers may follow `..` even when it is encoded, some even when it is encoded twice or followed by a parameter. Half of a surrogate pair
 * cannot be encoded.
 */
const LEADS_AWAY = /(^|[/\\]|%(25)*(2f|5c))(\.|%(25)*2e){1,2}([/\\;]|%(25)*(2f|5c|3b)|$)|\p{Cs}/iu;

/** The name, fully encoded so that it cannot lead to another path. Throws `invalid_request` for one that might. */
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
