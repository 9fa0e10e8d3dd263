// What a model accepts, by its name; OpenAI refuses fields that a model does not support.
import type { Quirks } from '../quirks.ts';
import { effortsOf } from '../openai/efforts.ts';
import type { ReasoningTraits } from '../openai/reasoning.ts';

export interface ModelTraits extends ReasoningTraits {
  /** Whether it refuses sampling parameters. */
  fixedSampling: boolean;
}

const REASONING = /(^|\/)(o\d|gpt-([5-9]|1\d)\b(?!-chat)|codex-)/;
const PLAIN = /(^|\/)(gpt-3|gpt-4|chatgpt-|gpt-\d+-chat)/;

/** The provider's row takes precedence over what OpenAI's own names of models tell. */
export function modelTraits(model: string, quirks: Quirks): ModelTraits {
  const { fixedSampling } = quirks;
  if (fixedSampling !== undefined) {
    return fixedSampling.test(model) ? reasoning(model) : { reasons: false, fixedSampling: false };
  }
  if (REASONING.test(model)) return reasoning(model);
  if (PLAIN.test(model)) return { reasons: false, fixedSampling: false };
  return { fixedSampling: false };
}

function reasoning(model: string): ModelTraits {
  const efforts = effortsOf(model);
  return {
    reasons: true,
    fixedSampling: true,
    ...(efforts !== undefined && { efforts }),
  };
}
