// The name of a conversation, which the service wants the same in every turn: told from how it begins.
import type { NeutralRequest } from '../../model/request.ts';

/** 16 hexadecimal digits of the first text of the user. */
export function sessionOf({ messages }: NeutralRequest): string {
  for (const { role, parts } of messages) {
    if (role !== 'user') continue;
    for (const part of parts) if (part.type === 'text' && part.text !== '') return fingerprint(part.text);
  }
  return fingerprint('');
}

/** FNV-1a, from two beginnings. */
function fingerprint(text: string): string {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x01000193);
  }
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
