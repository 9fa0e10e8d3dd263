// Why an answer ended: a neutral reason that every dialect maps to, and the upstream's own.

export type UnifiedFinish =
  | 'end_turn'
  | 'max_tokens'
  | 'stop_sequence'
  | 'tool_use'
  /** A server-side tool loop paused; the client sends the turn back to continue it (Anthropic). */
  | 'pause_turn'
  | 'refusal'
  | 'context_window_exceeded'
  | 'other';

export interface Finish {
  unified: UnifiedFinish;
  /** The upstream's own reason; null if it gave none. */
  raw: string | null;
  /** The stop sequence that was hit, if the upstream names it. */
  stopSequence?: string;
  /**
   * The answer, or a call in it, was cut off for a reason without a neutral form: reported as `max_tokens`, since clients would otherwise
   * take it for complete.
   */
  isCut?: true;
}

/** Whether an answer that ended in this way may leave its last call unfinished. */
export function mayBeCutShort({ unified }: Finish): boolean {
  switch (unified) {
    case 'max_tokens':
    case 'context_window_exceeded':
    case 'refusal':
    case 'other':
      return true;
    case 'end_turn':
    case 'stop_sequence':
    case 'tool_use':
    case 'pause_turn':
      return false;
  }
}
