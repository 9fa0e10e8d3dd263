// The name of a conversation, which the service requires to be the same in every turn: it is derived from the conversation's beginning.
import { fingerprint } from '../../model/hash.ts';
import type { NeutralRequest } from '../../model/request.ts';

/** 16 hexadecimal digits, derived from the user's first text. */
export function sessionOf({ messages }: NeutralRequest): string {
  for (const { role, parts } of messages) {
    if (role !== 'user') continue;
    for (const part of parts) if (part.type === 'text' && part.text !== '') return fingerprint(part.text);
  }
  return fingerprint('');
}
