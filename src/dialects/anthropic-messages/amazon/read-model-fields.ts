// Rewrites what Converse passes on to a model in the model's own words (additionalModelRequestFields) in Claude's: mainly other names for
// thinking, which Anthropic refuses ("Extra inputs are not permitted").
import { asObject, asString, type JsonObject, type JsonValue } from '../../../model/json/json.ts';

/** Called with the path of each feature that Messages has no place for. */
type Lost = (feature: string) => void;

/** The fields that the Messages request gets from each family's words. Claude's own words pass, and override the others'. */
export function readModelFields(fields: JsonObject, lost: Lost): JsonObject {
  const { reasoning_config: config, reasoningConfig: nova, reasoning_effort: effort, ...others } = fields;
  const { reasoning: gpt, inferenceConfig: inference, ...own } = others;
  const asked: [string, JsonObject | undefined][] = [
    ['reasoning_config', claudeThinking(config)],
    ['reasoningConfig', novaThinking(nova)],
    ['reasoning_effort', ofEffort(effort)],
    ['reasoning', gptThinking(gpt)],
  ];
  const read: JsonObject = { ...readTopK(inference, lost), ...own };
  for (const [name, settings] of asked) {
    if (fields[name] === undefined || fields[name] === null) continue;
    if (settings === undefined || (read.thinking ?? null) !== null) lost(name);
    else Object.assign(read, withConfig(settings, read.output_config));
  }
  return read;
}

/** What was said in Claude's own words stays. */
function withConfig(settings: JsonObject, given: JsonValue | undefined): JsonObject {
  const config = { ...asObject(settings.output_config), ...asObject(given) };
  return { ...settings, ...(Object.keys(config).length > 0 && { output_config: config }) };
}

/**
 * Claude's `thinking` under Amazon's earlier name, by which LangChain4j and Koog ask for it.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/inference-reasoning.html, https://github.com/JetBrains/koog/issues/1188
 */
function claudeThinking(config: JsonValue | undefined): JsonObject | undefined {
  const thinking = asObject(config);
  return thinking && { thinking };
}

/** https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html */
function novaThinking(config: JsonValue | undefined): JsonObject | undefined {
  const { type, maxReasoningEffort: effort } = asObject(config) ?? {};
  if (type === 'disabled') return OFF;
  return type === 'enabled' ? ofEffort(effort ?? 'medium') : undefined;
}

/** GPT's settings, as in Responses. */
function gptThinking(settings: JsonValue | undefined): JsonObject | undefined {
  const { effort, summary } = asObject(settings) ?? {};
  const asked = ofEffort(effort);
  const shows = asString(summary) !== undefined && asked !== undefined && asked !== OFF;
  return shows ? { ...asked, thinking: { ...ADAPTIVE, display: 'summarized' } } : asked;
}

const OFF: JsonObject = { thinking: { type: 'disabled' } };
const ADAPTIVE: JsonObject = { type: 'adaptive' };

/** An effort in the words of other vendors' models (gpt-oss, GPT). Claude has none lower than `low`. */
function ofEffort(effort: JsonValue | undefined): JsonObject | undefined {
  const level = asString(effort);
  if (level === undefined) return undefined;
  if (level === 'none') return OFF;
  return { thinking: ADAPTIVE, output_config: { effort: level === 'minimal' ? 'low' : level } };
}

/** Nova's place for settings that Converse lacks. https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html */
function readTopK(inference: JsonValue | undefined, lost: Lost): JsonObject {
  const { topK, ...others } = asObject(inference) ?? {};
  for (const name of Object.keys(others)) lost(`additionalModelRequestFields.inferenceConfig.${name}`);
  return topK === undefined || topK === null ? {} : { top_k: topK };
}
