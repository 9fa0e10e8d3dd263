// An instruction between turns, for models that accept none there: it becomes part of the user's turn in its place, in the tags in which
// Claude Code puts what the user did not say. In the system prompt it would change the beginning of the prompt, so that the whole
// conversation would be read, and paid for, again.
import type { Part } from '../../../model/content.ts';
import type { JsonObject } from '../../../model/json/json.ts';
import type { Message } from '../../../model/request.ts';
import type { LossReport } from '../losses/loss-report.ts';

const TAG = 'system-reminder';

export function reminder(text: string, losses: LossReport): string {
  losses.approximated('messages.system', 'an instruction between turns is sent as user text');
  return text.trimStart().startsWith(`<${TAG}>`) ? text : `<${TAG}>\n${text}\n</${TAG}>`;
}

/** The same for a block of a message as it is sent. */
export function remindedBlock(block: JsonObject, losses: LossReport): JsonObject {
  return typeof block.text === 'string' ? { ...block, text: reminder(block.text, losses) } : block;
}

/**
 * The turns with each instruction between them moved to the end of the user's turn before it, since some servers require turns to
 * alternate.
 */
export function remindByUser(messages: readonly Message[], losses: LossReport): readonly Message[] {
  if (!messages.some(({ role }) => role === 'system')) return messages;
  const merged: Message[] = [];
  /** Parts of messages that only set something, and so make no turn of the user's; they are named as lost like any others. */
  const unsaid: Part[] = [];
  for (const message of messages) {
    if (message.role !== 'system') {
      merged.push(message);
      continue;
    }
    if (message.parts.every(({ type }) => type === 'opaque')) {
      unsaid.push(...message.parts);
      continue;
    }
    const parts = message.parts.map((part) =>
      part.type === 'text' ? { ...part, text: reminder(part.text, losses) } : part,
    );
    const last = merged.at(-1);
    if (last?.role === 'user') merged[merged.length - 1] = { ...last, parts: [...last.parts, ...parts] };
    else merged.push({ role: 'user', parts });
  }
  const [first, ...others] = merged;
  if (first === undefined || unsaid.length === 0) return merged;
  return [{ ...first, parts: [...first.parts, ...unsaid] }, ...others];
}
