// The efforts that OpenAI's reasoning models accept, by their names: any other is refused.
// https://platform.openai.com/docs/guides/reasoning
import type { JsonValue } from '../../model/json/json.ts';
import { REASONING_EFFORTS, type ReasoningEffort } from '../../model/request.ts';

const LOW_TO_HIGH = ['low', 'medium', 'high'] as const;
const LOW_TO_XHIGH = [...LOW_TO_HIGH, 'xhigh'] as const;
const LOW_TO_MAX = [...LOW_TO_XHIGH, 'max'] as const;

/** The first match counts. */
const MODELS: readonly { models: RegExp; efforts: readonly ReasoningEffort[] }[] = [
  { models: /^gpt-5-pro/, efforts: ['high'] },
  // https://community.openai.com/t/request-for-compatibility-matrix-reasoning-effort-sampling-parameters-across-gpt-5-series/1371738
  { models: /^gpt-5\.\d+-chat/, efforts: ['medium'] },
  { models: /^gpt-5\.\d+-pro/, efforts: ['medium', 'high', 'xhigh'] },
  { models: /^gpt-5(\.1)?-codex(?!-max)/, efforts: LOW_TO_HIGH },
  { models: /^gpt-5\.\d+-codex/, efforts: LOW_TO_XHIGH },
  { models: /^gpt-5(-|$)/, efforts: ['minimal', ...LOW_TO_HIGH] },
  { models: /^gpt-5\.1(-|$)/, efforts: ['none', ...LOW_TO_HIGH] },
  { models: /^gpt-5\.[2-5](-|$)/, efforts: ['none', ...LOW_TO_XHIGH] },
  { models: /^gpt-(5\.|6-(sol|luna)|6\.1-terra)/, efforts: ['none', ...LOW_TO_MAX] },
  { models: /^gpt-([6-9]|1\d)\b/, efforts: LOW_TO_MAX },
  // https://github.com/anomalyco/opencode/pull/26273
  { models: /^o\d.*-deep-research/, efforts: ['medium'] },
  { models: /^(o\d|codex-)/, efforts: LOW_TO_HIGH },
];

/**
 * From least to most; undefined for an unknown name. The vendor may precede the name (`openai/gpt-5`), as may `ft:` for a fine-tuned model.
 */
export function effortsOf(model: string): readonly ReasoningEffort[] | undefined {
  const name = model.slice(model.lastIndexOf('/') + 1).replace(/^ft:/, '');
  return MODELS.find(({ models }) => models.test(name))?.efforts;
}

/** The effort itself, else the model's next higher one, else the next lower. Never `none`; undefined if it has no other. */
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
 * The closest to no thinking: `none` if the model accepts it, else a low effort. Never `minimal`, which excludes the provider's own tools.
 */
export function leastEffort(known: readonly ReasoningEffort[]): ReasoningEffort | undefined {
  return known.includes('none') ? 'none' : nearestEffort('low', known);
}

/** Since GPT-5.4, Chat Completions refuses tools while the model thinks. True if thinking can be turned off. */
export function callsWithoutThinking(model: string): boolean {
  return (
    /(^|\/)gpt-(5\.([4-9]|\d\d)|([6-9]|1\d)\b)/.test(model) && effortsOf(model)?.includes('none') === true
  );
}

/** They think only if asked to. https://github.com/BerriAI/litellm-docs/pull/1064 */
const THINK_IF_ASKED = /(^|\/)gpt-5\.[12](-\d|$)/;

/**
 * Whether a reasoning model accepts `temperature` and `top_p`: while it does not think.
 * https://developers.openai.com/api/docs/guides/deployment-checklist
 * @param effort that it is asked for; undefined: none is said.
 */
export function samplesAt(effort: JsonValue | undefined, model: string): boolean {
  if (effort === undefined) return THINK_IF_ASKED.test(model);
  return effort === 'none' && effortsOf(model)?.includes('none') === true;
}
