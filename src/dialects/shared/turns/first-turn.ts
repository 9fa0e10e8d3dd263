// Conversations that begin with a turn of the model: greetings, and histories whose beginning was cut off.
import type { LossReport } from '../losses/loss-report.ts';

/** The text of a user turn to insert before a model's turn that may not come first; reports it. */
export function letModelBegin(losses: LossReport): string {
  losses.approximated('messages', 'a user turn is put in front, since the model’s may not come first');
  return 'You speak first.';
}
