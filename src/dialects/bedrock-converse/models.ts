// What families of models behind Converse accept besides what all of them do, by model name.
// https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
import { cachesPrompts } from '../aws/prompt-cache.ts';

/** The family whose own request fields go in `additionalModelRequestFields`. */
export type Family = 'claude' | 'nova' | 'nova-2' | 'gpt' | 'gpt-oss' | 'other';

/** @param model an id, the id of an inference profile, or an ARN that contains either. */
export function familyOf(model: string): Family {
  if (model.includes('anthropic.claude')) return 'claude';
  if (/amazon\.nova-2/.test(model)) return 'nova-2';
  if (model.includes('amazon.nova')) return 'nova';
  if (model.includes('openai.gpt-oss')) return 'gpt-oss';
  return gptName(model) === undefined ? 'other' : 'gpt';
}

/** OpenAI's own name of a model: `gpt-5.6-sol` for `us.openai.gpt-5.6-sol`. */
export function gptName(model: string): string | undefined {
  return /openai\.(gpt-\d[^:/]*)/.exec(model)?.[1];
}

/** Where `cachePoint` may stand. */
export type CachePoints = 'anywhere' | 'behind-texts' | 'nowhere';

/**
 * Nova refuses one after tools (https://github.com/LibreChat-AI/agents/pull/253), after images
 * (https://github.com/aws-samples/generative-ai-use-cases/pull/1077) and after results
 * (https://github.com/aws-samples/bedrock-engineer/pull/71); other vendors' models refuse all.
 */
export function cachePointsOf(family: Family, model: string): CachePoints {
  if (family === 'claude') return cachesPrompts(model) ? 'anywhere' : 'nowhere';
  return family === 'nova' || family === 'nova-2' ? 'behind-texts' : 'nowhere';
}

/**
 * Whether the model takes search results. Amazon lists the models of that time; earlier ones do not.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_SearchResultBlock.html
 */
export function takesSearchResults(model: string): boolean {
  return familyOf(model) === 'claude' && !/claude-(v?2|instant|3-(opus|sonnet|haiku)|3-5-sonnet)/.test(model);
}

/** Of the models in Converse, only Nova takes videos, not Micro. https://docs.aws.amazon.com/nova/latest/userguide/modalities.html */
export function watchesVideos(model: string): boolean {
  return /amazon\.nova-(2-)?(lite|pro|premier|omni)/.test(model);
}

export function isMistral(model: string): boolean {
  return /\bmistral\./.test(model);
}

/** Other families refuse the `status` of a tool's result. */
export function knowsFailedResults(family: Family): boolean {
  return family === 'claude' || family === 'nova' || family === 'nova-2';
}

/**
 * Whether the model calls tools in streams, and not "This model doesn't support tool use in streaming mode": that is asked whole.
 * These are Llama, Mistral's models of 2024 and early 2025, and Palmyra. The list is in the table above;
 * https://github.com/earendil-works/pi/issues/3739 has Llama 4.
 */
export function streamsCalls(model: string): boolean {
  return !/meta\.llama|mistral\.(mistral-(large|small)-2|pixtral)|writer\.palmyra/.test(model);
}

/**
 * How the model can be forced to call a tool: any one, or also a named one.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html; Llama refuses both:
 * https://github.com/langchain-ai/langchain-aws/pull/627
 */
export function forcedChoices(family: Family, model: string): readonly ('any' | 'tool')[] {
  if (family === 'claude' || family === 'nova' || family === 'nova-2' || family === 'gpt')
    return ['any', 'tool'];
  return model.includes('meta.llama') ? [] : ['any'];
}

/**
 * Whether the model can search the web, only in the USA. https://docs.aws.amazon.com/nova/latest/userguide/grounding.html,
 * https://docs.aws.amazon.com/nova/latest/nova2-userguide/web-grounding.html
 */
export function searchesWeb(model: string): boolean {
  return /\bus\.amazon\.nova-(premier|2-lite)/.test(model);
}

/**
 * Whether the model can be told to call one tool at a time. Claude can from 4.5 on; Amazon refused the field for earlier ones:
 * https://github.com/anthropics/anthropic-sdk-typescript/issues/592
 */
export function takesSingleCalls(model: string): boolean {
  return familyOf(model) === 'claude' && !/claude-(v?2|instant|3-|(opus|sonnet)-4-(1-)?20)/.test(model);
}

/**
 * "This model doesn't support the stopSequences field": gpt-oss (https://github.com/crewAIInc/crewAI/issues/3317) and Qwen
 * (https://github.com/langgenius/dify-official-plugins/issues/1767).
 */
export function takesStops(family: Family, model: string): boolean {
  return family !== 'gpt-oss' && !model.includes('qwen.');
}

/**
 * "The model that you are using requires the last turn in the conversation to be a user message".
 * https://github.com/i-am-bee/beeai-framework/issues/753
 */
export function endsWithUser(model: string): boolean {
  return model.includes('meta.llama');
}

/**
 * Llama and Mistral: "Conversation blocks and tool result blocks cannot be provided in the same turn", and likewise for calls.
 * https://github.com/strands-agents/harness-sdk/issues/1223, https://github.com/browser-use/browser-use/issues/710
 */
export function separatesTools(model: string): boolean {
  return model.includes('meta.llama') || isMistral(model);
}

/** "This model doesn't support system messages": https://github.com/567-labs/instructor/issues/1753. Nor does Titan, by the table above. */
export function refusesSystem(model: string): boolean {
  return /mistral\.mi(stral-7b|xtral-8x7b)|amazon\.titan/.test(model);
}
