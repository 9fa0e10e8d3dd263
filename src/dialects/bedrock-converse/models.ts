// What model families behind Converse accept beyond what all of them do, by model name.
// https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html

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

/** Others refuse `cachePoint`. */
export function takesCachePoints(family: Family): boolean {
  return family === 'claude' || family === 'nova' || family === 'nova-2';
}

/** Others refuse the `status` of a tool's result. */
export const knowsFailedResults = takesCachePoints;
