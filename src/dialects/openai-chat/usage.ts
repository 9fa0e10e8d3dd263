// Token counts ↔ `usage`, across the servers that speak this dialect.
import { asArray, asObject, asString, type JsonObject } from '../../model/json/json.ts';
import { billIn } from '../openai/stated-bill.ts';
import { CountReader, type StatedUsage, tierIn, totalInputTokens, type Usage } from '../../model/usage.ts';

/**
 * Mistral's own counts, if they can be true: a recording had 64 cached tokens in a prompt of 10, and a total without them.
 * https://docs.mistral.ai/api, https://github.com/vercel/ai/issues/14382
 */
function withinPrompt(usage: JsonObject, prompt = 0): number[] {
  return [usage.num_cached_tokens, asObject(usage.prompt_token_details)?.cached_tokens].filter(
    (cached): cached is number => typeof cached === 'number' && cached <= prompt,
  );
}

/**
 * What a `usage` object states; fields that it leaves out stay undefined.
 *
 * `prompt_tokens` includes cached and cache-written tokens (recorded: cached 8885 + written 237 + 3 fresh
 * = 9125). `completion_tokens` includes reasoning, unless `total_tokens` shows that it does not (xAI:
 * 506 + 12 + 38 reasoning = 556), or it is less than the reasoning (Vercel: 10 + 37 reasoning, and the
 * stated cost is that of 47).
 */
export function parseUsage(usage: JsonObject): StatedUsage {
  const counts = new CountReader();
  const parsed: Partial<Usage> = {};
  const promptDetails = asObject(usage.prompt_tokens_details);
  const completionDetails = asObject(usage.completion_tokens_details);
  // Beside the counts that it details, or among them (Qwen).
  const cacheCreation = asObject(usage.cache_creation) ?? asObject(promptDetails?.cache_creation);

  const prompt = counts.read(usage.prompt_tokens);
  const cacheRead = counts.largest(
    promptDetails?.cached_tokens,
    usage.prompt_cache_hit_tokens,
    usage.cache_read_input_tokens,
    usage.cached_tokens,
    ...withinPrompt(usage, prompt),
  );
  const cacheWrite = counts.largest(
    promptDetails?.cache_write_tokens,
    promptDetails?.cache_creation_input_tokens,
    usage.cache_creation_input_tokens,
  );
  const cached = (cacheRead ?? 0) + (cacheWrite ?? 0);
  // More cached than prompt tokens can only mean that the two are counted separately.
  if (prompt !== undefined) parsed.inputTokens = cached > prompt ? prompt : prompt - cached;
  if (cacheRead !== undefined) parsed.cacheReadTokens = cacheRead;
  if (cacheWrite !== undefined) parsed.cacheWriteTokens = cacheWrite;
  const hour = counts.read(cacheCreation?.ephemeral_1h_input_tokens);
  if (hour !== undefined) parsed.cacheWrite1hTokens = hour;

  const completion = counts.read(usage.completion_tokens);
  const reasoning = counts.largest(completionDetails?.reasoning_tokens, usage.reasoning_tokens);
  if (reasoning !== undefined) parsed.reasoningTokens = reasoning;
  if (completion !== undefined) {
    const total = counts.read(usage.total_tokens);
    const both = completion + (reasoning ?? 0);
    const countedApart = (reasoning ?? 0) > completion || total === (prompt ?? 0) + both;
    parsed.outputTokens = countedApart ? both : completion;
  }

  const audioInput = counts.read(promptDetails?.audio_tokens);
  if (audioInput !== undefined) parsed.audioInputTokens = audioInput;
  const audioOutput = counts.read(completionDetails?.audio_tokens);
  if (audioOutput !== undefined) parsed.audioOutputTokens = audioOutput;
  const searches = counts.read(asObject(usage.server_tool_use_details)?.web_search_requests);
  if (searches !== undefined) parsed.webSearches = searches;
  return counts.stated(parsed);
}

/** Counts for which clients have no field. */
export const COUNTS_WITHOUT_FIELD: readonly (keyof Usage)[] = ['cacheWrite1hTokens'];

export function buildUsage(usage: Usage): JsonObject {
  const prompt = totalInputTokens(usage);
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.outputTokens,
    total_tokens: prompt + usage.outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cacheReadTokens,
      audio_tokens: usage.audioInputTokens,
      // Not a field of OpenAI's: clients that price cache writes know it from OpenRouter.
      ...(usage.cacheWriteTokens > 0 && { cache_write_tokens: usage.cacheWriteTokens }),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: usage.audioOutputTokens,
    },
    ...(usage.webSearches > 0 && { server_tool_use_details: { web_search_requests: usage.webSearches } }),
  };
}

/** The counts that a chunk or body states; undefined if it has none. */
export function countsIn(body: JsonObject, choice: JsonObject | undefined): StatedUsage | undefined {
  const usage = findUsage(body, choice);
  if (usage === undefined) return undefined;
  const stated = {
    ...parseUsage(usage),
    ...tierIn(body.service_tier),
    ...billIn(usage),
    ...(heardAudio(usage) && { otherCharges: true as const }),
  };
  return SEARCHES_ALWAYS.test(asString(body.model) ?? '') ? withSearches(stated) : stated;
}

/**
 * OpenAI's models that search before each answer, whether they cite anything or not.
 * https://platform.openai.com/docs/guides/tools-web-search
 */
const SEARCHES_ALWAYS = /\bgpt-[\w.-]+-search-(preview|api)\b/;

/** Mistral's Voxtral charges for audio by the minute, in addition to tokens. https://docs.mistral.ai/models/voxtral-small-25-07 */
function heardAudio({ prompt_audio_seconds: seconds }: JsonObject): boolean {
  return typeof seconds === 'number' && seconds > 0;
}

/** The counts of an answer for which the server searched or ran other tools: these are billed, but few servers count them. */
export function withSearches(stated: StatedUsage): StatedUsage {
  return stated.webSearches ? stated : { ...stated, otherCharges: true };
}

/** Whether a message or delta shows that, by web pages that it cites, or by tools that were run (Groq). */
export function showsSearches({ annotations, executed_tools: run }: JsonObject): boolean {
  if (asArray(run)?.length) return true;
  return (asArray(annotations) ?? []).some((item) => asObject(asObject(item)?.url_citation) !== undefined);
}

/** The usage object of a chunk or body, wherever the server puts it (at the top, in the choice, in `x_groq`). */
function findUsage(body: JsonObject, choice: JsonObject | undefined): JsonObject | undefined {
  return asObject(body.usage) ?? asObject(choice?.usage) ?? asObject(asObject(body.x_groq)?.usage);
}
