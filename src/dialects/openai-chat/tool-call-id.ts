// Ids of tool calls in the form that a server accepts.
import { fnv1a } from '../../model/hash.ts';
import type { Quirks } from '../dialect.ts';
import { shorten } from '../shared/shorten.ts';

/** OpenAI refuses longer ids in history; other dialects have no limit. */
const MAX_CALL_ID = 40;

/** Mistral's form. https://docs.mistral.ai/capabilities/function_calling */
const EXACT_CALL_ID = /^[a-zA-Z0-9]{9}$/;

/** The id as the provider accepts it: the same for a call and its result. */
export function fitCallId(id: string, { callIds }: Quirks): string {
  if (callIds === 'at-most-40') return shorten(id, MAX_CALL_ID);
  if (callIds !== 'exactly-9' || EXACT_CALL_ID.test(id)) return id;
  // A sum of 32 bits has at most 7 digits in base 36.
  return `id${fnv1a(id).toString(36).padStart(7, '0')}`;
}

/** The id of a call that came without one: always the same for it, and different in each answer of a conversation. */
export function synthesizeCallId(responseId: string | null, block: number): string {
  const tail = responseId?.replace(/[^\w-]/g, '').slice(-16);
  return tail ? `call_${block}_${tail}` : `call_${block}`;
}
