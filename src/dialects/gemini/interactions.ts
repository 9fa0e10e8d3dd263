// What an interaction is billed by, as stated in its answer. https://ai.google.dev/api/interactions-api
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { countIn, type StatedUsage } from '../../model/usage.ts';
import type { ForwardedPath } from '../forwarded-path.ts';
import { parseUsage } from './usage.ts';

/** A whole answer has `usage`; the last event of a stream has the whole `interaction`. */
export const INTERACTION_BILL: Pick<ForwardedPath, 'billIn' | 'billFields'> = {
  billFields: ['usage', 'interaction'],
  billIn({ usage, interaction }) {
    const stated = asObject(usage) ?? asObject(asObject(interaction)?.usage);
    return stated && interactionUsage(stated);
  },
};

/** Decisions state the same counts, at unknown prices. */
export const DECISION_BILL: Pick<ForwardedPath, 'billIn'> = {
  billIn({ usage }) {
    const stated = asObject(usage);
    return stated && { ...interactionUsage(stated), otherCharges: true };
  },
};

/** The counts of `usageMetadata`, under other names. */
function interactionUsage(usage: JsonObject): StatedUsage {
  const counts: JsonObject = {};
  for (const [name, stated] of TOTALS) if (usage[stated] !== undefined) counts[name] = usage[stated];
  const [input = 0, , tools = 0, output = 0, thoughts = 0] = TOTALS.map(([, stated]) =>
    countIn(usage[stated]),
  );
  // Thoughts are counted separately from the output, unless the total says otherwise.
  const hasThoughtsIn = thoughts > 0 && usage.total_tokens === input + tools + output;
  if (hasThoughtsIn) counts.candidatesTokenCount = Math.max(0, output - thoughts);
  for (const [name, stated] of DETAILS)
    if (usage[stated] !== undefined) counts[name] = detailsIn(usage[stated]);
  const searches = asArray(usage.grounding_tool_count) ?? [];
  return { ...parseUsage(counts), ...(searches.length > 0 && { otherCharges: true }) };
}

const TOTALS = [
  ['promptTokenCount', 'total_input_tokens'],
  ['cachedContentTokenCount', 'total_cached_tokens'],
  ['toolUsePromptTokenCount', 'total_tool_use_tokens'],
  ['candidatesTokenCount', 'total_output_tokens'],
  ['thoughtsTokenCount', 'total_thought_tokens'],
] as const;

const DETAILS = [
  ['promptTokensDetails', 'input_tokens_by_modality'],
  ['cacheTokensDetails', 'cached_tokens_by_modality'],
  ['candidatesTokensDetails', 'output_tokens_by_modality'],
] as const;

function detailsIn(details: JsonValue): JsonValue {
  return (asArray(details) ?? []).map((item) => {
    const { modality, tokens = 0 } = asObject(item) ?? {};
    return { modality: String(modality).toUpperCase(), tokenCount: tokens };
  });
}
