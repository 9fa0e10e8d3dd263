// Conversations of which nothing is left to answer, once what says nothing is left out.
import type { Message, NeutralRequest } from '../../model/request.ts';
import { invalid } from './read-field.ts';

/**
 * For providers that refuse a turn without content. Throws `invalid_request` where the client said nothing to answer, or
 * nothing behind a turn of the model: that would be gone on with, which nobody asked for.
 * @param role of the last turn as it is sent, undefined where there is none
 */
export function requireLastTurn({ messages }: NeutralRequest, role: string | undefined): void {
  if (role === 'user') return;
  const at = messages.length - 1;
  const last = messages[at];
  // What was said and could not be carried is named as a loss.
  if (role === undefined ? !messages.every(isBlank) : last?.role !== 'user' || !isBlank(last)) return;
  const path = role === undefined ? 'messages' : `messages[${at}].content`;
  throw invalid(path, 'nothing is said there; send text, an image or another content');
}

function isBlank({ parts }: Message): boolean {
  return parts.every((part) => part.type === 'text' && part.text.trim() === '');
}
