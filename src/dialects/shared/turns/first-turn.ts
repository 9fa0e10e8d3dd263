// Conversations that the model begins: greetings, and histories whose beginning is cut off.
import type { LossReport } from '../losses/loss-report.ts';

/** The text of a user turn to insert before a turn that may not come first; reports it. */
export function letModelBegin(losses: LossReport): string {
  losses.approximated('messages', 'a user turn is put in front, since the model’s may not come first');
  return 'You speak first.';
}
