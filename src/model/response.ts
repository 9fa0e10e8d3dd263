// A whole answer: every provider's is read as one, and every client's is written from one.
import type { Extension, Part } from './content.ts';
import type { Finish } from './finish.ts';
import type { AnswerCounts } from './usage.ts';

export interface NeutralResponse extends AnswerCounts {
  id: string | null;
  /** The model that served, as the upstream names it. */
  model: string | null;
  parts: Part[];
  finish: Finish;
  /** The upstream's status of an answer that is not finished and can be retrieved later. */
  pending?: string;
  /** Top-level fields of the answer without a neutral form. */
  extension?: Extension;
}
