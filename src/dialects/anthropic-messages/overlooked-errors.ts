// Clients that take a stream that ends in an error for a complete answer.
import type { HeaderReader } from '../../model/headers.ts';
import type { OverlookedErrors } from '../dialect.ts';
import { isNamelessReqwest } from '../shared/reqwest.ts';

/**
 * goose (1.34) ignores events of a type that it does not expect, including errors: it says nothing, and waits for the user as after an
 * answer. It sends its session's id, but not its name.
 * https://github.com/block/goose/blob/main/crates/goose/src/providers/formats/anthropic.rs
 */
export function overlooksErrors(headers: HeaderReader): OverlookedErrors | undefined {
  const isGoose = headers.has('agent-session-id') && !headers.has('user-agent');
  return isGoose || isNamelessReqwest(headers) ? 'all' : undefined;
}
