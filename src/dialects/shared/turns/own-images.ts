// Images that the model made in an earlier turn, for providers that accept images only from the user: "'image' blocks are not permitted
// within assistant turns" (Claude, everywhere); OpenAI knows only images that its own tools made.
import type { ImagePart } from '../../../model/content.ts';
import type { Message } from '../../../model/request.ts';
import type { LossReport } from '../losses/loss-report.ts';

const NAME = 'assistant.image';

/**
 * The same turns, with each such image moved to the next user turn, after its results. If none follows, the image is lost.
 * @param isMoved left out: all images.
 */
export function showByUser(
  messages: readonly Message[],
  losses: LossReport,
  isMoved: (image: ImagePart) => boolean = () => true,
): readonly Message[] {
  const isMade = (part: Message['parts'][number]): part is ImagePart =>
    part.type === 'image' && isMoved(part);
  if (!messages.some((message) => message.role === 'assistant' && message.parts.some(isMade)))
    return messages;
  let held: ImagePart[] = [];
  const shown = messages.map((message): Message => {
    const { role, parts } = message;
    if (role === 'assistant') {
      // Another dialect's fields beside an image only say how it was made.
      held.push(...parts.filter(isMade).map(({ extension: _, ...image }) => image));
      return { ...message, parts: parts.filter((part) => !isMade(part)) };
    }
    if (role !== 'user' || held.length === 0) return message;
    losses.approximated(NAME, "shown in the user's next turn");
    const at = parts.findLastIndex((part) => part.type === 'tool-result') + 1;
    const images = held;
    held = [];
    return { ...message, parts: parts.toSpliced(at, 0, ...images) };
  });
  if (held.length > 0) losses.lost(NAME);
  return shown;
}
