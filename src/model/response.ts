// A whole answer, and its equivalence with the stream of events that tells the same.
import type { Extension, Part } from './content.ts';
import type { Finish } from './finish.ts';
import type { AnswerCounts } from './usage.ts';

export interface NeutralResponse extends AnswerCounts {
  id: string | null;
  /** The model that served, as the upstream names it. */
  model: string | null;
  parts: Part[];
  finish: Finish;
  /** The upstream's word for an answer that it has only begun, and keeps for whoever asks it later. */
  pending?: string;
  /** Top-level fields of the answer that the neutral model has no word for. */
  extension?: Extension;
}
