// Conversations of which nothing is left to answer, once what says nothing is left out.
import type { Part } from '../../model/content.ts';
import type { Message, NeutralRequest } from '../../model/request.ts';
import { invalid } from './read-field.ts';
import { UNREADABLE_TURN } from './stand-ins.ts';

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

/** What is not said in text. Opaque: a client's video, or what a tool of another vendor's gave. */
const UNTOLD: ReadonlySet<Part['type']> = new Set(['image', 'document', 'audio', 'opaque']);

/**
 * The text in place of a user's turn of which nothing could be sent; undefined where nothing was there. Without it the model
 * would go on with its own turn before, or there would be no turn.
 */
export function unreadableTurn(role: Message['role'] | 'model', parts: readonly Part[]): string | undefined {
  return role === 'user' && parts.some(({ type }) => UNTOLD.has(type)) ? UNREADABLE_TURN : undefined;
}

function isBlank({ parts }: Message): boolean {
  return parts.every((part) => part.type === 'text' && part.text.trim() === '');
}
