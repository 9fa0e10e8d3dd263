// What model families behind Converse accept beyond what all of them do, by model name.
// https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
import { cachesPrompts } from '../aws/prompt-cache.ts';

/** Whose own request fields go in `additionalModelRequestFields`. */
export type Family = 'claude' | 'nova' | 'nova-2' | 'gpt' | 'gpt-oss' | 'other';

/** @param model an id, an inference profile's id, or an ARN that names either. */
export function familyOf(model: string): Family {
  if (model.includes('anthropic.claude')) return 'claude';
  if (/amazon\.nova-2/.test(model)) return 'nova-2';
  if (model.includes('amazon.nova')) return 'nova';
  if (model.includes('openai.gpt-oss')) return 'gpt-oss';
  return gptName(model) === undefined ? 'other' : 'gpt';
}

/** `gpt-5.6-sol` of `us.openai.gpt-5.6-sol`: the name that OpenAI itself gives. */
export function gptName(model: string): string | undefined {
  return /openai\.(gpt-\d[^:/]*)/.exec(model)?.[1];
}

/** Where `cachePoint` may stand. */
export type CachePoints = 'anywhere' | 'behind-texts' | 'nowhere';

/**
 * Nova refuses one behind tools (https://github.com/LibreChat-AI/agents/pull/253), images
 * (https://github.com/aws-samples/generative-ai-use-cases/pull/1077) and results
 * (https://github.com/aws-samples/bedrock-engineer/pull/71), other vendors' models all.
 */
export function cachePointsOf(family: Family, model: string): CachePoints {
  if (family === 'claude') return cachesPrompts(model) ? 'anywhere' : 'nowhere';
  return family === 'nova' || family === 'nova-2' ? 'behind-texts' : 'nowhere';
}

/** Others refuse the `status` of a tool's result. */
export function knowsFailedResults(family: Family): boolean {
  return family === 'claude' || family === 'nova' || family === 'nova-2';
}
