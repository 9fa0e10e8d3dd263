// What a model takes, told from its name: OpenAI refuses fields that a model has no use for.
import type { Quirks } from '../dialect.ts';

export interface ModelTraits {
  /** Undefined: the name does not tell. */
  reasons?: boolean;
  /** Sampling parameters are refused. */
  fixedSampling: boolean;
}

const REASONING = /(^|\/)(o\d|gpt-5(?!.*-chat)|codex-)/;
const PLAIN = /(^|\/)(gpt-3|gpt-4|chatgpt-|gpt-5.*-chat)/;

/** The provider's row knows its models best; without a row the names that OpenAI gives are told apart. */
export function modelTraits(model: string, quirks: Quirks): ModelTraits {
  const { fixedSampling } = quirks;
  if (fixedSampling !== undefined) {
    const reasons = fixedSampling.test(model);
    return { reasons, fixedSampling: reasons };
  }
  if (REASONING.test(model)) return { reasons: true, fixedSampling: true };
  if (PLAIN.test(model)) return { reasons: false, fixedSampling: false };
  return { fixedSampling: false };
}
