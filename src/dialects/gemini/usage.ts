// `usageMetadata` ↔ token counts. https://ai.google.dev/api/generate-content#UsageMetadata
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import {
  CountReader,
  type PricedParts,
  type StatedUsage,
  tierIn,
  totalInputTokens,
  type Usage,
} from '../../model/usage.ts';
import { servedTier } from '../shared/settings/service-tier.ts';

/** The counts that an event states. Events within a stream may state only the traffic type. */
export function parseUsage(metadata: JsonObject): StatedUsage {
  const counts = new CountReader();
  const usage: Partial<Usage> = {};
  const prompt = counts.read(metadata.promptTokenCount);
  const cached = counts.read(metadata.cachedContentTokenCount);
  const toolUse = counts.read(metadata.toolUsePromptTokenCount);
  const answer = counts.read(metadata.candidatesTokenCount);
  const thoughts = counts.read(metadata.thoughtsTokenCount);
  // The prompt's count includes the cached part, but not what the provider's tools added.
  if (prompt !== undefined) usage.inputTokens = Math.max(0, prompt - (cached ?? 0)) + (toolUse ?? 0);
  if (cached !== undefined) usage.cacheReadTokens = cached;
  if (answer !== undefined || thoughts !== undefined) usage.outputTokens = (answer ?? 0) + (thoughts ?? 0);
  if (thoughts !== undefined) usage.reasoningTokens = thoughts;
  const audioIn = tokensOf('AUDIO', metadata.promptTokensDetails, counts);
  const audioOut = tokensOf('AUDIO', metadata.candidatesTokensDetails, counts);
  if (audioIn !== undefined) usage.audioInputTokens = audioIn;
  if (audioOut !== undefined) usage.audioOutputTokens = audioOut;
  const pricedApart = partsIn(metadata, counts);
  return {
    ...counts.stated(usage),
    ...(pricedApart !== undefined && { pricedApart }),
    ...tierIn(metadata.serviceTier ?? TRAFFIC[String(metadata.trafficType)]),
  };
}

/** Vertex's names for the tiers. https://aiplatform.googleapis.com/$discovery/rest?version=v1beta1 (`trafficType`) */
const TRAFFIC: Record<string, string> = {
  ON_DEMAND_FLEX: 'flex',
  ON_DEMAND_PRIORITY: 'priority',
  ON_DEMAND_OFFPEAK: 'off_peak',
};

/** Undefined if there are none. */
function partsIn(
  { cacheTokensDetails, candidatesTokensDetails }: JsonObject,
  counts: CountReader,
): PricedParts | undefined {
  if (cacheTokensDetails === undefined && candidatesTokensDetails === undefined) return undefined;
  const cachedAudio = tokensOf('AUDIO', cacheTokensDetails, counts) ?? 0;
  const images = tokensOf('IMAGE', candidatesTokensDetails, counts) ?? 0;
  const videos = tokensOf('VIDEO', candidatesTokensDetails, counts) ?? 0;
  if (cachedAudio + images + videos === 0) return undefined;
  return {
    ...(cachedAudio > 0 && { cachedAudioTokens: cachedAudio }),
    ...(images > 0 && { imageOutputTokens: images }),
    ...(videos > 0 && { videoOutputTokens: videos }),
  };
}

function tokensOf(modality: string, details: JsonValue | undefined, counts: CountReader): number | undefined {
  for (const item of asArray(details) ?? []) {
    const detail = asObject(item);
    if (detail?.modality === modality) return counts.read(detail.tokenCount);
  }
  return undefined;
}

/** Counts for which clients have no field; cache writes count as fresh input. */
export const COUNTS_WITHOUT_FIELD: readonly (keyof Usage)[] = ['cacheWriteTokens', 'webSearches'];

/** For chunks before the last: Google's always have these two counts. The answer is counted at its end. */
export function countsSoFar(usage: Usage): JsonObject {
  const prompt = totalInputTokens(usage);
  return { promptTokenCount: prompt, totalTokenCount: prompt };
}

/** @param tier the one that served. */
export function buildUsage(usage: Usage, tier?: string): JsonObject {
  const prompt = totalInputTokens(usage);
  // Some servers report more reasoning tokens than output. Here the rest of the output is a separate count, which must not be negative.
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
  return { ...metadata, ...servedTier('serviceTier', tier) };
}

function modality(tokens: number): JsonObject[] | undefined {
  return tokens === 0 ? undefined : [{ modality: 'AUDIO', tokenCount: tokens }];
}
