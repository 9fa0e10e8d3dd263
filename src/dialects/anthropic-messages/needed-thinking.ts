// Thinking before the calls in a history, for servers of this dialect that refuse calls without it while the model thinks:
// DeepSeek and Moonshot. A client that switched models sends none back, nor does one of another dialect.
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Quirks } from '../dialect.ts';
import type { LossReport } from '../shared/loss-report.ts';
import { THOUGHT_UNKNOWN } from '../shared/stand-ins.ts';

/** Without a signature, which these servers do not check. Moonshot refuses an empty text. */
const UNKNOWN_THOUGHT = { type: 'thinking', thinking: '.', signature: '' };

/**
 * The messages of a request with a stand-in where thinking must stand; undefined where none is needed.
 * https://api-docs.deepseek.com/guides/anthropic_api, https://github.com/QwenLM/qwen-code/pull/3788,
 * https://github.com/farion1231/cc-switch/pull/3377
 */
export function withNeededThinking(
  body: JsonObject,
  quirks: Quirks,
  losses: LossReport,
): JsonValue[] | undefined {
  if (quirks.modelThinking === undefined || !needsThinking(body, quirks.modelThinking)) return undefined;
  const messages = asArray(body.messages) ?? [];
  const whole = messages.map((message): JsonValue => {
    const fields = asObject(message);
    const blocks = (fields?.role === 'assistant' && asArray(fields.content)) || [];
    const types = blocks.map((block) => asObject(block)?.type);
    if (!types.includes('tool_use') || blocks.some(isThought)) return message;
    return { ...fields, content: [UNKNOWN_THOUGHT, ...blocks] };
  });
  if (whole.every((message, at) => message === messages[at])) return undefined;
  losses.approximated('reasoning', THOUGHT_UNKNOWN);
  return whole;
}

function needsThinking(
  { model, thinking }: JsonObject,
  modelThinking: NonNullable<Quirks['modelThinking']>,
): boolean {
  const traits = modelThinking.find(({ models }) => models.test(asString(model) ?? ''));
  if (traits?.needsReasoning !== true) return false;
  const asked = asString(asObject(thinking)?.type);
  return (
    traits.thinks === 'always' || (asked === undefined ? traits.thinks !== undefined : asked !== 'disabled')
  );
}

function isThought(block: JsonValue): boolean {
  const { type, thinking } = asObject(block) ?? {};
  return type === 'thinking' && Boolean(thinking);
}
