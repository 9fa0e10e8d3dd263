// Ids of tool calls in the form that a server accepts.
import type { Quirks } from '../quirks.ts';
import { mistralCallId } from '../shared/tools/mistral-call-id.ts';
import { shorten } from '../shared/shorten.ts';

/** OpenAI refuses longer ids in the history; other dialects have no limit. */
const MAX_CALL_ID = 40;

/** The id in the form that the provider accepts, the same for a call and its result. */
export function fitCallId(id: string, { callIds }: Quirks): string {
  if (callIds === 'at-most-40') return shorten(id, MAX_CALL_ID);
  return callIds === 'exactly-9' ? mistralCallId(id) : id;
}

/** The id for a call that came without one: always the same for that call, and different in each answer of a conversation. */
export function synthesizeCallId(responseId: string | null, block: number): string {
  const tail = responseId?.replace(/[^\w-]/g, '').slice(-16);
  return tail ? `call_${block}_${tail}` : `call_${block}`;
}
