// Stop reasons. https://docs.anthropic.com/en/docs/build-with-claude/handling-stop-reasons
import type { Finish, UnifiedFinish } from '../../model/finish.ts';
import { asString, type JsonValue } from '../../model/json/json.ts';
import { table } from '../../model/table.ts';
import type { RareEnding } from '../shared/losses/answer-losses.ts';

const UNIFIED: Record<string, UnifiedFinish> = table({
  end_turn: 'end_turn',
  max_tokens: 'max_tokens',
  stop_sequence: 'stop_sequence',
  tool_use: 'tool_use',
  pause_turn: 'pause_turn',
  refusal: 'refusal',
  model_context_window_exceeded: 'context_window_exceeded',
});

/** Reasons without a neutral form that clients of this dialect nevertheless understand. */
const OWN_WORDS: ReadonlySet<string> = new Set(['compaction']);

/**
 * @param called whether the client is to call a function. Other servers of the dialect may then still say that the turn has ended, at which
 * clients of others do not call: https://github.com/open-octo/octo-agent/pull/647
 */
export function parseFinish(
  reason: JsonValue | undefined,
  sequence: JsonValue | undefined,
  called: boolean,
): Finish {
  const raw = asString(reason) ?? null;
  if (called && (raw === 'end_turn' || raw === null)) return { unified: 'tool_use', raw };
  const stopSequence = asString(sequence);
  return {
    unified: (raw === null ? undefined : UNIFIED[raw]) ?? 'other',
    raw,
    ...(stopSequence === undefined ? {} : { stopSequence }),
  };
}

const WORDED: readonly RareEnding[] = ['stop_sequence', 'pause_turn', 'context_window_exceeded'];

/** The rare endings for which this dialect has a reason. */
export function knownEndings({ raw }: Finish): readonly RareEnding[] {
  return raw !== null && OWN_WORDS.has(raw) ? [...WORDED, 'other'] : WORDED;
}

/** @param refused whether the model wrote a refusal: it ended its turn, but not with what was asked for. */
export function buildStopReason({ unified, raw }: Finish, refused: boolean): string {
  switch (unified) {
    case 'end_turn':
      return refused ? 'refusal' : unified;
    case 'context_window_exceeded':
      return 'model_context_window_exceeded';
    case 'other':
      return raw !== null && OWN_WORDS.has(raw) ? raw : 'end_turn';
    default:
      return unified;
  }
}
