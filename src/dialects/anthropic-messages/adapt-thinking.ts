// What other vendors' servers of this dialect (DeepSeek, Moonshot) refuse while their models think: earlier calls without thinking, and
// forced calls.
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { ModelThinking, Quirks } from '../quirks.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { CHOICE_LEFT, THOUGHT_UNKNOWN } from '../shared/losses/substitutes.ts';
import { adaptForcedCall, type AskedThinking, mayThink } from '../shared/tools/forced-call.ts';
import { forcesTool } from './build-tools.ts';

/** Has no signature, which these servers do not check. Moonshot refuses an empty text. */
const UNKNOWN_THOUGHT = { type: 'thinking', thinking: '.', signature: '' };

/** The fields of a request that must differ, with their new values. */
export function adaptThinking(body: JsonObject, quirks: Quirks, losses: LossReport): JsonObject {
  const model = asString(body.model) ?? '';
  const traits = quirks.modelThinking?.find(({ models }) => models.test(model));
  if (traits === undefined) return {};
  const forced = withoutForcedCall(body, traits, losses);
  const messages = withNeededThinking({ ...body, ...forced }, traits, losses);
  return messages === undefined ? forced : { ...forced, messages };
}

function withoutForcedCall(body: JsonObject, traits: ModelThinking, losses: LossReport): JsonObject {
  const choice = asObject(body.tool_choice);
  if (!forcesTool(choice)) return {};
  const { name: _, ...rest } = choice ?? {};
  const forced = rest.type === 'any' ? 'required' : 'tool';
  switch (adaptForcedCall(forced, askedIn(body), traits, asArray(body.tools)?.length ?? 0, losses)) {
    case 'kept':
      return {};
    case 'thinking-off':
      return { thinking: { type: 'disabled' } };
    case 'any-tool':
      return { tool_choice: { ...rest, type: 'any' } };
    case 'open':
      losses.approximated('tool_choice', CHOICE_LEFT);
      return { tool_choice: { ...rest, type: 'auto' } };
  }
}

/** Undefined if the body asks for neither thinking nor an effort. */
function askedIn({ thinking, output_config: config }: JsonObject): AskedThinking {
  const type = asObject(thinking)?.type;
  if (type === 'disabled') return 'off';
  return type === undefined && asObject(config)?.effort === undefined ? undefined : 'on';
}

/**
 * The messages of a request, with a stand-in where thinking is required and missing; undefined if none is needed.
 * https://api-docs.deepseek.com/guides/anthropic_api, https://github.com/QwenLM/qwen-code/pull/3788,
 * https://github.com/farion1231/cc-switch/pull/3377
 */
function withNeededThinking(
  body: JsonObject,
  traits: ModelThinking,
  losses: LossReport,
): JsonValue[] | undefined {
  if (!needsThinking(body, traits)) return undefined;
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

/** Whether earlier calls need thinking. An effort alone does not count as asking for it. */
function needsThinking({ thinking }: JsonObject, traits: ModelThinking): boolean {
  return traits.needsReasoning === true && mayThink(askedIn({ thinking }), traits);
}

function isThought(block: JsonValue): boolean {
  const { type, thinking } = asObject(block) ?? {};
  return type === 'thinking' && Boolean(thinking);
}
