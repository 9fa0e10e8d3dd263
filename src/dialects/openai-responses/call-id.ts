// Ids of tool calls within this dialect's limit.

/** OpenAI refuses longer ids in `call_id`; other dialects know no limit. */
const MAX_CALL_ID = 64;

/** The id itself where it fits, else its beginning and a hash: the same for a call and its result. */
export function shortenCallId(id: string): string {
  return shorten(id, MAX_CALL_ID);
}

/** `text` within `limit` characters, told apart from others of the same beginning by a hash. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  // Two 32-bit FNV-1a sums with different starts. http://www.isthe.com/chongo/tech/comp/fnv/
  const sum = `${hash(text, 0x811c9dc5)}${hash(text, 0x050c5d1f)}`;
  return `${text.slice(0, limit - sum.length)}${sum}`;
}

function hash(text: string, start: number): string {
  let sum = start;
  for (let index = 0; index < text.length; index++) {
    sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193);
  }
  return (sum >>> 0).toString(16).padStart(8, '0');
}
