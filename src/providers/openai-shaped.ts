// Providers that speak OpenAI Chat Completions with departures of their own. docs/providers-openai-shaped.md
// explains each quirk with its source. Names with a slash go to OpenRouter, so its row is the last that knows names.
import type { OtherAddress } from '../dialects/quirks.ts';
import { GLM_ERROR_CODES } from './glm-error-codes.ts';
import type { ProviderKind } from './kind.ts';
import {
  CEREBRAS_PRICES,
  DEEPSEEK_PRICES,
  GLM_PRICES,
  GROQ_PRICES,
  KIMI_PRICES,
  MISTRAL_PRICES,
  XAI_PRICES,
} from './newer-prices.ts';
import { GROQ_OUTPUT, QWEN_OUTPUT } from './output-limits.ts';

const DIALECT = 'openai-chat';

/**
 * What OpenRouter's clients may say beyond OpenAI's fields, and servers refuse that check each field.
 * https://openrouter.ai/docs/api-reference/parameters
 */
export const OPENROUTERS_FIELDS: readonly string[] = [
  'top_k',
  'min_p',
  'top_a',
  'repetition_penalty',
  'models',
  'route',
  'provider',
  'plugins',
  'transforms',
  'usage',
];

/** Ways to force a call. */
const FORCED = ['required', 'tool'] as const;

/**
 * OpenRouter's models that always think, and refuse requests to turn thinking off: "Reasoning is mandatory for this
 * endpoint and cannot be disabled". Its list of models marks each of them (`reasoning.mandatory`).
 * https://openrouter.ai/docs/client-sdks/typescript/models/modelreasoning, https://github.com/dendrux/dendrux/issues/44
 */
const MANDATORY_REASONING = [
  /^~?openai\/(o\d|codex-|gpt-oss|gpt-5(?!\.|-chat)|gpt-5\.\d+-(pro|codex)|gpt-6(?!-(sol|luna)|\.1-terra)|gpt-[7-9])/,
  /^~?google\/gemini-(2\.5-pro|[3-9])/,
  /^~?anthropic\/claude-(fable|mythos|(opus|sonnet)-5\.5)/,
  /^~?x-ai\/grok-(3-mini|4(?!\.|-fast)|4\.[5-9]|code)/,
  /^~?z-ai\/glm-5\.[3-9]/,
  /^~?minimax\/minimax-m[12]/,
  /^~?moonshotai\/kimi-k(2\.7|[3-9])/,
  /^~?qwen\/(qwq|qwen3\.8-max)/,
  /^~?deepseek\/deepseek-r1/,
  /^~?stepfun\/step-3\.5/,
  /thinking/,
];

const DEEPSEEK_BETA: OtherAddress = {
  baseUrl: 'https://api.deepseek.com/beta',
  instead: ['https://api.deepseek.com', 'https://api.deepseek.com/v1'],
};

export const OPENAI_SHAPED: readonly ProviderKind[] = [
  {
    kind: 'deepseek',
    dialect: DIALECT,
    baseUrl: 'https://api.deepseek.com',
    keyVariable: 'DEEPSEEK_API_KEY',
    modelPatterns: [/^deepseek-[^/:]+$/],
    priceId: 'deepseek',
    newerPrices: DEEPSEEK_PRICES,
    // These names are now answered by the newest Flash: https://api-docs.deepseek.com/quick_start/pricing
    wrongPrices: /^deepseek-(chat|reasoner|v4-flash)/,
    weekends: { hoursAhead: 8, likeHour: 12 },
    quirks: {
      words: 'openai',
      // It ignores the newer field's name: https://github.com/earendil-works/pi/issues/8018
      maxTokensField: 'max_tokens',
      laterInstructions: true,
      reasoningField: 'thinking',
      // `xhigh` is accepted, and works like `high`: https://api-docs.deepseek.com/guides/thinking_mode
      efforts: ['low', 'high', 'xhigh', 'max'],
      modelThinking: [
        { models: /^deepseek-reasoner/, thinks: 'always', refuses: FORCED, needsReasoning: true },
        { models: /^deepseek-chat/, refuses: FORCED },
        { models: /./, thinks: 'by-default', refuses: FORCED, needsReasoning: true },
      ],
      replaysReasoning: true,
      // A choice is a word or names one function: https://api-docs.deepseek.com/api/create-chat-completion
      allowedTools: false,
      developerRole: false,
      jsonSchema: false,
      // It accepts only images as files: https://github.com/danny-avila/LibreChat/issues/16235
      documents: false,
      prefill: { turn: { prefix: true }, at: DEEPSEEK_BETA },
      // https://api-docs.deepseek.com/guides/fim_completion
      textCompletions: { at: DEEPSEEK_BETA },
    },
  },
  {
    kind: 'mistral',
    telemetryName: 'mistral_ai',
    dialect: DIALECT,
    baseUrl: 'https://api.mistral.ai/v1',
    keyVariable: 'MISTRAL_API_KEY',
    modelPatterns: [
      /^(open-)?(mistral|mixtral|ministral|magistral|codestral|devstral|pixtral|voxtral)-[^/:]+$/,
      /^ft:(open-)?(mistral|ministral|codestral|pixtral)-/,
    ],
    priceId: 'mistral',
    newerPrices: MISTRAL_PRICES,
    pricedAt: /^https:\/\/api\.([a-z]{2}\.)?mistral\.ai$/,
    // Only tokens cost more: https://docs.mistral.ai/inference/regional-inference
    dearer: {
      at: /^https:\/\/api\.[a-z]{2}\.mistral\.ai\b/,
      models: /^(?!mistral-ocr|voxtral-.*transcribe)/,
      times: 1.1,
    },
    // The table has earlier models' prices: https://github.com/promptfoo/promptfoo/pull/9929 (small), and
    // https://github.com/simonw/llm-prices/pull/63 (large).
    wrongPrices: /^(mistral-large|mistral-small-latest|mistral-large-latest|magistral-small-latest)$/,
    quirks: {
      words: 'mistral',
      maxTokensField: 'max_tokens',
      streamOptions: false,
      wholeCalls: true,
      renamedFields: { seed: 'random_seed' },
      // https://docs.mistral.ai/inference/conversations/advanced/prompt-caching
      conversation: { field: 'prompt_cache_key' },
      efforts: ['none', 'high'],
      // https://github.com/withceleste/celeste-python/pull/311
      refusesOtherEfforts: /./,
      allowedTools: false,
      modelRefusals: [
        { models: /^(?!mistral-(small|medium|large-4)|zai-glm-5-[3-9])/, fields: ['reasoning_effort'] },
      ],
      modelThinking: [
        { models: /magistral/, thinks: 'always' },
        // https://github.com/mistralai/mistral-vibe/issues/1117
        { models: /^zai-glm-5-[3-9]/, efforts: ['low', 'high', 'max'], thinks: 'always' },
        // https://docs.mistral.ai/inference/conversations/reasoning
        {
          models: /^mistral-large-4/,
          efforts: ['none', 'low', 'medium', 'high'],
          thinks: 'by-default',
        },
      ],
      // Unknown fields are refused with HTTP 422.
      refusedFields: [
        'user',
        'verbosity',
        'service_tier',
        'prompt_cache_retention',
        'prompt_cache_options',
        'store',
        'logprobs',
        'top_logprobs',
        'logit_bias',
        'include_reasoning',
        ...OPENROUTERS_FIELDS,
      ],
      documentUrls: true,
      // https://github.com/SillyTavern/SillyTavern/pull/4856
      maxTemperature: 1.5,
      // "top_p must be 1 when using greedy sampling": https://github.com/devoxx/DevoxxGenieIDEAPlugin/issues/338
      greedyTopP: true,
      developerRole: false,
      // Of its messages, only results have names: https://github.com/mistralai/client-python
      messageFields: ['tool_calls', 'tool_call_id', 'prefix', 'tool.name'],
      callIds: 'exactly-9',
      messageOrder: true,
      prefill: 'repeats',
      // https://docs.mistral.ai/api/#tag/fim
      textCompletions: { path: '/fim/completions', answersInChat: true },
    },
  },
  {
    kind: 'groq',
    dialect: DIALECT,
    baseUrl: 'https://api.groq.com/openai/v1',
    keyVariable: 'GROQ_API_KEY',
    keyPrefixes: ['gsk_'],
    modelPatterns: [/^groq\//, /^llama-3\.\d-\d+b-(instant|versatile)$/, /^(distil-)?whisper-large-v\d/],
    priceId: 'groq',
    newerPrices: GROQ_PRICES,
    // The table has the price of the 120b model: https://github.com/braintrustdata/braintrust-proxy/issues/609
    wrongPrices: /^openai\/gpt-oss-safeguard-20b$/,
    // https://console.groq.com/docs/speech-to-text
    leastAudioSeconds: 10,
    // Its flex tier costs the usual price; `performance` is capacity bought in advance.
    tiers: { performance: null },
    quirks: {
      words: 'openai',
      outputLimits: GROQ_OUTPUT,
      refusedFields: [
        'logprobs',
        'top_logprobs',
        'logit_bias',
        'verbosity',
        'store',
        // "property 'prompt_cache_key' is unsupported": https://github.com/eigent-ai/eigent/issues/1827
        'prompt_cache_key',
        'prompt_cache_retention',
        'prompt_cache_options',
        ...OPENROUTERS_FIELDS,
      ],
      participantNames: false,
      messageFields: ['tool_calls', 'tool_call_id', 'function_call', 'reasoning'],
      efforts: ['low', 'medium', 'high'],
      // "`reasoning_effort` must be one of `none` or `default`": https://github.com/Alishahryar1/free-claude-code/issues/1348
      refusesOtherEfforts: /./,
      allowedTools: false,
      // Before 3.8, Qwen's thinking could only be switched on or off: https://github.com/groq/groq-python/pull/284
      modelThinking: [
        { models: /qwen3\.8/, efforts: ['none', 'low', 'medium', 'high'], thinks: 'by-default' },
        { models: /qwen3/, efforts: ['none'], thinks: 'by-default' },
        { models: /gpt-oss|deepseek-r1|qwq|compound/, thinks: 'always' },
      ],
      modelRefusals: [{ models: /^(?!.*(gpt-oss|qwen3))/, fields: ['reasoning_effort'] }],
      // Without this, these models' thinking stands between tags in the text of the answer.
      modelFields: [{ models: /qwen|deepseek-r1/, fields: { reasoning_format: 'parsed' } }],
      // "json mode cannot be combined with tool/function calling": https://github.com/vercel/ai/pull/16540
      jsonBesideTools: false,
      // https://console.groq.com/docs/structured-outputs
      refusesJsonSchema: /^(?!.*(gpt-oss|qwen3\.[89]|kimi-k2|llama-4))/,
      prefill: {},
      // https://console.groq.com/docs/openai
      textCompletions: false,
    },
  },
  {
    kind: 'xai',
    telemetryName: 'x_ai',
    dialect: DIALECT,
    baseUrl: 'https://api.x.ai/v1',
    keyVariable: 'XAI_API_KEY',
    keyPrefixes: ['xai-'],
    modelPatterns: [/^grok-[^/]+$/],
    priceId: 'x-ai',
    newerPrices: XAI_PRICES,
    pricedAt: /^https:\/\/([a-z]+-[a-z]+-\d\.)?api\.x\.ai$/,
    billsItself: true,
    quirks: {
      words: 'openai',
      wholeCalls: true,
      laterInstructions: true,
      efforts: ['low', 'medium', 'high'],
      // https://docs.x.ai/docs/guides/reasoning. 4.5 and later think at length by default, which cannot be turned off.
      modelThinking: [
        { models: /^grok-4\.3/, efforts: ['none', 'low', 'medium', 'high'], thinks: 'by-default' },
        { models: /^grok-4\.5/, thinks: 'always' },
        { models: /^grok-4\.[6-9]/, efforts: ['low', 'medium', 'high', 'xhigh'], thinks: 'always' },
      ],
      modelRefusals: [
        // This includes models that do not reason: https://github.com/lobehub/lobehub/issues/13332
        { models: /^grok-(3-mini|4|code)/, fields: ['frequency_penalty', 'presence_penalty'] },
        // https://github.com/langchain-ai/langchain/pull/38335
        { models: /^grok-(3|4|code)(?!.*non-reasoning)/, fields: ['stop'] },
        // 4.3 and later accept it, and so does 3-mini. "Model grok-build does not support parameter reasoningEffort.":
        // https://github.com/router-for-me/CLIProxyAPI/pull/3968
        {
          models: /^grok-(2|3(?!-mini)|4(?!\.\d)|4-|4\.20|code|build|composer)/,
          fields: ['reasoning_effort'],
        },
      ],
      refusedFields: ['verbosity'],
      // https://docs.x.ai/developers/advanced-api-usage/prompt-caching/maximizing-cache-hits
      conversation: { header: 'x-grok-conv-id', inResponses: true },
      // "Each message must have at least one content element": https://github.com/langchain-ai/langchain/issues/34140
      needsContent: 'text',
    },
  },
  {
    kind: 'together',
    dialect: DIALECT,
    baseUrl: 'https://api.together.xyz/v1',
    keyVariable: 'TOGETHER_API_KEY',
    modelPatterns: [],
    priceId: 'together',
    pricedAt: /^https:\/\/api\.together\.(xyz|ai)$/,
    quirks: {
      words: 'openai',
      extraFields: ['top_k'],
      efforts: ['low', 'medium', 'high'],
      modelThinking: [
        // https://docs.together.ai/docs/glm-5.3-quickstart
        {
          models: /glm-5\.[3-9]/i,
          field: 'reasoning_effort',
          efforts: ['low', 'medium', 'high', 'max'],
          thinks: 'always',
        },
        { models: /(glm-[5-9]|kimi-k2\.|qwen3\.|deepseek-v|cogito)/i, field: 'reasoning.enabled' },
        { models: /gpt-oss/, thinks: 'always' },
      ],
      modelRefusals: [{ models: /^(?!.*(gpt-oss|glm-5\.[3-9]))/i, fields: ['reasoning_effort'] }],
      developerRole: false,
    },
  },
  {
    kind: 'fireworks',
    dialect: DIALECT,
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    keyVariable: 'FIREWORKS_API_KEY',
    modelPatterns: [/^accounts\/[^/]+\/(models|deployments|routers)\//],
    priceId: 'fireworks',
    quirks: {
      words: 'openai',
      extraFields: ['top_k'],
      // "Requests with max_tokens > 4096 must have stream=true": https://github.com/nullclaw/nullclaw/pull/231
      wholeUpTo: 4_096,
      // As the AI SDK's provider asks it, with a budget: https://ai-sdk.dev/providers/ai-sdk-providers/fireworks
      thinkingFields: ['thinking'],
      // https://docs.fireworks.ai/guides/prompt-caching
      conversation: { header: 'x-session-affinity' },
      efforts: ['none', 'low', 'medium', 'high'],
      modelThinking: [
        // https://github.com/anomalyco/models.dev/pull/6237
        { models: /glm-5p[3-9]/, efforts: ['low', 'high', 'max'], thinks: 'always' },
        // They refuse `none`: https://github.com/can1357/oh-my-pi/issues/2315
        { models: /gpt-oss|minimax-m2/, efforts: ['low', 'medium', 'high'], thinks: 'always' },
      ],
      replaysReasoning: true,
      developerRole: false,
    },
  },
  {
    kind: 'moonshot',
    telemetryName: 'moonshot_ai',
    dialect: DIALECT,
    baseUrl: 'https://api.moonshot.ai/v1',
    keyVariable: 'MOONSHOT_API_KEY',
    modelPatterns: [/^(kimi|moonshot)-[^/:]+$/],
    priceId: 'moonshotai',
    newerPrices: KIMI_PRICES,
    quirks: {
      words: 'openai',
      laterInstructions: true,
      // https://platform.kimi.ai/docs/api/chat
      conversation: { field: 'prompt_cache_key' },
      reasoningField: 'thinking',
      // K2 refuses an effort together with its switch; K3 has no switch.
      modelThinking: [
        {
          models: /^kimi-k[3-9]/,
          field: 'reasoning_effort',
          efforts: ['low', 'high', 'max'],
          thinks: 'always',
          refuses: ['tool'],
          needsReasoning: true,
        },
        { models: /^kimi-k2(-thinking|\.7)/, thinks: 'always', refuses: FORCED, needsReasoning: true },
        { models: /^kimi-k2\.[5-9]/, thinks: 'by-default', refuses: FORCED, needsReasoning: true },
      ],
      replaysReasoning: true,
      // "the message at position 8 with role 'assistant' must not be empty": https://github.com/AstrBotDevs/AstrBot/issues/7200
      needsContent: 'words',
      developerRole: false,
      schemaForm: 'mfjs',
      // https://github.com/MoonshotAI/kimi-cli/issues/2531
      toolNameStart: /^[a-zA-Z_]/,
      modelRefusals: [
        { models: /^moonshot-v1/, fields: ['thinking'] },
        // Their sampling parameters are fixed: any other value is refused.
        {
          models: /^kimi-(k2\.[5-9]|k[3-9])/,
          fields: ['temperature', 'top_p', 'frequency_penalty', 'presence_penalty'],
        },
      ],
      prefill: { turn: { partial: true } },
    },
  },
  {
    kind: 'qwen',
    dialect: DIALECT,
    baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    keyVariable: 'DASHSCOPE_API_KEY',
    modelPatterns: [/^(qwen(?!-\d)|qwq|qvq)[^/:]*$/, /^text-embedding-v\d$/],
    priceId: null,
    quirks: {
      words: 'openai',
      outputLimits: QWEN_OUTPUT,
      extraFields: ['top_k'],
      // https://www.alibabacloud.com/help/en/model-studio/context-cache
      cacheControl: true,
      cacheWhole: false,
      // https://www.alibabacloud.com/help/en/model-studio/explicit-cache-qwen4
      cacheTtl: /^qwen-?4/,
      reasoningField: 'enable_thinking',
      modelThinking: [
        // "Json mode response is not supported when enable_thinking is true", before 3.5:
        // https://github.com/presenton/presenton/issues/184
        { models: /^q[wv]q|-thinking/, thinks: 'always', refuses: FORCED, refusesJson: true },
        // https://github.com/QwenLM/qwen-code/pull/8472, https://github.com/anomalyco/models.dev/pull/5732
        {
          models: /^qwen3\.8-(max|flash)/,
          efforts: ['low', 'medium', 'xhigh'],
          thinks: 'by-default',
          refuses: FORCED,
        },
        { models: /^qwen3\.[5-9]/, thinks: 'by-default', refuses: FORCED },
        // Open weights: `qwen3-32b`, `qwen3-235b-a22b`.
        {
          models: /^qwen3-\d(?!.*instruct)/,
          thinks: 'by-default',
          refuses: FORCED,
          streamsOnly: true,
          refusesJson: true,
        },
        // Each "(non-thinking mode)": https://www.alibabacloud.com/help/en/model-studio/json-mode
        { models: /^qwen(3-max|-(max|plus|flash|turbo))/, refuses: FORCED, refusesJson: true },
        { models: /./, refuses: FORCED },
      ],
      developerRole: false,
      // "Invalid value: file. Supported values are: 'text','image_url','video_url' and 'video'":
      // https://github.com/QwenLM/qwen-code/issues/1888
      documents: false,
      videos: 'files',
      prefill: { turn: { partial: true }, notThinking: true },
    },
  },
  {
    kind: 'cerebras',
    dialect: DIALECT,
    baseUrl: 'https://api.cerebras.ai/v1',
    keyVariable: 'CEREBRAS_API_KEY',
    keyPrefixes: ['csk-'],
    modelPatterns: [/^(llama3\.1|zai-glm|gpt-oss|qwen)-\d[^/:]*$/],
    priceId: 'cerebras',
    newerPrices: CEREBRAS_PRICES,
    quirks: {
      words: 'openai',
      // Its Python SDK reads only whole calls. https://github.com/Cerebras/cerebras-cloud-sdk-python
      wholeCalls: true,
      maxTokensField: 'max_completion_tokens',
      // "Tools with mixed values for 'strict' are not allowed": https://github.com/RooCodeInc/Roo-Code/issues/10334
      strictTools: 'all',
      refusedFields: [
        'frequency_penalty',
        'presence_penalty',
        'logit_bias',
        'verbosity',
        'prompt_cache_key',
        'prompt_cache_retention',
        'prompt_cache_options',
        'store',
        'include_reasoning',
        ...OPENROUTERS_FIELDS,
      ],
      efforts: ['low', 'medium', 'high'],
      modelThinking: [
        {
          models: /^(zai-glm|qwen-3\.8)/,
          efforts: ['none', 'low', 'medium', 'high'],
          thinks: 'by-default',
        },
        { models: /^gpt-oss/, thinks: 'always' },
      ],
      // "Input should be 'none', 'low', 'medium' or 'high'": https://github.com/mnfst/modelparams.dev/pull/115
      refusesOtherEfforts: /./,
      modelRefusals: [{ models: /^(?!gpt-oss|zai-glm|qwen-3\.8)/, fields: ['reasoning_effort'] }],
      // "\"tools\" is incompatible with \"response_format\"": https://github.com/BerriAI/litellm/issues/31333
      jsonBesideTools: false,
      developerRole: false,
      messageFields: ['name', 'tool_calls', 'tool_call_id', 'reasoning'],
    },
  },
  {
    kind: 'glm',
    dialect: DIALECT,
    baseUrl: 'https://open.bigmodel.cn/api/paas/v4',
    keyVariable: 'GLM_API_KEY',
    modelPatterns: [/^glm-[^/:]+$/i, /^(embedding-[23]$|cogview-|cogvideox-)/],
    priceId: 'zai',
    newerPrices: GLM_PRICES,
    // The table has half the price, of an offer that ended on 9 September 2026.
    wrongPrices: /^glm-5\.3-flash/i,
    // The other base URL bills in yuan.
    pricedAt: /^https:\/\/api\.z\.ai$/,
    quirks: {
      words: 'openai',
      laterInstructions: true,
      maxTokensField: 'max_tokens',
      streamOptions: false,
      reasoningField: 'thinking',
      modelThinking: [
        { models: /^glm-5\.2/i, efforts: ['high', 'max'] },
        { models: /^glm-5\.[3-9]/i, efforts: ['low', 'high', 'max'], thinks: 'always' },
      ],
      // "only max, high and low are supported. Any other input will result in an error": https://docs.z.ai/guides/capabilities/thinking
      refusesOtherEfforts: /^glm-5\.[3-9]/i,
      replaysReasoning: true,
      toolChoiceAutoOnly: true,
      allowedTools: false,
      toolStream: true,
      strictTools: false,
      jsonSchema: false,
      refusedFields: ['frequency_penalty', 'presence_penalty'],
      participantNames: false,
      developerRole: false,
      needsUserMessage: true,
      // Content and `tool_calls` may not both be empty: https://github.com/songquanpeng/one-api/issues/1153
      needsContent: 'words',
      errorCodes: GLM_ERROR_CODES,
    },
  },
  {
    kind: 'openrouter',
    dialect: DIALECT,
    baseUrl: 'https://openrouter.ai/api/v1',
    keyVariable: 'OPENROUTER_API_KEY',
    keyPrefixes: ['sk-or-'],
    modelPatterns: [/^[~@]?[\w.-]+\/[\w.:-]+$/],
    priceId: 'openrouter',
    // https://openrouter.ai/docs/guides/features/in-region-routing
    pricedAt: /^https:\/\/([a-z]{2}\.)?openrouter\.ai$/,
    billsItself: true,
    quirks: {
      // It hands `safe_prompt` on to Mistral: https://openrouter.ai/docs/api-reference/parameters
      words: 'openrouter',
      // https://openrouter.ai/docs/guides/overview/multimodal/videos
      videos: 'pages',
      reasoningField: 'reasoning',
      modelThinking: MANDATORY_REASONING.map((models) => ({
        models,
        efforts: ['low', 'medium', 'high'],
        thinks: 'always',
      })),
      replaysReasoningDetails: true,
      cacheControl: true,
      // https://openrouter.ai/docs/guides/best-practices/prompt-caching. These are Alibaba's own models, which nobody else serves.
      cachedIfMarked: /^~?qwen\/qwen[\d.]*-(coder-)?(max|plus|flash)/,
      conversation: { field: 'session_id' },
      extraFields: ['top_k'],
      prefill: 'continues',
      restartsPrefill: /^~?openai\//,
      // As the vendors of these models do.
      refusesPrefill:
        /^~?(anthropic\/claude-([a-z]+-)?(4\.[6-9]|[5-9]|latest)|google\/gemini-(3\.[6-9]|[4-9]|3\.5-flash-lite|[a-z-]*latest))/,
    },
  },
  {
    kind: 'vllm',
    dialect: DIALECT,
    baseUrl: 'http://127.0.0.1:8000/v1',
    keyVariable: null,
    modelPatterns: [],
    priceId: null,
    quirks: {
      extraFields: ['top_k'],
      developerRole: false,
      // "Unsupported chat content part type: 'file'": https://github.com/vllm-project/vllm/pull/57774
      documents: false,
      // https://docs.vllm.ai/en/latest/features/multimodal_inputs.html
      videos: 'files',
      prefill: { request: { continue_final_message: true, add_generation_prompt: false } },
    },
  },
];
