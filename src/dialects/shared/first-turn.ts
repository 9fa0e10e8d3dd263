// Conversations that the model begins: greetings, and histories of which the beginning is cut off.
import type { LossReport } from './loss-report.ts';

/** What a turn of the user says before one that may not be the first; names it. */
export function letModelBegin(losses: LossReport): string {
  losses.approximated('messages', 'a user turn is put in front, since the model’s may not come first');
  return 'You speak first.';
}
