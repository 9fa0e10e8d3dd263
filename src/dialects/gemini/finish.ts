// `finishReason` ↔ neutral finish. https://ai.google.dev/api/generate-content#FinishReason
import { GatewayError } from '../../model/errors.ts';
import type { Finish, UnifiedFinish } from '../../model/finish.ts';
import type { JsonValue } from '../../model/json/json.ts';
import { table } from '../../model/table.ts';

/** What a finish reason means for the answer; `broken`: there is no valid answer. */
const MEANING: Record<string, UnifiedFinish | 'broken'> = table({
  STOP: 'end_turn',
  MAX_TOKENS: 'max_tokens',
  // The token limit of one of several requests; continuing requires a token that no other dialect can carry.
  CONTINUATION: 'max_tokens',
  SAFETY: 'refusal',
  RECITATION: 'refusal',
  BLOCKLIST: 'refusal',
  PROHIBITED_CONTENT: 'refusal',
  SPII: 'refusal',
  MODEL_ARMOR: 'refusal',
  JAILBREAK: 'refusal',
  ESCALATION: 'refusal',
  PUP_LIMITED_DISABLED: 'refusal',
  IMAGE_SAFETY: 'refusal',
  IMAGE_PROHIBITED_CONTENT: 'refusal',
  IMAGE_RECITATION: 'refusal',
  MALFORMED_FUNCTION_CALL: 'broken',
  MALFORMED_RESPONSE: 'broken',
  UNEXPECTED_TOOL_CALL: 'broken',
  MISSING_THOUGHT_SIGNATURE: 'broken',
  LANGUAGE: 'other',
  OTHER: 'other',
  NO_IMAGE: 'other',
  IMAGE_OTHER: 'other',
  TOO_MANY_TOOL_CALLS: 'other',
  FINISH_REASON_UNSPECIFIED: 'other',
});

/**
 * Names by the numbers that servers send for them under `enum-encoding=int` (recorded: 1 and 2). Above 5 the two Google APIs number
 * differently; these are the Gemini API's.
 */
const NAME_OF_NUMBER = [
  'FINISH_REASON_UNSPECIFIED',
  'STOP',
  'MAX_TOKENS',
  'SAFETY',
  'RECITATION',
  'OTHER',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'MALFORMED_FUNCTION_CALL',
  'IMAGE_SAFETY',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
];

export function reasonName(reason: JsonValue | undefined): string | undefined {
  if (typeof reason === 'number') return NAME_OF_NUMBER[reason] ?? `FINISH_REASON_${reason}`;
  return typeof reason === 'string' && reason !== '' ? reason : undefined;
}

export function isKnownReason(reason: string): boolean {
  return Object.hasOwn(MEANING, reason);
}

/** @param called whether the answer calls a function of the client. */
export function parseFinish(raw: string, called: boolean): Finish {
  const meaning = MEANING[raw];
  // Recorded: complete calls with UNEXPECTED_TOOL_CALL, which clients run like any others.
  if (called && (meaning === 'end_turn' || raw === 'UNEXPECTED_TOOL_CALL'))
    return { unified: 'tool_use', raw };
  return { unified: meaning === undefined || meaning === 'broken' ? 'other' : meaning, raw };
}

/** The failure that a reason means; undefined if it ends an answer normally. */
export function brokenFinish(
  raw: string,
  message: string | undefined,
  called: boolean,
): GatewayError | undefined {
  if (MEANING[raw] !== 'broken' || (called && raw === 'UNEXPECTED_TOOL_CALL')) return undefined;
  const detail = message === undefined ? '' : `: ${message}`;
  if (raw === 'MISSING_THOUGHT_SIGNATURE') {
    return new GatewayError(
      'upstream_rejected',
      `the provider reports that a thought signature is missing in the history${detail}`,
    );
  }
  return new GatewayError(
    'upstream_malformed',
    `the model wrote a tool call that cannot be read (${raw})${detail}`,
  );
}

const REASON_OF: Record<UnifiedFinish, string> = {
  end_turn: 'STOP',
  tool_use: 'STOP',
  stop_sequence: 'STOP',
  pause_turn: 'STOP',
  max_tokens: 'MAX_TOKENS',
  context_window_exceeded: 'MAX_TOKENS',
  refusal: 'SAFETY',
  other: 'OTHER',
};

/** A reason of this dialect's own is sent back unchanged. */
export function buildFinish({ unified, raw }: Finish): string {
  if (
    raw !== null &&
    (MEANING[raw] === unified || (raw === 'UNEXPECTED_TOOL_CALL' && unified === 'tool_use'))
  ) {
    return raw;
  }
  // Some servers state no reason at the end of a whole answer (recorded: Snowflake's streams). Gemini CLI would show a warning for OTHER.
  return unified === 'other' && raw === null ? 'STOP' : REASON_OF[unified];
}
