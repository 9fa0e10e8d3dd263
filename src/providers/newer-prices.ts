// Vendors' prices of models that the price table does not contain or has an outdated price for. A row is removed when the table has it.
import type { TablePrices, TimedPrices } from './kind.ts';

const FABLE_5_2: TablePrices = {
  input_mtok: 8,
  cache_write_mtok: 10,
  cache_write_1h_mtok: 16,
  cache_read_mtok: 0.2,
  output_mtok: 40,
  web_searches_kcount: 10,
};

/** https://platform.claude.com/docs/en/about-claude/pricing, in November 2026. */
export const CLAUDE_PRICES: Readonly<Record<string, TablePrices>> = {
  'claude-sonnet-5-5': {
    input_mtok: 2,
    cache_write_mtok: 2.5,
    cache_write_1h_mtok: 4,
    cache_read_mtok: 0.1,
    output_mtok: 10,
    web_searches_kcount: 10,
  },
  'claude-haiku-5-5': {
    input_mtok: longPrompt(100_000, 0.1, 0.5),
    cache_write_mtok: longPrompt(100_000, 0.125, 0.625),
    cache_write_1h_mtok: longPrompt(100_000, 0.2, 1),
    cache_read_mtok: longPrompt(100_000, 0.01, 0.05),
    output_mtok: longPrompt(100_000, 0.5, 2.5),
    web_searches_kcount: 10,
  },
  'claude-fable-5-2': FABLE_5_2,
  'claude-mythos-5-2': FABLE_5_2,
  'claude-mythos-5-1': mythos(0.25),
  'claude-mythos-5': mythos(1),
};

/** Billed by the hour of audio that is heard. https://developers.openai.com/api/docs/models/gpt-realtime-whisper, in November 2026. */
const HEARD_LIVE: TablePrices = { audio_hours: 1.02 };

/** Billed by the hour of a conversation. https://developers.openai.com/api/docs/models/gpt-live-1, in November 2026. */
const LIVE: TablePrices = { audio_hours: 3 };

const SOL: TablePrices = {
  input_mtok: longPrompt(272_000, 2, 4),
  cache_write_mtok: longPrompt(272_000, 2.5, 5),
  cache_read_mtok: longPrompt(272_000, 0.1, 0.2),
  output_mtok: longPrompt(272_000, 10, 15),
  web_searches_kcount: 10,
  storage_searches_kcount: 2.5,
};

/** https://developers.openai.com/api/docs/models/gpt-6.2-sol and the others' pages beside it, in November 2026. */
export const OPENAI_PRICES: Readonly<Record<string, TablePrices>> = {
  'gpt-6.1-terra': {
    ...SOL,
    input_mtok: longPrompt(272_000, 1, 2),
    cache_write_mtok: longPrompt(272_000, 1.25, 2.5),
    cache_read_mtok: longPrompt(272_000, 0.05, 0.1),
    output_mtok: longPrompt(272_000, 5, 7.5),
  },
  'gpt-live-1': LIVE,
  'gpt-live-1.1': LIVE,
  'gpt-live-transcribe': HEARD_LIVE,
  'gpt-realtime-whisper': HEARD_LIVE,
  'gpt-6.1-sol': SOL,
  'gpt-6.2-sol': SOL,
  'gpt-6.2-astra': {
    ...SOL,
    input_mtok: longPrompt(272_000, 8, 16),
    cache_write_mtok: longPrompt(272_000, 10, 20),
    cache_read_mtok: longPrompt(272_000, 0.4, 0.8),
    output_mtok: longPrompt(272_000, 40, 60),
  },
};

/** Argon and Carbon: from December 2026 on. */
const ARGON: TablePrices = { input_mtok: 4, cache_read_mtok: 0.2, output_mtok: 20, web_searches_kcount: 14 };

/** https://ai.google.dev/gemini-api/docs/pricing; https://github.com/BerriAI/litellm/discussions/46238, /51436 */
export const GEMINI_PRICES: Readonly<Record<string, TablePrices>> = {
  'gemini-4-argon': ARGON,
  'gemini-4-carbon': ARGON,
  'gemini-4-hydrogen': {
    ...{ input_mtok: 1.5, cache_read_mtok: 0.075, output_mtok: 7.5 },
    web_searches_kcount: 14,
  },
  'gemini-4-neon': { input_mtok: 3, cache_read_mtok: 0.15, output_mtok: 15, web_searches_kcount: 14 },
};

/** The price of text: https://github.com/BerriAI/litellm/pull/15298 */
const EMBED_4: TablePrices = { input_mtok: 0.12 };

/**
 * https://aws.amazon.com/bedrock/pricing/, in November 2026; Claude's:
 * https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonBedrockFoundationModels/current/us-east-1/index.json.
 * The table has the second Titan at the price of the first, and Claude in GovCloud at that of the other places of the United States:
 * https://github.com/BerriAI/litellm/pull/28573
 */
export const AMAZON_PRICES: Readonly<Record<string, TablePrices>> = {
  'cohere.embed-v4': EMBED_4,
  'us.cohere.embed-v4': EMBED_4,
  'eu.cohere.embed-v4': EMBED_4,
  'global.cohere.embed-v4': EMBED_4,
  'amazon.titan-embed-text-v2': { input_mtok: 0.02 },
  'cohere.embed-english-v3': { input_mtok: 0.1 },
  'cohere.embed-multilingual-v3': { input_mtok: 0.1 },
  'us-gov.anthropic.claude-sonnet-4-5': {
    input_mtok: 3.6,
    cache_write_mtok: 4.5,
    cache_write_1h_mtok: 7.2,
    cache_read_mtok: 0.36,
    output_mtok: 18,
  },
  ...claudeOnAmazon('claude-sonnet-5-5', ['us', 'eu', 'jp', 'au', 'apac']),
  ...claudeOnAmazon('claude-haiku-5-5', ['us', 'eu', 'jp', 'au', 'apac']),
  ...claudeOnAmazon('claude-fable-5-2', ['us', 'eu']),
  ...claudeOnAmazon('claude-mythos-5-2', ['us', 'eu']),
};

const FLASH: TimedPrices[] = [
  { prices: { input_mtok: 0.15, cache_read_mtok: 0.003, output_mtok: 0.6 } },
  deepSeekPeak('01:00', '04:00'),
  deepSeekPeak('06:00', '10:00'),
];

/** https://api-docs.deepseek.com/quick_start/pricing: names of earlier Flash models are served and billed as Flash. */
export const DEEPSEEK_PRICES: Readonly<Record<string, TimedPrices[]>> = {
  'deepseek-flash': FLASH,
  'deepseek-v4-flash': FLASH,
  'deepseek-v4-flash-vision-exp': FLASH,
};

/** https://docs.x.ai/developers/models, https://github.com/BerriAI/litellm/discussions/42287 */
export const XAI_PRICES: Readonly<Record<string, TablePrices>> = {
  'grok-4.7': {
    input_mtok: longPrompt(200_000, 2, 4),
    cache_read_mtok: longPrompt(200_000, 0.5, 1),
    output_mtok: longPrompt(200_000, 6, 12),
  },
};

/** https://platform.kimi.ai/docs/pricing/chat, https://docs.apiyi.com/en/api-capabilities/kimi-k3-1/overview */
export const KIMI_PRICES: Readonly<Record<string, TablePrices>> = {
  'kimi-k3.1-pro': {
    ...{ input_mtok: 2, cache_read_mtok: 0.2, output_mtok: 10 },
    ...{ cache_write_mtok: 2, cache_write_1h_mtok: 4 },
  },
  'kimi-k3.1-pro-highspeed': {
    ...{ input_mtok: 4, cache_read_mtok: 0.2, output_mtok: 20 },
    ...{ cache_write_mtok: 4, cache_write_1h_mtok: 8 },
  },
};

const MISTRAL_LARGE_4: TablePrices = { input_mtok: 0.7, cache_read_mtok: 0.07, output_mtok: 2.1 };

/** https://docs.mistral.ai/inference/pricing, in November 2026. */
export const MISTRAL_PRICES: Readonly<Record<string, TablePrices>> = {
  'mistral-large-4': MISTRAL_LARGE_4,
  'mistral-large-4-0': MISTRAL_LARGE_4,
  'mistral-small-latest': { input_mtok: 0.15, cache_read_mtok: 0.015, output_mtok: 0.6 },
  'zai-glm-5-3': { input_mtok: 1.4, cache_read_mtok: 0.14, output_mtok: 4.4 },
  'zai-glm-5-3-flash': { input_mtok: 0.15, cache_read_mtok: 0.03, output_mtok: 0.5 },
};

/** https://console.groq.com/docs/model/qwen/qwen3.8-27b */
export const GROQ_PRICES: Readonly<Record<string, TablePrices>> = {
  'qwen/qwen3.8-27b': { input_mtok: 0.8, output_mtok: 4 },
};

/** https://api.cerebras.ai/public/v1/models/qwen-3.8-27b */
export const CEREBRAS_PRICES: Readonly<Record<string, TablePrices>> = {
  'qwen-3.8-27b': { input_mtok: 0.99, output_mtok: 1.49 },
};

/** https://docs.z.ai/guides/overview/pricing; Flash: https://github.com/LiveBench/LiveBench/pull/519 */
export const GLM_PRICES: Readonly<Record<string, TablePrices>> = {
  'glm-5.3-flashx': { input_mtok: 0.37, cache_read_mtok: 0.075, output_mtok: 1.25 },
  'glm-4.7-flashx': { input_mtok: 0.07, cache_read_mtok: 0.01, output_mtok: 0.4 },
  'glm-4.6v': { input_mtok: 0.3, cache_read_mtok: 0.05, output_mtok: 0.9 },
  'glm-4.5v': { input_mtok: 0.6, cache_read_mtok: 0.11, output_mtok: 1.8 },
  'glm-5.3-flash': { input_mtok: 0.15, cache_read_mtok: 0.03, output_mtok: 0.5 },
  'glm-5.1': { input_mtok: 1.4, cache_read_mtok: 0.26, output_mtok: 4.4 },
  'glm-5-turbo': { input_mtok: 1.2, cache_read_mtok: 0.24, output_mtok: 4 },
  'glm-5': { input_mtok: 1, cache_read_mtok: 0.2, output_mtok: 3.2 },
  'glm-4.7': { input_mtok: 0.6, cache_read_mtok: 0.11, output_mtok: 2.2 },
  'glm-4.6': { input_mtok: 0.6, cache_read_mtok: 0.11, output_mtok: 2.2 },
  'glm-4.5': { input_mtok: 0.6, cache_read_mtok: 0.11, output_mtok: 2.2 },
  'glm-4.5-air': { input_mtok: 0.2, cache_read_mtok: 0.03, output_mtok: 1.1 },
};

/** Fable of the same version, for verified organizations, at Fable's price. */
function mythos(cacheRead: number): TablePrices {
  return {
    input_mtok: 10,
    cache_write_mtok: 12.5,
    cache_write_1h_mtok: 20,
    cache_read_mtok: cacheRead,
    output_mtok: 50,
    web_searches_kcount: 10,
  };
}

/** If the prompt is longer than `start`, all tokens of the request cost `price`. */
function longPrompt(start: number, base: number, price: number) {
  return { base, tiers: [{ start, price }] };
}

/** Flash's prices from the hour `start` to the hour `end`, in UTC. */
function deepSeekPeak(start: string, end: string): TimedPrices {
  return {
    constraint: { type: 'time_of_date', start_time: `${start}:00Z`, end_time: `${end}:00Z` },
    prices: { input_mtok: 0.3, cache_read_mtok: 0.006, output_mtok: 1.2 },
  };
}

/** Amazon charges Anthropic's price where it chooses the place, and a tenth more where the place is given. It sells no searches. */
function claudeOnAmazon(model: string, places: readonly string[]): Record<string, TablePrices> {
  const { web_searches_kcount: _, ...prices } = CLAUDE_PRICES[model] ?? {};
  const dearer = Object.fromEntries(Object.entries(prices).map(([unit, price]) => [unit, aTenthMore(price)]));
  const given = [`anthropic.${model}`, ...places.map((place) => `${place}.anthropic.${model}`)];
  return {
    [`global.anthropic.${model}`]: prices,
    ...Object.fromEntries(given.map((name) => [name, dearer])),
  };
}

function aTenthMore(price: TablePrices[string]): TablePrices[string] {
  if (typeof price === 'number') return price * 1.1;
  return {
    base: price.base * 1.1,
    tiers: price.tiers.map(({ start, price: more }) => ({ start, price: more * 1.1 })),
  };
}
