// Bills of recorded answers: the counts are read off the recordings by eye, the prices are the vendors' own, and the
// gateway, in front of the recording, must come to the same sum.
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../src/index.ts';
import { loadPrices } from '../../src/ledger/prices/library.ts';
import { findPrices } from '../../src/ledger/prices/table.ts';
import { findRecording, ownRecordings, type Recording, usesSharedRecordings } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { replyOf, replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

await loadPrices();

/** After every change of these prices so far. Noon: some vendors are cheaper by night. */
const AT = Date.UTC(2026, 5, 15, 12);

interface Bill {
  what: string;
  recording: string;
  kind: string;
  options?: Record<string, string>;
  /** What the client asked for; the price follows what served. */
  model: string;
  /** Where the gateway takes what the provider says; by default its own. */
  path?: string;
  dialect?: 'openai-responses' | 'openai-chat';
  baseUrl?: string;
  /** The prices that the sum is written with, as the table states them. */
  prices: { id: string; model: string; has: Record<string, unknown> };
  /** Changes the recording, where no provider was recorded with such a count. */
  edit?: (text: string) => string;
  /** USD per million tokens, all together; and USD for what is billed by the piece. */
  tokens: number;
  pieces?: number;
}

const OTHER_GEO = /,\s*"inference_geo": ?"(global|not_available)"/g;

/** As if OpenAI's own, which answers in the same words. */
const PREVIEWED = {
  recording: 'openai-responses/azure/vercel-azure-web-search-preview-tool-1',
  kind: 'openai',
  dialect: 'openai-responses',
  baseUrl: 'https://api.openai.com/v1',
  path: '/v1/responses',
  model: 'gpt-4.1-mini',
} as const;

const BILLS: Bill[] = [
  {
    what: 'Anthropic, streamed: read from and written to the cache for five minutes',
    recording: 'anthropic-messages/anthropic/ddjs-claude-agent-sdk-v1-messages-beta-true-post-3111c30b',
    kind: 'anthropic',
    model: 'claude-sonnet-4-6',
    prices: {
      id: 'anthropic',
      model: 'claude-sonnet-4-5-20250929',
      has: { web_searches_kcount: 10 },
    },
    tokens: 1 * 3 + 318 * 3.75 + 2750 * 0.3 + 97 * 15,
  },
  {
    what: 'Anthropic: the same, had it been written for an hour',
    recording: 'anthropic-messages/anthropic/ddjs-claude-agent-sdk-v1-messages-beta-true-post-3111c30b',
    kind: 'anthropic',
    model: 'claude-sonnet-4-6',
    prices: { id: 'anthropic', model: 'claude-sonnet-4-5-20250929', has: { web_searches_kcount: 10 } },
    edit: (text) =>
      text.replaceAll(
        '"ephemeral_5m_input_tokens":318,"ephemeral_1h_input_tokens":0',
        '"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":318',
      ),
    tokens: 1 * 3 + 318 * 6 + 2750 * 0.3 + 97 * 15,
  },
  {
    what: 'Anthropic, whole: cache, thinking within the output, a web search',
    recording: 'anthropic-messages/anthropic/ellmer-anthropic-web-search',
    kind: 'anthropic',
    model: 'claude-sonnet-5',
    prices: {
      id: 'anthropic',
      model: 'claude-sonnet-5',
      has: {
        input_mtok: 2,
        output_mtok: 10,
        cache_read_mtok: 0.2,
        cache_write_mtok: 2.5,
        web_searches_kcount: 10,
      },
    },
    tokens: 4 * 2 + 11_107 * 2.5 + 2836 * 0.2 + 155 * 10,
    pieces: 1 * 0.01,
  },
  {
    what: 'Anthropic: had it been answered in the United States alone, a tenth more',
    recording: 'anthropic-messages/anthropic/ellmer-anthropic-web-search',
    kind: 'anthropic',
    model: 'claude-sonnet-5',
    prices: { id: 'anthropic', model: 'claude-sonnet-5', has: { input_mtok: 2 } },
    edit: (text) =>
      text.replaceAll(/"usage": ?\{/g, '"usage":{"inference_geo":"us",').replaceAll(OTHER_GEO, ''),
    tokens: (4 * 2 + 11_107 * 2.5 + 2836 * 0.2 + 155 * 10) * 1.1,
    pieces: 1 * 0.01,
  },
  {
    what: 'Anthropic: a prompt beyond 200,000 tokens, ten web searches',
    recording: 'anthropic-messages/anthropic/pydantic-test-pause-turn-web-search-streaming-vcr',
    kind: 'anthropic',
    model: 'claude-sonnet-4-5',
    prices: {
      id: 'anthropic',
      model: 'claude-sonnet-4-5-20250929',
      has: { input_mtok: { base: 3, tiers: [{ start: 200_000, price: 6 }] } },
    },
    tokens: 404_500 * 6 + 943 * 22.5,
    pieces: 10 * 0.01,
  },
  {
    what: 'OpenAI Responses: cached input, reasoning within the output, seven web searches',
    recording: 'openai-responses/openai/pydantic-test-vercel-ai-test-run',
    kind: 'openai',
    dialect: 'openai-responses',
    baseUrl: 'https://api.openai.com/v1',
    path: '/v1/responses',
    model: 'gpt-5',
    prices: {
      id: 'openai',
      model: 'gpt-5-2025-08-07',
      has: { input_mtok: 1.25, cache_read_mtok: 0.125, output_mtok: 10, web_searches_kcount: 10 },
    },
    tokens: (33_151 - 4352) * 1.25 + 4352 * 0.125 + 3367 * 10,
    pieces: 7 * 0.01,
  },
  {
    what: 'OpenAI Responses: the same, had it been served in the flex tier, where tokens cost half and searches all',
    recording: 'openai-responses/openai/pydantic-test-vercel-ai-test-run',
    kind: 'openai',
    dialect: 'openai-responses',
    baseUrl: 'https://api.openai.com/v1',
    path: '/v1/responses',
    model: 'gpt-5',
    prices: { id: 'openai', model: 'gpt-5-2025-08-07', has: { input_mtok: 1.25 } },
    edit: (text) => text.replaceAll(/"service_tier": ?"\w+"/g, '"service_tier":"flex"'),
    tokens: ((33_151 - 4352) * 1.25 + 4352 * 0.125 + 3367 * 10) / 2,
    pieces: 7 * 0.01,
  },
  {
    what: 'OpenAI Responses: in Europe alone, a tenth more from GPT-5.4 on',
    recording: 'openai-responses/openai/vercel-openai-tool-search-1',
    kind: 'openai',
    dialect: 'openai-responses',
    baseUrl: 'https://eu.api.openai.com/v1',
    path: '/v1/responses',
    model: 'gpt-5.4',
    prices: { id: 'openai', model: 'gpt-5.4-2026-03-05', has: {} },
    tokens: (640 * 2.5 + 46 * 15) * 1.1,
  },
  {
    what: 'OpenAI Responses: in Europe alone, an older model as elsewhere',
    recording: 'openai-responses/openai/fantasy-testopenairesponsescommon-openai-gpt-5-multi-tool-streaming',
    kind: 'openai',
    dialect: 'openai-responses',
    baseUrl: 'https://eu.api.openai.com/v1',
    path: '/v1/responses',
    model: 'gpt-5',
    prices: { id: 'openai', model: 'gpt-5-2025-08-07', has: {} },
    tokens: 109 * 1.25 + 223 * 10,
  },
  {
    what: 'OpenAI Responses: a search in files',
    recording: 'openai-responses/openai/pydantic-test-openai-responses-model-file-search-tool-stream-i3',
    kind: 'openai',
    dialect: 'openai-responses',
    baseUrl: 'https://api.openai.com/v1',
    path: '/v1/responses',
    model: 'gpt-4o',
    prices: {
      id: 'openai',
      model: 'gpt-4o-2024-08-06',
      has: { input_mtok: 2.5, output_mtok: 10, storage_searches_kcount: 2.5 },
    },
    tokens: 1177 * 2.5 + 37 * 10,
    pieces: 1 * 0.0025,
  },
  {
    what: 'Gemini: in the flex tier',
    recording: 'gemini-generate/google-ai/rig-cached-content-matrix-use-streaming-i1',
    kind: 'gemini',
    model: 'gemini-2.5-flash',
    prices: { id: 'google', model: 'gemini-2.5-flash', has: { input_mtok: 0.3 } },
    edit: (text) => text.replaceAll('"serviceTier":"standard"', '"serviceTier":"flex"'),
    tokens: ((1087 - 1081) * 0.3 + 1081 * 0.03 + 2 * 2.5) / 2,
  },
  {
    what: 'Gemini: what was cached beforehand, had it been audio',
    recording: 'gemini-generate/google-ai/rig-cached-content-matrix-use-streaming-i1',
    kind: 'gemini',
    model: 'gemini-2.5-flash',
    prices: {
      id: 'google',
      model: 'gemini-2.5-flash',
      has: { input_audio_mtok: 1, cache_audio_read_mtok: 0.1 },
    },
    edit: (text) =>
      text.replaceAll(
        /"(prompt|cache)TokensDetails":\[\{"modality":"TEXT"/g,
        '"$1TokensDetails":[{"modality":"AUDIO"',
      ),
    tokens: (1087 - 1081) * 1 + 1081 * 0.1 + 2 * 2.5,
  },
  {
    what: 'Gemini: an image that was made, ten times the price of words',
    recording: 'gemini-generate/google-ai/rig-cached-content-matrix-use-streaming-i1',
    kind: 'gemini',
    model: 'gemini-2.5-flash-image',
    prices: {
      id: 'google',
      model: 'gemini-2.5-flash-image',
      has: { output_mtok: 2.5, output_image_mtok: 30 },
    },
    edit: (text) =>
      text
        .replaceAll('"modelVersion":"gemini-2.5-flash"', '"modelVersion":"gemini-2.5-flash-image"')
        .replaceAll(/"cachedContentTokenCount":1081,|"cacheTokensDetails":\[[^\]]*\],?/g, '')
        .replaceAll(
          '"candidatesTokenCount":2',
          '"candidatesTokenCount":1292,"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":2},{"modality":"IMAGE","tokenCount":1290}]',
        ),
    tokens: 1087 * 0.3 + 2 * 2.5 + 1290 * 30,
  },
  {
    what: 'Gemini: what was cached beforehand',
    recording: 'gemini-generate/google-ai/rig-cached-content-matrix-use-streaming-i1',
    kind: 'gemini',
    model: 'gemini-2.5-flash',
    prices: {
      id: 'google',
      model: 'gemini-2.5-flash',
      has: { input_mtok: 0.3, cache_read_mtok: 0.03, output_mtok: 2.5 },
    },
    tokens: (1087 - 1081) * 0.3 + 1081 * 0.03 + 2 * 2.5,
  },
  {
    what: 'Vertex: thoughts are paid as output, beside what is said',
    recording:
      'gemini-generate/vertex/rubyllm-chat-pdf-models-vertexai-gemini-2-5-flash-handles-multiple-pdfs-i2',
    kind: 'gemini',
    model: 'gemini-2.5-flash',
    prices: { id: 'google', model: 'gemini-2.5-flash', has: { input_mtok: 0.3, output_mtok: 2.5 } },
    tokens: 519 * 0.3 + (35 + 4760) * 2.5,
  },
  {
    what: 'Vertex: the same, had it been served in the flex tier',
    recording:
      'gemini-generate/vertex/rubyllm-chat-pdf-models-vertexai-gemini-2-5-flash-handles-multiple-pdfs-i2',
    kind: 'gemini',
    model: 'gemini-2.5-flash',
    prices: { id: 'google', model: 'gemini-2.5-flash', has: { input_mtok: 0.3, output_mtok: 2.5 } },
    edit: (text) => text.replaceAll(/"trafficType": ?"ON_DEMAND"/g, '"trafficType":"ON_DEMAND_FLEX"'),
    tokens: (519 * 0.3 + (35 + 4760) * 2.5) / 2,
  },
  {
    what: 'Bedrock Converse: written to the cache',
    recording: 'bedrock-converse/bedrock/pydantic-test-bedrock-cache-write-and-read',
    kind: 'bedrock',
    options: { region: 'us-east-1' },
    model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    prices: {
      id: 'aws',
      model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      has: { input_mtok: 3.3, cache_read_mtok: 0.33, cache_write_mtok: 4.125, output_mtok: 16.5 },
    },
    tokens: 2 * 3.3 + 1322 * 4.125 + 5 * 16.5,
  },
  {
    what: 'xAI: cached input, reasoning beside the output (xAI’s own bill: 3,080,400 ticks of 1e-10 USD)',
    recording: 'openai-chat/xai/fantasy-testopenaicompatiblecommon-xai-grok-code-fast-simple-streaming',
    kind: 'xai',
    model: 'grok-code-fast-1',
    prices: {
      id: 'x-ai',
      model: 'grok-code-fast-1',
      has: { input_mtok: 0.2, cache_read_mtok: 0.02, output_mtok: 1.5 },
    },
    tokens: 308.04,
  },
  {
    what: 'OpenRouter: the model of another vendor (OpenRouter’s own bill: 0.00019 USD)',
    recording: 'openai-chat/openrouter/rig-blocking-gpt-4-1-refusal',
    kind: 'openrouter',
    model: 'openai/gpt-4.1',
    prices: { id: 'openrouter', model: 'openai/gpt-4.1', has: { input_mtok: 2, output_mtok: 8 } },
    tokens: 190,
  },
  {
    what: 'Mistral',
    recording: 'openai-chat/mistral/rubyllm-mistral-mistral-small-latest-can-handle-multiple-1b577e',
    kind: 'mistral',
    model: 'mistral-small-2603',
    // Of the name that was asked for the price is not known.
    edit: (text) => text.replaceAll('mistral-small-latest', 'mistral-small-2603'),
    prices: { id: 'mistral', model: 'mistral-small-2603', has: { input_mtok: 0.15, output_mtok: 0.6 } },
    tokens: 109 * 0.15 + 19 * 0.6,
  },
  {
    what: 'DeepSeek: reasoning within the output, at the price of noon',
    recording: 'openai-chat/deepseek/pydantic-test-deepseek-model-thinking-stream',
    kind: 'deepseek',
    model: 'deepseek-v4-pro',
    // Of the name that was asked for the price is not known.
    edit: (text) => text.replaceAll('deepseek-reasoner', 'deepseek-v4-pro'),
    prices: { id: 'deepseek', model: 'deepseek-v4-pro', has: {} },
    tokens: 6 * 0.435 + 212 * 0.87,
  },
  {
    what: 'Groq: cached input',
    recording: 'openai-chat/groq/rig-prompt-caching-streaming-probe',
    kind: 'groq',
    model: 'openai/gpt-oss-20b',
    prices: {
      id: 'groq',
      model: 'openai/gpt-oss-20b',
      has: { input_mtok: 0.075, cache_read_mtok: 0.0375, output_mtok: 0.3 },
    },
    tokens: 3 * 0.075 + 1792 * 0.0375 + 16 * 0.3,
  },
  {
    what: 'Anthropic: a conversation that was summed up first, which its counts leave out and its turns tell',
    recording: 'anthropic-messages/anthropic/rubyllm-chat-anthropic-claude-sonnet-4-6-compacts-a-long-e89f52',
    kind: 'anthropic',
    model: 'claude-sonnet-4-6',
    prices: { id: 'anthropic', model: 'claude-sonnet-4-6', has: {} },
    tokens: (99_195 + 162) * 3 + (81 + 11) * 15,
  },
  {
    what: 'Anthropic, streamed: three web searches, and their pages written to the cache and read from it',
    recording:
      'anthropic-messages/anthropic/mirascope-test-web-search-tool-stream-anthropic-claude-sonnet-4-0',
    kind: 'anthropic',
    model: 'claude-sonnet-4-0',
    prices: {
      id: 'anthropic',
      model: 'claude-sonnet-4-20250514',
      has: { input_mtok: 3, cache_write_mtok: 3.75, cache_read_mtok: 0.3, output_mtok: 15 },
    },
    tokens: 2081 * 3 + 7621 * 3.75 + 28_247 * 0.3 + 574 * 15,
    pieces: 3 * 0.01,
  },
  {
    what: 'Anthropic: a page that was fetched costs its tokens alone',
    recording: 'anthropic-messages/anthropic/vercel-anthropic-web-fetch-tool-1',
    kind: 'anthropic',
    model: 'claude-sonnet-4-0',
    prices: {
      id: 'anthropic',
      model: 'claude-sonnet-4-20250514',
      has: { input_mtok: 3, output_mtok: 15 },
    },
    tokens: 4230 * 3 + 446 * 15,
  },
  {
    what: 'OpenAI Responses: written to the cache, at five quarters of the price',
    recording: 'openai-responses/openai/ddpy-responses-prompt-caching-5-6-cache-write',
    kind: 'openai',
    dialect: 'openai-responses',
    baseUrl: 'https://api.openai.com/v1',
    path: '/v1/responses',
    model: 'gpt-5.6-sol',
    prices: { id: 'openai', model: 'gpt-5.6-sol', has: {} },
    tokens: 3 * 5 + 1217 * 6.25 + 100 * 30,
  },
  {
    what: 'OpenAI Responses: a search by the tool that is no preview',
    ...PREVIEWED,
    edit: (text) => text.replaceAll('"web_search_preview"', '"web_search"'),
    prices: {
      id: 'openai',
      model: 'gpt-4.1-mini',
      has: { input_mtok: 0.4, output_mtok: 1.6, web_searches_kcount: 10 },
    },
    tokens: 5093 * 0.4 + 369 * 1.6,
    pieces: 1 * 0.01,
  },
  {
    what: 'xAI Responses: cached input and two searches (xAI’s own bill: 161,508,500 ticks of 1e-10 USD)',
    recording: 'openai-responses/xai/rubyllm-chat-web-search-with-xai-grok-4-3-searches-cites-1ed175',
    kind: 'xai',
    dialect: 'openai-responses',
    baseUrl: 'https://api.x.ai/v1',
    path: '/v1/responses',
    model: 'grok-4.3',
    // Of searches it has no price: five dollars for a thousand.
    prices: { id: 'x-ai', model: 'grok-4.3', has: { cache_read_mtok: { base: 0.2 } } },
    tokens: (5913 - 2048) * 1.25 + 2048 * 0.2 + 364 * 2.5,
    pieces: 2 * 0.005,
  },
  {
    what: 'xAI Responses: the same sum without its own bill, where nothing was searched for',
    recording: 'openai-responses/xai/rig-permission-control-streaming-example',
    kind: 'xai',
    dialect: 'openai-responses',
    baseUrl: 'https://api.x.ai/v1',
    path: '/v1/responses',
    model: 'grok-4.3',
    prices: { id: 'x-ai', model: 'grok-4.3', has: { output_mtok: { base: 2.5 } } },
    edit: (text) => text.replaceAll(/"cost_in_usd_ticks": ?\d+,/g, ''),
    tokens: (296 - 256) * 1.25 + 256 * 0.2 + 364 * 2.5,
  },
  {
    what: 'OpenRouter, Responses (its own bill: 0.0000113 USD)',
    recording: 'openai-responses/openrouter/pydantic-test-openai-responses-raw-cot-stream-openrouter',
    kind: 'openrouter',
    dialect: 'openai-responses',
    baseUrl: 'https://openrouter.ai/api/v1',
    path: '/v1/responses',
    model: 'openai/gpt-oss-20b',
    prices: { id: 'openrouter', model: 'openai/gpt-oss-20b', has: {} },
    tokens: 11.3,
  },
  {
    what: 'Gemini: code that ran, whose words came to the prompt, beside what was cached',
    recording: 'gemini-generate/google-ai/rig-edge-cached-code-execution-i1',
    kind: 'gemini',
    model: 'gemini-2.5-flash',
    prices: { id: 'google', model: 'gemini-2.5-flash', has: { input_mtok: 0.3, cache_read_mtok: 0.03 } },
    tokens: (1107 - 1081 + 1171) * 0.3 + 1081 * 0.03 + (21 + 41) * 2.5,
  },
  {
    what: 'Gemini: pages that were fetched came to the prompt',
    recording: 'gemini-generate/google-ai/pydantic-test-google-model-web-fetch-tool-stream',
    kind: 'gemini',
    model: 'gemini-2.5-flash',
    prices: { id: 'google', model: 'gemini-2.5-flash', has: { input_mtok: 0.3, output_mtok: 2.5 } },
    tokens: (32 + 4610) * 0.3 + (25 + 37) * 2.5,
  },
  {
    what: 'Gemini: an image that was made, and the words beside it',
    recording: 'gemini-generate/google-ai/firebase-streaming-success-empty-parts',
    kind: 'gemini',
    model: 'gemini-2.5-flash-image-preview',
    prices: {
      id: 'google',
      model: 'gemini-2.5-flash-image-preview',
      has: { output_mtok: 2.5, output_image_mtok: 30 },
    },
    tokens: 16 * 0.3 + 1290 * 30 + (1307 - 1290) * 2.5,
  },
  {
    what: 'Gemini: speech, all of it audio',
    recording: 'gemini-generate/google-ai/lingua-responsemodalitiesaudioparam-google-response',
    kind: 'gemini',
    model: 'gemini-2.5-flash-preview-tts',
    prices: {
      id: 'google',
      model: 'gemini-2.5-flash-preview-tts',
      has: { input_mtok: 0.5, output_mtok: 10 },
    },
    tokens: 10 * 0.5 + 23 * 10,
  },
];

const BODIES: Record<string, (bill: Bill, stream: boolean) => object> = {
  '/v1/messages': ({ model }, stream) => ({ model, stream, max_tokens: 99, ...MESSAGES }),
  '/v1/chat/completions': ({ model }, stream) => ({ model, stream, ...MESSAGES }),
  '/v1/responses': ({ model }, stream) => ({ model, stream, input: 'hi' }),
};
const MESSAGES = { messages: [{ role: 'user', content: 'hi' }] };

/** The row of a request that the recording answers. */
async function billed(
  bill: Bill,
  recording: Recording,
  path: string,
  overrides: NonNullable<ConfigInput['costs']>['pricing_overrides'] = {},
) {
  const { edit } = bill;
  const reply =
    edit === undefined
      ? replyOf(recording)
      : replyWith(edit(new TextDecoder().decode(recording.body)), {
          headers: { 'content-type': recording.contentType },
        });
  const { kind, dialect, baseUrl, options, model } = bill;
  const lab = createTestGateway({
    config: {
      providers: {
        billed: {
          kind,
          api_key: 'lab-key',
          max_retries: 0,
          ...(dialect === undefined ? {} : { dialect }),
          ...(baseUrl === undefined ? {} : { base_url: baseUrl }),
          ...(options === undefined ? {} : { options }),
        },
      },
      routing: { default_provider: 'billed' },
      costs: { pricing_overrides: overrides },
    },
    fetch: createReplayFetch(reply).fetch,
    host: { now: () => AT },
  });
  const body = BODIES[path]?.(bill, recording.streamed);
  const response = await lab.post(path, { ...body, model: `billed/${model}` });
  await response.text();
  return lab.row(0);
}

describe('the bill of', () => {
  test('a recording of the project, by the operator’s own prices', async () => {
    const recording = ownRecordings('anthropic-messages').find(({ name }) => name === 'thinking-tool-stream');
    if (recording === undefined) throw new Error('the recording is gone');
    const model = 'claude-sample-1';
    const bill = {
      what: '',
      recording: '',
      kind: 'anthropic',
      model,
      tokens: 0,
      prices: { id: '', model, has: {} },
    };
    const price = {
      input_per_million: 2,
      output_per_million: 8,
      cache_read_per_million: 0.5,
      cache_write_per_million: 3,
    };
    expect((await billed(bill, recording, '/v1/messages')).costUsd).toBeNull();
    const row = await billed(bill, recording, '/v1/messages', { 'billed/*': price });
    expect(row.costUsd).toBeCloseTo((212 * 2 + 120 * 0.5 + 40 * 3 + 61 * 8) / 1e6, 12);
  });

  if (usesSharedRecordings()) {
    test('Anthropic: fast mode has prices of its own', async () => {
      const found = BILLS.find(({ kind }) => kind === 'anthropic');
      const recording = found && findRecording(found.recording);
      if (found === undefined || recording === undefined) throw new Error('no recording');
      const edit = (text: string) => text.replace(/"usage": ?\{/, '"usage":{"speed":"fast",');
      for (const path of ['/v1/messages', '/v1/chat/completions']) {
        const row = await billed({ ...found, edit }, recording, path);
        expect([path, row.usageKnown, row.costUsd]).toEqual([path, true, null]);
      }
    });

    test('Groq’s flex tier costs what the usual one does, Azure’s half; first served is unpriced', async () => {
      const id = 'openai-chat/openrouter/rig-blocking-gpt-4-1-refusal';
      const recording = findRecording(id);
      if (recording === undefined) throw new Error(`no recording ${id}`);
      const answer = (model: string, tier: string) => ({
        id: 'c',
        object: 'chat.completion',
        model,
        choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
        service_tier: tier,
      });
      const groq = { kind: 'groq', model: 'openai/gpt-oss-20b' };
      const azure = { kind: 'azure', model: 'o1', options: { resource: 'lab', api_version: '2026-01-01' } };
      const usual = { groq: 105, azure: 21_000 };
      for (const [provider, tier, cost] of [
        [groq, 'on_demand', usual.groq / 1e6],
        [groq, 'flex', usual.groq / 1e6],
        [groq, 'performance', null],
        [azure, 'default', usual.azure / 1e6],
        [azure, 'flex', usual.azure / 2 / 1e6],
        [azure, 'priority', null],
      ] as const) {
        const edit = () => JSON.stringify(answer(provider.model, tier));
        const prices = { id: '', model: '', has: {} };
        const bill: Bill = { what: '', recording: id, ...provider, prices, edit, tokens: 0 };
        for (const path of ['/v1/chat/completions', '/v1/messages']) {
          const row = await billed(bill, recording, path);
          expect([provider.kind, path, tier, row.usageKnown]).toEqual([provider.kind, path, tier, true]);
          if (cost === null) expect(row.costUsd).toBeNull();
          else expect(row.costUsd).toBeCloseTo(cost, 10);
        }
      }
    });

    test('OpenAI Chat: the tier stands beside the counts', async () => {
      const id = 'openai-chat/openrouter/rig-blocking-gpt-4-1-refusal';
      const recording = findRecording(id);
      if (recording === undefined) throw new Error(`no recording ${id}`);
      const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };
      const message = { role: 'assistant', content: 'hi' };
      const choices = [{ index: 0, message, finish_reason: 'stop' }];
      for (const [tier, cost] of [
        ['default', 2800 / 1e6],
        ['flex', 1400 / 1e6],
        ['priority', null],
      ] as const) {
        const body = {
          id: 'c',
          object: 'chat.completion',
          model: 'gpt-4.1',
          choices,
          usage,
          service_tier: tier,
        };
        const prices = { id: 'openai', model: 'gpt-4.1', has: {} };
        const edit = () => JSON.stringify(body);
        const bill: Bill = {
          what: '',
          recording: id,
          kind: 'openai',
          model: 'gpt-4.1',
          prices,
          edit,
          tokens: 0,
        };
        for (const path of ['/v1/chat/completions', '/v1/messages']) {
          const row = await billed({ ...bill, baseUrl: 'https://api.openai.com/v1' }, recording, path);
          expect([path, tier, row.usageKnown, row.costUsd]).toEqual([path, tier, true, cost]);
        }
      }
    });

    const withoutSum = (what: string, part: Pick<Bill, 'recording' | 'kind' | 'model'> & Partial<Bill>) => {
      test(`${what}: unpriced, and priced without that`, async () => {
        const recording = findRecording(part.recording);
        if (recording === undefined) throw new Error(`no recording ${part.recording}`);
        const bill: Bill = { what, prices: { id: '', model: '', has: {} }, tokens: 0, ...part };
        const { path = '/v1/messages' } = bill;
        for (const asked of new Set([path, '/v1/chat/completions'])) {
          const row = await billed(bill, recording, asked);
          expect([asked, row.status, row.usageKnown, row.costUsd]).toEqual([asked, 'success', true, null]);
          const { edit: _, ...plain } = bill;
          if (part.edit !== undefined)
            expect((await billed(plain, recording, asked)).costUsd).toBeGreaterThan(0);
        }
      });
    };
    const CACHED = 'gemini-generate/google-ai/rig-cached-content-matrix-use-streaming-i1';
    withoutSum('Gemini, grounded by Google Maps', {
      recording: CACHED,
      kind: 'gemini',
      model: 'gemini-2.5-flash',
      edit: (text) =>
        text.replace(
          '"finishReason":"STOP"',
          '"groundingMetadata":{"groundingChunks":[{"maps":{"uri":"https://maps.example/1","title":"a"}}]},"finishReason":"STOP"',
        ),
    });
    withoutSum('Gemini, grounded by Google Search', {
      recording: CACHED,
      kind: 'gemini',
      model: 'gemini-2.5-flash',
      edit: (text) =>
        text.replace(
          '"finishReason":"STOP"',
          '"groundingMetadata":{"webSearchQueries":["a","b"]},"finishReason":"STOP"',
        ),
    });
    const CONVERSE = {
      recording: 'bedrock-converse/bedrock/pydantic-test-bedrock-cache-write-and-read',
      kind: 'bedrock',
      options: { region: 'us-east-1' },
      model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    };
    for (const said of [
      '"serviceTier":{"type":"flex"}',
      '"serviceTier":{"type":"priority"}',
      '"performanceConfig":{"latency":"optimized"}',
    ]) {
      const edit = (text: string) => text.replace('{', `{${said},`);
      withoutSum(`Bedrock, ${said}`, { ...CONVERSE, edit });
    }
    const BY_OPENAI = { kind: 'openai', baseUrl: 'https://api.openai.com/v1' } as const;
    withoutSum('OpenAI Responses, searched by the preview without thinking', PREVIEWED);
    withoutSum('Azure, which searches by Bing', {
      ...PREVIEWED,
      kind: 'azure',
      baseUrl: 'https://lab.openai.azure.com/openai/v1',
    });
    withoutSum('Azure, a model of DeepSeek’s, for which Microsoft takes four times what DeepSeek does', {
      recording: 'openai-chat/azure/vercel-azure-deepseek-reasoning-1-2',
      kind: 'azure',
      options: { resource: 'lab', api_version: '2026-01-01' },
      model: 'deepseek-v4-pro',
    });
    withoutSum('OpenAI Chat, a model that searches for each answer', {
      ...BY_OPENAI,
      recording: 'openai-chat/openai/rubyllm-chat-citations-with-openai-gpt-4o-mini-search-pr-90e171',
      dialect: 'openai-chat',
      model: 'gpt-4o-mini-search-preview',
    });
    withoutSum('OpenRouter, the answer of a model that searches, without its own bill', {
      recording: 'openai-chat/openrouter/activeagent-native-format-test-test-agent-web-search',
      kind: 'openrouter',
      model: 'perplexity/sonar',
    });
    withoutSum('Amazon’s Nova, which searched', {
      recording: 'bedrock-converse/bedrock/rubyllm-chat-web-search-with-bedrock-amazon-nova-2-lite-0dfe99',
      kind: 'bedrock',
      options: { region: 'us-east-1' },
      model: 'us.amazon.nova-2-lite-v1:0',
    });
    withoutSum('OpenAI Responses, which ran code in a container', {
      recording: 'openai-responses/openai/lingua-codeinterpretertoolparam-responses-response-streaming',
      kind: 'openai',
      dialect: 'openai-responses',
      baseUrl: 'https://api.openai.com/v1',
      path: '/v1/responses',
      model: 'gpt-5-nano',
    });

    withoutSum('OpenAI Responses, which ran commands in a container', {
      recording: 'openai-responses/openai/vercel-openai-shell-skills-1',
      kind: 'openai',
      dialect: 'openai-responses',
      baseUrl: 'https://api.openai.com/v1',
      path: '/v1/responses',
      model: 'gpt-5.2',
    });
    for (const advised of [
      'anthropic-messages/anthropic/pydantic-test-anthropic-advisor-tool',
      'anthropic-messages/anthropic/vercel-anthropic-advisor-20250301-1',
    ])
      withoutSum(`Anthropic, advised by another model: ${advised}`, {
        recording: advised,
        kind: 'anthropic',
        model: 'claude-sonnet-4-6',
      });
    withoutSum('OpenAI Chat, which spoke, where the table has the price of text alone', {
      recording: 'openai-chat/openai/envoy-chat-text-to-audio',
      kind: 'openai',
      dialect: 'openai-chat',
      baseUrl: 'https://api.openai.com/v1',
      model: 'gpt-4o-mini-audio-preview',
    });
    withoutSum('Gemini, an image of a model of whose images no price is known', {
      recording: 'gemini-generate/vertex/firebase-streaming-success-image-invalid-safety-ratings',
      kind: 'gemini',
      model: 'gemini-2.0-flash-exp',
    });

    test('a tier whose price is each model’s own: unpriced', async () => {
      const found = BILLS.find(({ dialect }) => dialect === 'openai-responses');
      const recording = found && findRecording(found.recording);
      if (found === undefined || recording === undefined) throw new Error('no recording');
      const edit = (text: string) => text.replaceAll(/"service_tier": ?"\w+"/g, '"service_tier":"priority"');
      for (const path of ['/v1/responses', '/v1/messages']) {
        const row = await billed({ ...found, edit }, recording, path);
        expect([path, row.usageKnown, row.costUsd]).toEqual([path, true, null]);
      }
    });

    test('Chat Completions: pages of the web that are cited or listed, and tools that were run, show what nobody counted', async () => {
      const id = 'openai-chat/openrouter/pydantic-test-openrouter-web-search-annotations-stream';
      const recording = findRecording(id);
      if (recording === undefined) throw new Error(`no recording ${id}`);
      const prices = { id: '', model: '', has: {} };
      const bill: Bill = {
        what: '',
        recording: id,
        kind: 'openrouter',
        model: 'deepseek/deepseek-chat',
        prices,
        tokens: 0,
      };
      const uncounted = (text: string) =>
        text.replace(/"cost":[\d.]+,/, '').replace(/,"server_tool_use_details":\{[^}]*\}/, '');
      const uncited = (text: string) => uncounted(text).replaceAll('"url_citation":', '"file_citation":');
      const shown = (text: string, stated: string) =>
        uncited(text).replace('"choices"', `${stated},"choices"`);
      const listed = (text: string) => shown(text, '"citations":["https://a.example"]');
      const found = (text: string) => shown(text, '"web_search":[{"link":"https://a.example"}]');
      const nothing = (text: string) => shown(text, '"citations":[],"web_search":[]');
      const ran = (text: string) =>
        uncited(text).replace(
          '"delta":{',
          '"delta":{"executed_tools":[{"index":0,"type":"browser_search"}],',
        );
      for (const path of ['/v1/chat/completions', '/v1/messages']) {
        expect((await billed({ ...bill, edit: uncounted }, recording, path)).costUsd).toBeNull();
        for (const edit of [listed, found, ran])
          expect((await billed({ ...bill, edit }, recording, path)).costUsd).toBeNull();
        for (const edit of [uncited, nothing])
          expect((await billed({ ...bill, edit }, recording, path)).costUsd).toBeGreaterThan(0);
      }
    });

    test('OpenRouter’s own bill goes before the table, which has no price for searches', async () => {
      const id = 'openai-chat/openrouter/pydantic-test-openrouter-web-search-annotations-stream';
      const recording = findRecording(id);
      if (recording === undefined) throw new Error(`no recording ${id}`);
      const model = 'deepseek/deepseek-chat';
      const prices = { id: '', model, has: {} };
      const bill: Bill = { what: '', recording: id, kind: 'openrouter', model, prices, tokens: 0 };
      const byok = (text: string) =>
        text
          .replaceAll('"cost":0.0076509169000000005', '"is_byok":true,"cost":0.0004')
          .replaceAll('"is_byok":false,', '')
          .replaceAll(/"upstream_inference_cost":[\d.]+/g, '"upstream_inference_cost":0.0072');
      const unsaid = (text: string) => text.replaceAll('"cost":0.0076509169000000005,', '');
      for (const path of ['/v1/chat/completions', '/v1/messages']) {
        const row = await billed(bill, recording, path);
        expect([row.usage.webSearches, row.usageKnown]).toEqual([1, true]);
        expect(row.costUsd).toBeCloseTo(0.0076509169, 12);
        expect((await billed({ ...bill, edit: byok }, recording, path)).costUsd).toBeCloseTo(0.0076, 12);
        // Searches whose price nobody states: unpriced, and not a sum without them.
        expect((await billed({ ...bill, edit: unsaid }, recording, path)).costUsd).toBeNull();
      }
    });
  }

  const flex = BILLS.find(({ what }) => what.startsWith('Vertex: the same, had it'));
  for (const traffic of usesSharedRecordings() ? ['ON_DEMAND_PRIORITY', 'ON_DEMAND_OFFPEAK'] : []) {
    test(`Vertex: ${traffic}, whose price is not known`, async () => {
      const recording = flex && findRecording(flex.recording);
      if (flex === undefined || recording === undefined) throw new Error('the recording is gone');
      const edit = (text: string) =>
        text.replaceAll(/"trafficType": ?"ON_DEMAND"/g, `"trafficType":"${traffic}"`);
      const row = await billed({ ...flex, edit }, recording, '/v1/messages');
      expect(row.usage.inputTokens).toBe(519);
      expect(row.costUsd).toBeNull();
    });
  }

  for (const bill of usesSharedRecordings() ? BILLS : []) {
    const { what, recording: id, prices, tokens, pieces = 0 } = bill;
    test(what, async () => {
      expect(findPrices(prices.id, prices.model)?.models[0]?.prices).toMatchObject(prices.has);
      const recording = findRecording(id);
      if (recording === undefined) throw new Error(`no recording ${id}`);
      // Also where the answer is translated for a client of another dialect.
      const { path = '/v1/messages' } = bill;
      for (const asked of new Set([path, '/v1/chat/completions'])) {
        const row = await billed(bill, recording, asked);
        expect([asked, row.status, row.usageKnown]).toEqual([asked, 'success', true]);
        expect(row.costUsd).toBeCloseTo(tokens / 1e6 + pieces, 10);
      }
    });
  }
});
