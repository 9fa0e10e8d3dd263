// `usageMetadata` ↔ token counts. https://ai.google.dev/api/generate-content#UsageMetadata
import { asArray, asNumber, asObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { totalInputTokens, type Usage } from '../../model/usage.ts';

/** What an event states; events in the middle of a stream may state nothing but the traffic type. */
export function parseUsage(metadata: JsonObject): Partial<Usage> {
  const usage: Partial<Usage> = {};
  const prompt = asNumber(metadata.promptTokenCount);
  const cached = asNumber(metadata.cachedContentTokenCount);
  const toolUse = asNumber(metadata.toolUsePromptTokenCount);
  const answer = asNumber(metadata.candidatesTokenCount);
  const thoughts = asNumber(metadata.thoughtsTokenCount);
  // The prompt's count holds the cached part, and leaves out what tools of the provider put in.
  if (prompt !== undefined) usage.inputTokens = Math.max(0, prompt - (cached ?? 0)) + (toolUse ?? 0);
  if (cached !== undefined) usage.cacheReadTokens = cached;
  if (answer !== undefined || thoughts !== undefined) usage.outputTokens = (answer ?? 0) + (thoughts ?? 0);
  if (thoughts !== undefined) usage.reasoningTokens = thoughts;
  const audioIn = audioTokens(metadata.promptTokensDetails);
  const audioOut = audioTokens(metadata.candidatesTokensDetails);
  if (audioIn !== undefined) usage.audioInputTokens = audioIn;
  if (audioOut !== undefined) usage.audioOutputTokens = audioOut;
  return usage;
}

function audioTokens(details: JsonValue | undefined): number | undefined {
  for (const item of asArray(details) ?? []) {
    const detail = asObject(item);
    if (detail?.modality === 'AUDIO') return asNumber(detail.tokenCount);
  }
  return undefined;
}

/** What clients have no field for: cache writes count as fresh input. */
export const UNSAID_COUNTS: readonly (keyof Usage)[] = ['cacheWriteTokens', 'webSearches'];

export function buildUsage(usage: Usage): JsonObject {
  const prompt = totalInputTokens(usage);
  // Some servers report more reasoning than output in all; here the two would be added up.
  const thoughts = Math.min(usage.reasoningTokens, usage.outputTokens);
  const metadata: JsonObject = {
    promptTokenCount: prompt,
    candidatesTokenCount: usage.outputTokens - thoughts,
    totalTokenCount: prompt + usage.outputTokens,
  };
  if (usage.cacheReadTokens > 0) metadata.cachedContentTokenCount = usage.cacheReadTokens;
  if (thoughts > 0) metadata.thoughtsTokenCount = thoughts;
  const audioIn = modality(usage.audioInputTokens);
  const audioOut = modality(usage.audioOutputTokens);
  if (audioIn !== undefined) metadata.promptTokensDetails = audioIn;
  if (audioOut !== undefined) metadata.candidatesTokensDetails = audioOut;
  return metadata;
}

function modality(tokens: number): JsonObject[] | undefined {
  return tokens === 0 ? undefined : [{ modality: 'AUDIO', tokenCount: tokens }];
}
