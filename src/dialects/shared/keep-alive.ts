// Events by which servers, and proxies in front of a model, keep a connection open, in any dialect.
import type { SseEvent } from '../../sse/event.ts';
import type { ClientTraits } from '../dialect.ts';

const NAME = /^(?:ping|keep-?alive|heartbeat)$/;
const TYPE = /"type"\s*:\s*"(?:ping|keep-?alive|heartbeat)"/;

/** In UTF-16 units: a keep-alive without an event name has at most a number beside its type. */
const LONGEST = 96;

/** The comment that keeps a client waiting. Without a blank line it becomes part of the next event, before its own lines. */
export function commentFor({ failsAtEmptyEvents }: ClientTraits): string {
  return failsAtEmptyEvents === true ? ': ping\n' : ': ping\n\n';
}

export function isKeepAlive({ event, data }: SseEvent): boolean {
  return event === '' ? data.length <= LONGEST && TYPE.test(data) : NAME.test(event);
}
