// The most tokens that models write, as their vendors document it, for models that refuse a request for more.
import type { OutputLimit } from '../dialects/quirks.ts';

/**
 * "max_tokens: 9999999 > 128000, which is the maximum allowed number of output tokens for claude-opus-4-8".
 * https://platform.claude.com/docs/en/about-claude/models/overview, https://github.com/Effect-TS/effect/pull/7129
 */
export const CLAUDE_OUTPUT: readonly OutputLimit[] = [
  { models: /claude-3-(opus|sonnet|haiku)/, tokens: 4_096 },
  { models: /claude-3-5-/, tokens: 8_192 },
  { models: /claude-opus-4(?![-.][5-9]\b)/, tokens: 32_000 },
  { models: /claude-(3-7-|sonnet-4(?![-.][6-9]\b)|(opus|haiku)-4[-.]5\b)/, tokens: 64_000 },
  { models: /claude-((opus|sonnet)-4[-.][6-9]\b|(opus|sonnet|haiku|fable|mythos)-5\b)/, tokens: 128_000 },
];

/**
 * "max_tokens is too large: 32000. This model supports at most 16384 completion tokens": https://developers.openai.com/api/docs/models,
 * https://github.com/ogx-ai/ogx/pull/5696
 */
export const OPENAI_OUTPUT: readonly OutputLimit[] = [
  { models: /^(ft:)?gpt-(4o-2024-05-13|4-turbo|3\.5-turbo)/, tokens: 4_096 },
  { models: /^(ft:)?((chat)?gpt-4o|gpt-5(\.\d)?-chat)/, tokens: 16_384 },
  { models: /^(ft:)?gpt-4\.1/, tokens: 32_768 },
  { models: /^(ft:)?o(1(?!-(mini|preview))|3|4-mini)/, tokens: 100_000 },
  { models: /^(ft:)?gpt-[56]\b(?!.*(chat|pro))/, tokens: 128_000 },
];

/** https://ai.google.dev/gemini-api/docs/models */
export const GEMINI_OUTPUT = geminiOutput(65_536);

/**
 * One less on Google Cloud: "it has a maxOutputTokens value of 65536 but the supported range is from 1 (inclusive) to 65536
 * (exclusive)". https://github.com/BerriAI/litellm/pull/10548
 */
export const CLOUD_GEMINI_OUTPUT = geminiOutput(65_535);

/** For the earlier models: https://github.com/stackblitz-labs/bolt.diy/issues/955 */
function geminiOutput(tokens: number): readonly OutputLimit[] {
  return [
    { models: /^gemini-(1\.5|2\.0)-/, tokens: 8_192 },
    { models: /^gemini-(2\.5|3(\.\d)?)-(pro|flash)(?!.*(image|tts|audio|live))/, tokens },
  ];
}

/** https://console.groq.com/docs/models, https://github.com/RooCodeInc/Roo-Code/issues/5136 */
export const GROQ_OUTPUT: readonly OutputLimit[] = [
  { models: /^llama-3\.3-70b-versatile$/, tokens: 32_768 },
  { models: /^qwen\/qwen3-32b$/, tokens: 40_960 },
  { models: /^openai\/gpt-oss-/, tokens: 65_536 },
];

/** "Range of max_tokens should be [1, 8192]": https://github.com/anomalyco/opencode/issues/16971 */
export const QWEN_OUTPUT: readonly OutputLimit[] = [{ models: /^qwen-max/, tokens: 8_192 }];
