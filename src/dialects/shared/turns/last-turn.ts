// Conversations in which nothing is left to answer once empty turns are left out.
import type { Part } from '../../../model/content.ts';
import type { Message, NeutralRequest } from '../../../model/request.ts';
import { invalid } from '../read-field.ts';
import { UNREADABLE_TURN } from '../losses/substitutes.ts';

/**
 * For providers that refuse a turn without content. Throws `invalid_request` if the client said nothing to answer, or nothing after an
 * assistant turn, which the model would then continue unasked.
 * @param role of the last turn as it is sent, undefined if there is none
 */
export function requireLastTurn({ messages }: NeutralRequest, role: string | undefined): void {
  if (role === 'user') return;
  const at = messages.length - 1;
  const last = messages[at];
  // Content that could not be sent is already reported as a loss.
  if (role === undefined ? !messages.every(isBlank) : last?.role !== 'user' || !isBlank(last)) return;
  const path = role === undefined ? 'messages' : `messages[${at}].content`;
  throw invalid(path, 'it has no content; send text, an image or other content');
}

/** Content that is not text. Opaque: for instance a client's video, or the output of another vendor's tool. */
const UNTOLD: ReadonlySet<Part['type']> = new Set(['image', 'document', 'audio', 'opaque']);

/**
 * The text that replaces a user turn of which nothing could be sent; undefined if the turn was empty. Without it the model would continue
 * its own previous turn, or there would be no turn at all.
 */
export function unreadableTurn(role: Message['role'] | 'model', parts: readonly Part[]): string | undefined {
  return role === 'user' && parts.some(({ type }) => UNTOLD.has(type)) ? UNREADABLE_TURN : undefined;
}

function isBlank({ parts }: Message): boolean {
  return parts.every((part) => part.type === 'text' && part.text.trim() === '');
}
