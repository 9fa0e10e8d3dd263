// What other vendors' servers of this dialect refuse while their models think: calls of the history without thinking, and
// forced calls. DeepSeek and Moonshot do.
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { ModelThinking, Quirks } from '../quirks.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { ANY_TOOL, CHOICE_LEFT, THINKING_OFF, THOUGHT_UNKNOWN } from '../shared/losses/substitutes.ts';
import { forcesTool } from './build-tools.ts';

/** Without a signature, which these servers do not check. Moonshot refuses an empty text. */
const UNKNOWN_THOUGHT = { type: 'thinking', thinking: '.', signature: '' };

/** The fields of a request that must differ, with their new values. */
export function adaptThinking(body: JsonObject, quirks: Quirks, losses: LossReport): JsonObject {
  const model = asString(body.model) ?? '';
  const traits = quirks.modelThinking && traitsOf(model, quirks.modelThinking);
  if (traits === undefined) return {};
  const forced = adaptForcedCall(body, traits, losses);
  const messages = withNeededThinking({ ...body, ...forced }, traits, losses);
  return messages === undefined ? forced : { ...forced, messages };
}

function traitsOf(model: string, all: readonly ModelThinking[]): ModelThinking | undefined {
  return all.find(({ models }) => models.test(model));
}

/**
 * Thinking that nobody asked for is turned off; thinking that was asked for, or that cannot be turned off, leaves the choice
 * to the model. https://github.com/deepseek-ai/DeepSeek-V3/issues/1376
 */
function adaptForcedCall(
  body: JsonObject,
  { thinks, refuses = [] }: ModelThinking,
  losses: LossReport,
): JsonObject {
  const choice = asObject(body.tool_choice);
  if (!forcesTool(choice) || !refuses.includes(choice?.type === 'any' ? 'required' : 'tool')) return {};
  const state = askedIn(body);
  if (thinks !== 'always') {
    if (state === 'off' || (state === undefined && thinks === undefined)) return {};
    if (state === undefined) {
      losses.approximated('tool_choice', THINKING_OFF);
      return { thinking: { type: 'disabled' } };
    }
  }
  const { name: _, ...rest } = choice ?? {};
  if (refuses.includes('required')) {
    losses.approximated('tool_choice', CHOICE_LEFT);
    return { tool_choice: { ...rest, type: 'auto' } };
  }
  if ((asArray(body.tools)?.length ?? 0) > 1) losses.approximated('tool_choice', ANY_TOOL);
  return { tool_choice: { ...rest, type: 'any' } };
}

/** Undefined where the body asks for neither thinking nor an effort. */
function askedIn({ thinking, output_config: config }: JsonObject): 'on' | 'off' | undefined {
  const type = asObject(thinking)?.type;
  if (type === 'disabled') return 'off';
  return type === undefined && asObject(config)?.effort === undefined ? undefined : 'on';
}

/**
 * The messages of a request with a stand-in where thinking must stand; undefined where none is needed.
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

function needsThinking({ thinking }: JsonObject, { thinks, needsReasoning }: ModelThinking): boolean {
  if (needsReasoning !== true) return false;
  const asked = asString(asObject(thinking)?.type);
  return thinks === 'always' || (asked === undefined ? thinks !== undefined : asked !== 'disabled');
}

function isThought(block: JsonValue): boolean {
  const { type, thinking } = asObject(block) ?? {};
  return type === 'thinking' && Boolean(thinking);
}
