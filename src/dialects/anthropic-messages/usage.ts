// Token counts. The wire counts as the neutral model does: `input_tokens` is the part of the prompt that is not cached.
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';
import { CountReader, type StatedUsage, tierIn, type Usage } from '../../model/usage.ts';
import { put } from '../shared/own-fields.ts';
import { servedTier } from '../shared/settings/service-tier.ts';

/** The counts that are stated; null and missing ones are left out, so that an earlier report stands. */
export function parseUsage(wire: JsonObject): StatedUsage {
  const counts = new CountReader();
  const usage: Partial<Usage> = {};
  const set = (key: keyof Usage, value: JsonObject[string]) => {
    const count = counts.read(value);
    if (count !== undefined) usage[key] = count;
  };
  set('inputTokens', wire.input_tokens);
  set('outputTokens', wire.output_tokens);
  set('cacheReadTokens', wire.cache_read_input_tokens);
  set('cacheWriteTokens', wire.cache_creation_input_tokens);
  set('cacheWrite1hTokens', asObject(wire.cache_creation)?.ephemeral_1h_input_tokens);
  set('reasoningTokens', asObject(wire.output_tokens_details)?.thinking_tokens);
  set('webSearches', asObject(wire.server_tool_use)?.web_search_requests);
  const { compacted, isOther } = readIterations(wire, counts);
  return {
    ...counts.stated(usage),
    ...tierIn(tierOf(wire)),
    ...(compacted !== undefined && { besides: compacted }),
    ...(isOther && { otherCharges: true as const }),
  };
}

/** `fast` costs several times as much, `inference_geo` a tenth more; the last is capacity that was paid for in advance. */
function tierOf({ speed, inference_geo, service_tier }: JsonObject): string | undefined {
  if (speed === 'fast') return 'fast';
  if (inference_geo === 'us') return 'us';
  return service_tier === 'priority' ? 'priority' : undefined;
}

const COMPACTED = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'cacheWrite1hTokens',
] as const;

/**
 * The counts above are those of the answer's own turns. Tokens for a summary of the conversation
 * (https://docs.claude.com/en/docs/build-with-claude/compaction) are added, as are those for another model's advice, at that model's
 * prices.
 */
function readIterations(
  wire: JsonObject,
  counts: CountReader,
): { compacted?: Partial<Usage>; isOther: boolean } {
  let compacted: Partial<Usage> | undefined;
  let isOther = false;
  for (const entry of asArray(wire.iterations) ?? []) {
    const turn = asObject(entry);
    if (turn === undefined || turn.type === 'message') continue;
    if (turn.type !== 'compaction') {
      isOther = true;
      continue;
    }
    const own = [
      turn.input_tokens,
      turn.output_tokens,
      turn.cache_read_input_tokens,
      turn.cache_creation_input_tokens,
      asObject(turn.cache_creation)?.ephemeral_1h_input_tokens,
    ];
    compacted ??= {};
    for (const [at, key] of COMPACTED.entries())
      compacted[key] = (compacted[key] ?? 0) + (counts.read(own[at]) ?? 0);
  }
  return { isOther, ...(compacted !== undefined && { compacted }) };
}

/** Counts for which clients have no field. */
export const COUNTS_WITHOUT_FIELD: readonly (keyof Usage)[] = ['audioInputTokens', 'audioOutputTokens'];

/** The only one of its tiers that other vendors have too. */
const TIERS: ReadonlySet<string> = new Set(['priority']);

/**
 * The four counts that clients require, and any others that are known.
 * @param tier the one that served.
 */
export function buildUsage(usage: Usage, tier?: string): JsonObject {
  const wire: JsonObject = {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cacheReadTokens,
    output_tokens: usage.outputTokens,
    ...servedTier('service_tier', tier, TIERS),
  };
  if (usage.cacheWriteTokens > 0) {
    put(wire, 'cache_creation', {
      ephemeral_5m_input_tokens: usage.cacheWriteTokens - usage.cacheWrite1hTokens,
      ephemeral_1h_input_tokens: usage.cacheWrite1hTokens,
    });
  }
  if (usage.reasoningTokens > 0) wire.output_tokens_details = { thinking_tokens: usage.reasoningTokens };
  if (usage.webSearches > 0)
    wire.server_tool_use = { web_search_requests: usage.webSearches, web_fetch_requests: 0 };
  return wire;
}
