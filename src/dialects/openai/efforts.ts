// Which efforts OpenAI's reasoning models take, told from their names: any other is refused.
// https://platform.openai.com/docs/guides/reasoning
import { REASONING_EFFORTS, type ReasoningEffort } from '../../model/request.ts';

const LOW_TO_HIGH = ['low', 'medium', 'high'] as const;
const LOW_TO_XHIGH = [...LOW_TO_HIGH, 'xhigh'] as const;
const LOW_TO_MAX = [...LOW_TO_XHIGH, 'max'] as const;

/** The first that fits. */
const MODELS: readonly { models: RegExp; efforts: readonly ReasoningEffort[] }[] = [
  { models: /^gpt-5-pro/, efforts: ['high'] },
  { models: /^gpt-5\.\d+-pro/, efforts: ['medium', 'high', 'xhigh'] },
  { models: /^gpt-5(\.1)?-codex(?!-max)/, efforts: LOW_TO_HIGH },
  { models: /^gpt-5\.\d+-codex/, efforts: LOW_TO_XHIGH },
  { models: /^gpt-5(-|$)/, efforts: ['minimal', ...LOW_TO_HIGH] },
  { models: /^gpt-5\.1(-|$)/, efforts: ['none', ...LOW_TO_HIGH] },
  { models: /^gpt-5\.[2-5](-|$)/, efforts: ['none', ...LOW_TO_XHIGH] },
  { models: /^gpt-(5\.|6-(sol|luna)|6\.1-terra)/, efforts: ['none', ...LOW_TO_MAX] },
  { models: /^gpt-([6-9]|1\d)\b/, efforts: LOW_TO_MAX },
  { models: /^(o\d|codex-)/, efforts: LOW_TO_HIGH },
];

/** From least to most; undefined where the name does not tell. A proxy may say who made the model: `openai/gpt-5`. */
export function effortsOf(model: string): readonly ReasoningEffort[] | undefined {
  const name = model.slice(model.lastIndexOf('/') + 1);
  return MODELS.find(({ models }) => models.test(name))?.efforts;
}

/** The next one up where the model has it not, else the next one down. Never `none`; undefined where it has no other. */
export function nearestEffort(
  effort: ReasoningEffort,
  known: readonly ReasoningEffort[],
): ReasoningEffort | undefined {
  if (known.includes(effort)) return effort;
  const candidates = REASONING_EFFORTS.filter((each) => each !== 'none' && known.includes(each));
  const at = REASONING_EFFORTS.indexOf(effort);
  return candidates.find((each) => REASONING_EFFORTS.indexOf(each) > at) ?? candidates.at(-1);
}

/**
 * What stands for no thinking: `none` where the model takes it, else little. Not `minimal`, which rules out tools of the
 * provider's own.
 */
export function leastEffort(known: readonly ReasoningEffort[]): ReasoningEffort | undefined {
  return known.includes('none') ? 'none' : nearestEffort('low', known);
}

/** From GPT-5.4 on, Chat Completions refuses tools to a model that thinks; true where it can be kept from that. */
export function callsWithoutThinking(model: string): boolean {
  return (
    /(^|\/)gpt-(5\.([4-9]|\d\d)|([6-9]|1\d)\b)/.test(model) && effortsOf(model)?.includes('none') === true
  );
}

/** GPT-5 from 5.1 on takes `temperature` and `top_p` while it does not think; GPT-6 never does. */
export function samplesWithoutThinking(model: string): boolean {
  return /(^|\/)gpt-5\.\d/.test(model) && effortsOf(model)?.includes('none') === true;
}
