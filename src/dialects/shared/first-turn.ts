// Conversations that the model begins: greetings, and histories of which the beginning is cut off.
import type { LossReport } from './loss-report.ts';

/** What a turn of the user says before one that may not be the first; names it. */
export function letModelBegin(losses: LossReport): string {
  losses.approximated('messages', 'a turn of the user stands before the first, which may not be the model’s');
  return 'You speak first.';
}
