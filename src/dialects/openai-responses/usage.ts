// Token counts ↔ `usage`.
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { billIn } from '../openai/stated-bill.ts';
import { CountReader, type StatedUsage, tierIn, totalInputTokens, type Usage } from '../../model/usage.ts';

/**
 * The counts that a response object states; undefined if it has no usage. `input_tokens` includes cached and cache-written tokens
 * (recorded: written 1217 of 1220), `output_tokens` includes reasoning.
 */
export function parseUsage(response: JsonObject): StatedUsage | undefined {
  const usage = asObject(response.usage);
  if (usage === undefined) return undefined;
  const inputDetails = asObject(usage.input_tokens_details);
  const outputDetails = asObject(usage.output_tokens_details);
  const counts = new CountReader();
  const parsed: Partial<Usage> = {};

  const input = counts.read(usage.input_tokens);
  const cacheRead = counts.read(inputDetails?.cached_tokens);
  const cacheWrite = counts.read(inputDetails?.cache_write_tokens);
  if (cacheRead !== undefined) parsed.cacheReadTokens = cacheRead;
  if (cacheWrite !== undefined) parsed.cacheWriteTokens = cacheWrite;
  if (input !== undefined) {
    const cached = (cacheRead ?? 0) + (cacheWrite ?? 0);
    // More cached than input tokens can only mean that the two are counted separately.
    parsed.inputTokens = cached > input ? input : input - cached;
  }
  const output = counts.read(usage.output_tokens);
  const reasoning = counts.read(outputDetails?.reasoning_tokens);
  if (output !== undefined) parsed.outputTokens = output;
  if (reasoning !== undefined) parsed.reasoningTokens = reasoning;
  const audioInput = counts.read(inputDetails?.audio_tokens);
  const audioOutput = counts.read(outputDetails?.audio_tokens);
  if (audioInput !== undefined) parsed.audioInputTokens = audioInput;
  if (audioOutput !== undefined) parsed.audioOutputTokens = audioOutput;

  const searches =
    counts.read(asObject(asObject(response.tool_usage)?.web_search)?.num_requests) ??
    counts.read(asObject(usage.server_side_tool_usage_details)?.web_search_calls) ??
    countSearches(response.output);
  if (searches !== undefined) parsed.webSearches = searches;
  return {
    ...counts.stated(parsed),
    ...tierIn(response.service_tier),
    ...chargesIn(response, counts, searches ?? 0),
    ...billIn(usage),
  };
}

/** Tools that are billed separately: file searches have a price, images are another model's tokens, and code is billed per session. */
function chargesIn(
  response: JsonObject,
  counts: CountReader,
  searches: number,
): Pick<StatedUsage, 'pricedApart' | 'otherCharges'> {
  const fileSearches = countItems(response.output, 'file_search_call');
  const images = counts.read(asObject(asObject(response.tool_usage)?.image_gen)?.total_tokens) ?? 0;
  const isOther =
    images > 0 ||
    (searches > 0 && searchesByPreview(response)) ||
    countItems(response.output, 'image_generation_call') > 0 ||
    countItems(response.output, 'code_interpreter_call') > 0 ||
    (asArray(response.output) ?? []).some(runsInContainer);
  return {
    ...(fileSearches > 0 && { pricedApart: { fileSearches } }),
    ...(isOther && { otherCharges: true as const }),
  };
}

/**
 * For models that do not think, the preview version of web search costs 2.5 times as much as the released one, whose price is in the table.
 * https://platform.openai.com/docs/pricing#built-in-tools
 */
function searchesByPreview({ tools, reasoning }: JsonObject): boolean {
  if (asString(asObject(reasoning)?.effort)) return false;
  return (asArray(tools) ?? []).some((tool) => PREVIEW.test(asString(asObject(tool)?.type) ?? ''));
}

/** A date may follow. */
const PREVIEW = /^web_search_preview/;

/** Commands that the client runs itself cost nothing. */
function runsInContainer(entry: JsonValue): boolean {
  const item = asObject(entry);
  return item?.type === 'shell_call' && asObject(item.environment)?.type === 'container_reference';
}

function countItems(output: JsonValue | undefined, type: string): number {
  return (asArray(output) ?? []).filter((entry) => asObject(entry)?.type === type).length;
}

/** Counts the calls in the answer, if no count is stated. Each search is billed; opening a page that was found is not. */
function countSearches(output: JsonValue | undefined): number | undefined {
  const searches = (asArray(output) ?? []).filter((entry) => {
    const item = asObject(entry);
    if (item?.type !== 'web_search_call') return false;
    const action = asObject(item.action)?.type;
    return action === undefined || action === 'search';
  });
  return searches.length === 0 ? undefined : searches.length;
}

/** Counts for which clients have no field. */
export const COUNTS_WITHOUT_FIELD: readonly (keyof Usage)[] = ['cacheWrite1hTokens'];

export function buildUsage(usage: Usage): JsonObject {
  const input = totalInputTokens(usage);
  const hasAudio = usage.audioInputTokens > 0 || usage.audioOutputTokens > 0;
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cacheReadTokens,
      cache_write_tokens: usage.cacheWriteTokens,
      ...(hasAudio && { audio_tokens: usage.audioInputTokens }),
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      ...(hasAudio && { audio_tokens: usage.audioOutputTokens }),
    },
    total_tokens: input + usage.outputTokens,
  };
}
