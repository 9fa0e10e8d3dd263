// Clients that take a stream which ends in an error for a whole answer.
import type { HeaderReader } from '../../model/headers.ts';
import type { OverlookedErrors } from '../dialect.ts';
import { isNamelessReqwest } from '../shared/reqwest.ts';

/**
 * goose (1.34) passes over events of a type that it does not expect, an error's among them: it says nothing, and waits for the person
 * as after an answer. It names its session, and not itself.
 * https://github.com/block/goose/blob/main/crates/goose/src/providers/formats/anthropic.rs
 */
export function overlooksErrors(headers: HeaderReader): OverlookedErrors | undefined {
  const isGoose = headers.has('agent-session-id') && !headers.has('user-agent');
  return isGoose || isNamelessReqwest(headers) ? 'all' : undefined;
}
