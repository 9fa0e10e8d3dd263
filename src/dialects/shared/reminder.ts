// An instruction between turns, for models that take none there: in the user's turn, where it came, in the tags in which
// Claude Code puts what the user did not say. Added to the system prompt it would change the beginning of the prompt, and all
// of the conversation would be read, and paid for, anew.
import type { LossReport } from './loss-report.ts';

const TAG = 'system-reminder';

export function reminder(text: string, losses: LossReport): string {
  losses.approximated('messages.system', 'an instruction between turns is sent as user text');
  return text.trimStart().startsWith(`<${TAG}>`) ? text : `<${TAG}>\n${text}\n</${TAG}>`;
}
