// The known providers, one row each. No other code names a provider.
import type { Quirks } from '../dialects/quirks.ts';
import { AMAZON } from './amazon.ts';
import { AT_AMAZON, AT_GOOGLE } from './claude-names.ts';
import { GOOGLE_CLOUD } from './google-cloud.ts';
import type { ProviderKind } from './kind.ts';
import { CLAUDE_PRICES, GEMINI_PRICES, OPENAI_PRICES } from './newer-prices.ts';
import { OPENAI_SHAPED, OPENROUTERS_FIELDS } from './openai-shaped.ts';
import { CLAUDE_OUTPUT, GEMINI_OUTPUT, OPENAI_OUTPUT } from './output-limits.ts';

/** Only Anthropic's address, and no proxy in front of the same models. */
const ANTHROPICS_OWN = /^https:\/\/api\.anthropic\.com$/;

/** For OpenAI, Azure and Google. The premium for priority differs by model, from 1.75 to 2.5 times the usual price. */
const FLEX_AT_HALF = { flex: 0.5, batch: 0.5, priority: null, ultrafast: null, off_peak: null };

/** For previews of other models no price is published. https://developers.openai.com/api/docs/guides/ultrafast-mode */
const ULTRAFAST = { models: /^gpt-6-astra/, times: 6 };

/** What OpenAI's own models take, whoever serves them. */
const OF_OPENAIS_MODELS: Quirks = {
  maxTokensField: 'max_completion_tokens',
  outputLimits: OPENAI_OUTPUT,
  fixedSampling: /^(ft:)?(o\d|gpt-([5-9]|1\d)\b(?!-chat))/,
  modelRefusals: [
    // Whatever the value: https://github.com/langchain-ai/langgraph-supervisor-py/pull/125
    { models: /^(ft:)?o\d/, fields: ['parallel_tool_calls'] },
    // https://community.openai.com/t/setting-reasoning-effort-with-the-new-gpt-5-search-api-chatcompletions-model/1362548
    { models: /^gpt-5-search/, fields: ['reasoning_effort', 'verbosity'] },
  ],
  refusesOnDemand: true,
  customTools: true,
  laterInstructions: true,
  allowedTools: true,
  prefill: 'restarts',
  objectSchemas: true,
  callIds: 'at-most-40',
};

/** What OpenAI's and Azure's servers refuse, and others do not that speak as they do (vLLM, LiteLLM). */
const REFUSED_BY_OPENAIS: Quirks = {
  words: 'openai',
  textResults: true,
  // "Unrecognized request argument supplied: top_k": https://github.com/xlinx/sd-webui-decadetw-auto-prompt-llm/issues/29
  refusedFields: ['include_reasoning', ...OPENROUTERS_FIELDS],
};

/** OpenAI does not serve them; the table has another vendor's price. https://openai.com/open-models */
const OPEN_MODELS = /^gpt-oss\b/;

const OPENAI_ADDRESS = /^https:\/\/([a-z]{2}\.)?api\.openai\.com\//;

export const PROVIDER_KINDS: readonly ProviderKind[] = [
  {
    kind: 'anthropic',
    dialect: 'anthropic-messages',
    baseUrl: 'https://api.anthropic.com',
    keyVariable: 'ANTHROPIC_API_KEY',
    keyPrefixes: ['sk-ant-'],
    // A date behind an `@` is Google's spelling.
    modelPatterns: [/^claude-[^@]+$/],
    otherNames: [AT_AMAZON, AT_GOOGLE],
    tiers: { fast: null, us: 1.1 },
    priceId: 'anthropic',
    newerPrices: CLAUDE_PRICES,
    quirks: { bindingControls: ANTHROPICS_OWN, heldBackTools: ANTHROPICS_OWN, outputLimits: CLAUDE_OUTPUT },
  },
  {
    kind: 'openai',
    dialect: 'openai-chat',
    alsoSpeaks: ['openai-responses'],
    // In Chat Completions their reasoning is lost, they refuse tools while thinking from GPT-5.4 on, and some are not served at all.
    translatesTo: {
      dialect: 'openai-responses',
      models: /^(ft:)?(o\d|codex-|computer-use|gpt-([5-9]|1\d)\b(?!.*(chat|search|audio|image)))/,
    },
    baseUrl: 'https://api.openai.com/v1',
    keyVariable: 'OPENAI_API_KEY',
    keyPrefixes: ['sk-proj-', 'sk-svcacct-', 'sk-admin-'],
    // Only others serve its open models, gpt-oss.
    modelPatterns: [
      /^(ft:)?(gpt-(?!oss)|o\d|chatgpt-|codex-|computer-use|(babbage|davinci)-002)/,
      /^(text-embedding-(3|ada)-|(omni|text)-moderation-|dall-e-|tts-1|whisper-1$|sora-)/,
    ],
    priceId: 'openai',
    newerPrices: OPENAI_PRICES,
    wrongPrices: OPEN_MODELS,
    tiers: { ...FLEX_AT_HALF, ultrafast: ULTRAFAST },
    pricedAt: /^https:\/\/([a-z]{2}\.)?api\.openai\.com$/,
    // From GPT-5.4 on, for requests served in one region: https://developers.openai.com/api/docs/guides/data-residency
    dearer: {
      at: /^https:\/\/[a-z]{2}\.api\.openai\.com\b/,
      models: /^gpt-(5\.([4-9]|\d\d)|[6-9]|1\d)\b/,
      times: 1.1,
    },
    quirks: {
      ...OF_OPENAIS_MODELS,
      // https://developers.openai.com/api/docs/guides/prompt-caching
      conversation: {
        field: 'prompt_cache_key',
        inResponses: true,
        at: OPENAI_ADDRESS,
      },
      // Earlier models find the longest known prefix without breakpoints.
      breakpoints: { models: /^gpt-(5\.([6-9]|\d\d)|[6-9]|\d\d)\b/, at: OPENAI_ADDRESS },
      countsIn: 'openai-responses',
    },
    ownQuirks: REFUSED_BY_OPENAIS,
  },
  ...OPENAI_SHAPED,
  {
    kind: 'gemini',
    telemetryName: 'gcp.gemini',
    dialect: 'gemini',
    baseUrl: 'https://generativelanguage.googleapis.com',
    keyVariable: 'GEMINI_API_KEY',
    otherKeyVariables: ['GOOGLE_API_KEY'],
    keyPrefixes: ['AIza'],
    modelPatterns: [
      /^(gemini|gemma|learnlm|imagen|veo|lyria)-[^:]+$/,
      /^(text-embedding-004|embedding-001)$/,
    ],
    // Its paths have `models/` before every name: under that name, budgets and limits for the model would not apply.
    otherNames: [/^models\/((?:gemini|gemma|learnlm|imagen|veo|embedding|text-embedding)-.+)$/],
    priceId: 'google',
    newerPrices: GEMINI_PRICES,
    tiers: FLEX_AT_HALF,
    audioAtTextPrice: true,
    quirks: { refusesCloudFields: true, previewVersion: true, outputLimits: GEMINI_OUTPUT },
  },
  { ...GOOGLE_CLOUD, tiers: FLEX_AT_HALF },
  // Off unless configured: docs/providers.md says how its vendor regards other clients.
  {
    kind: 'antigravity',
    telemetryName: 'gcp.gen_ai',
    dialect: 'code-assist',
    baseUrl: 'https://daily-cloudcode-pa.googleapis.com',
    otherBaseUrls: [
      'https://daily-cloudcode-pa.sandbox.googleapis.com',
      'https://cloudcode-pa.googleapis.com',
    ],
    optionVariables: { project: [], user_agent: [] },
    requiredOptions: ['project'],
    keyVariable: null,
    authorization: 'google-user',
    actsForUser: true,
    modelPatterns: [],
    priceId: null,
    quirks: { schemaSubset: true },
  },
  ...AMAZON,
  {
    kind: 'azure',
    telemetryName: 'azure.ai.openai',
    dialect: 'openai-chat',
    baseUrl: 'https://{resource}.openai.azure.com',
    baseUrlVariable: 'AZURE_OPENAI_ENDPOINT',
    endpoint: '/openai/deployments/{model}/chat/completions?api-version={api_version}',
    plainBase: /\/openai\/v1$/,
    // https://learn.microsoft.com/azure/foundry/openai/how-to/realtime-audio-websockets
    socket: { path: '/openai/v1{path}' },
    optionVariables: { resource: ['AZURE_RESOURCE_NAME'], api_version: ['OPENAI_API_VERSION'] },
    keyVariable: 'AZURE_OPENAI_API_KEY',
    keyHeader: 'api-key',
    modelPatterns: [],
    priceId: 'azure',
    // Microsoft's own prices for other vendors' models: https://azure.microsoft.com/pricing/details/ai-foundry-models/
    resells: ['openai'],
    wrongPrices: OPEN_MODELS,
    tiers: FLEX_AT_HALF,
    // Bing's grounding, not OpenAI's search: https://learn.microsoft.com/azure/ai-foundry/openai/how-to/web-search
    searchesUnpriced: true,
    pricedAt: /\.(openai|services\.ai|cognitiveservices)\.azure\.com$/,
    quirks: {
      deploysOpenAis: true,
      ...OF_OPENAIS_MODELS,
      ...REFUSED_BY_OPENAIS,
      // https://learn.microsoft.com/azure/foundry/openai/how-to/prompt-caching. Not for other vendors' models, nor in dated
      // versions: "Unrecognized request argument". https://github.com/vectorize-io/hindsight/issues/3518
      conversation: {
        field: 'prompt_cache_key',
        inResponses: true,
        at: /\/openai\/v1\/$/,
        models: /^(gpt-|o\d|chatgpt-|codex-)/,
        refusedElsewhere: true,
      },
      // Its list names the models that could be deployed; requests name deployments.
      listsModels: false,
    },
  },
  {
    kind: 'ollama',
    dialect: 'ollama-chat',
    baseUrl: 'http://127.0.0.1:11434',
    baseUrlVariable: 'OLLAMA_HOST',
    keyVariable: null,
    // A name with a tag. Others' (`openai.gpt-oss-120b-1:0`) have a vendor, `ft:` or `arn:` before the colon. Without one, only names that
    // nobody else has.
    modelPatterns: [
      /^(?!ft:|[a-z\d-]+\.[a-z])[\w.-]+:[\w.-]+$/,
      /^(hf\.co|huggingface\.co)\/[\w.-]+\/[\w.-]+(:[\w.-]+)?$/,
      /^(code)?(gemma|granite|llama|llava|mistral|mixtral|olmo|phi|qwen|smollm)\d*(\.\d+)?$/,
      /^(all-minilm|embeddinggemma|mxbai-embed-large|nomic-embed-text|snowflake-arctic-embed2?)$/,
    ],
    priceId: null,
    quirks: {},
  },
  {
    kind: 'sluice',
    dialect: 'any',
    isGateway: true,
    baseUrl: 'http://127.0.0.1:8088',
    basePaths: { 'openai-chat': '/v1', 'openai-responses': '/v1' },
    keyVariable: null,
    dormant: true,
    // In the gateway's own header, so that a client's own key can go to the provider behind that gateway.
    keyHeader: 'x-sluice-key',
    modelPatterns: [],
    priceId: null,
    quirks: {},
  },
  {
    kind: 'simulator',
    dialect: 'any',
    baseUrl: 'simulator://local',
    keyVariable: null,
    modelPatterns: [],
    priceId: null,
    quirks: {},
  },
];

export function findProviderKind(kind: string): ProviderKind | undefined {
  return PROVIDER_KINDS.find((row) => row.kind === kind);
}
