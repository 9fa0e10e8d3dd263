// Ids of tool calls in the form that a server takes.
import type { Quirks } from '../dialect.ts';

/** OpenAI refuses longer ids in history; other dialects know no limit. */
const MAX_CALL_ID = 40;

/** Mistral's form. https://docs.mistral.ai/capabilities/function_calling */
const EXACT_CALL_ID = /^[a-zA-Z0-9]{9}$/;

/** The id as the provider takes it: the same for a call and its result. */
export function fitCallId(id: string, { callIds }: Quirks): string {
  if (callIds === 'at-most-40') return shortenCallId(id);
  if (callIds !== 'exactly-9' || EXACT_CALL_ID.test(id)) return id;
  // A sum of 32 bits has at most 7 digits in base 36.
  return `id${Number.parseInt(hash(id, 0x811c9dc5), 16).toString(36).padStart(7, '0')}`;
}

/** The id itself where it fits, else its beginning and a hash: the same for a call and its result. */
function shortenCallId(id: string): string {
  if (id.length <= MAX_CALL_ID) return id;
  // Two 32-bit FNV-1a sums with different starts. http://www.isthe.com/chongo/tech/comp/fnv/
  const sum = `${hash(id, 0x811c9dc5)}${hash(id, 0x050c5d1f)}`;
  return `${id.slice(0, MAX_CALL_ID - sum.length)}${sum}`;
}

function hash(text: string, start: number): string {
  let sum = start;
  for (let index = 0; index < text.length; index++) {
    sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193);
  }
  return (sum >>> 0).toString(16).padStart(8, '0');
}

/** The id of a call that came without one: the same each time, and another in each answer of a conversation. */
export function synthesizeCallId(responseId: string | null, block: number): string {
  const tail = responseId?.replace(/[^\w-]/g, '').slice(-16);
  return tail ? `call_${block}_${tail}` : `call_${block}`;
}
