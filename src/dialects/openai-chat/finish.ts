// finish_reason ↔ unified finish. The first five are OpenAI's, the rest come from servers that speak the dialect.
import { GatewayError } from '../../model/errors.ts';
import type { Finish, UnifiedFinish } from '../../model/finish.ts';
import type { JsonObject } from '../../model/json/json.ts';
import { table } from '../../model/table.ts';

const UNIFIED: Record<string, UnifiedFinish> = table({
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
  eos: 'end_turn',
  end_turn: 'end_turn',
  stop_sequence: 'stop_sequence',
  max_tokens: 'max_tokens',
  tool_use: 'tool_use',
  refusal: 'refusal',
  safety: 'refusal',
  sensitive: 'refusal',
  model_length: 'context_window_exceeded',
  model_context_window_exceeded: 'context_window_exceeded',
});

const FINISH_REASON: Record<UnifiedFinish, string> = {
  end_turn: 'stop',
  max_tokens: 'length',
  stop_sequence: 'stop',
  tool_use: 'tool_calls',
  pause_turn: 'stop',
  refusal: 'content_filter',
  context_window_exceeded: 'length',
  other: 'stop',
};

/** Reasons of an answer that broke off, whatever came before it: OpenRouter's and Mistral's, GLM's, vLLM's, DeepSeek's. */
const BROKEN: ReadonlySet<string> = new Set([
  ...['error', 'network_error', 'abort', 'insufficient_system_resource'],
]);

/** The error of an answer that ended for such a reason; undefined for other endings. */
export function brokenFinish(raw: string | null): GatewayError | undefined {
  if (raw === null || !BROKEN.has(raw.toLowerCase())) return undefined;
  const code = raw === 'insufficient_system_resource' ? 'upstream_overloaded' : 'upstream_failed';
  return new GatewayError(code, `the provider aborted the answer (finish_reason ${raw})`);
}

/**
 * @param raw the choice's reason; '' and null mean none.
 * @param choice where vLLM (`stop_reason`) and SGLang (`matched_stop`) name the stop string that was found.
 */
export function parseFinish(raw: string | null, choice: JsonObject, sawToolCall: boolean): Finish {
  const unified = (raw === null ? undefined : UNIFIED[raw.toLowerCase()]) ?? 'other';
  // Servers, OpenAI's own with a forced tool_choice among them, say `stop` after a call.
  if (sawToolCall && (unified === 'end_turn' || unified === 'other')) return { unified: 'tool_use', raw };
  const stopSequence = choice.stop_reason ?? choice.matched_stop;
  if (unified === 'end_turn' && typeof stopSequence === 'string' && stopSequence !== '') {
    return { unified: 'stop_sequence', raw, stopSequence };
  }
  return { unified, raw };
}

/** @param isLegacy whether the call was sent in `function_call`. */
export function buildFinishReason(finish: Finish, isLegacy: boolean): string {
  return isLegacy && finish.unified === 'tool_use' ? 'function_call' : FINISH_REASON[finish.unified];
}
