// The length and the form of the answer, and sampling.
import type { JsonObject, JsonValue } from '../../../src/model/json/json.ts';
import type { FeatureGroup, Form, SpokenId } from '../feature.ts';

const SCHEMA: JsonObject = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};

/** Where the wire has no `strict`, a schema is always kept. */
const BY_SCHEMA: Record<SpokenId, Form> = {
  'anthropic-messages': { output_config: { format: { type: 'json_schema', schema: SCHEMA } } },
  'openai-chat': {
    response_format: { type: 'json_schema', json_schema: { name: 'response', schema: SCHEMA } },
  },
  'openai-responses': {
    text: { format: { type: 'json_schema', name: 'response', schema: SCHEMA } },
  },
  gemini: {
    generationConfig: { responseMimeType: 'application/json', responseJsonSchema: SCHEMA },
  },
  'bedrock-converse': {
    outputConfig: {
      textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: JSON.stringify(SCHEMA) } } },
    },
  },
  'ollama-chat': { format: SCHEMA },
};

/** One field with the same value everywhere; null: the wire has none. */
function field(value: JsonValue, names: Record<SpokenId, string | null>): Record<SpokenId, Form> {
  const form = (wire: SpokenId): Form => {
    const path = names[wire];
    if (path === null) return null;
    return path.split('.').reduceRight<JsonValue>((inner, name) => ({ [name]: inner }), value) as JsonObject;
  };
  return {
    'anthropic-messages': form('anthropic-messages'),
    'openai-chat': form('openai-chat'),
    'openai-responses': form('openai-responses'),
    gemini: form('gemini'),
    'bedrock-converse': form('bedrock-converse'),
    'ollama-chat': form('ollama-chat'),
  };
}

export const OUTPUT: FeatureGroup = {
  title: 'Form of the answer',
  features: [
    {
      name: 'token limit',
      forms: field(1234, {
        'anthropic-messages': 'max_tokens',
        'openai-chat': 'max_completion_tokens',
        'openai-responses': 'max_output_tokens',
        gemini: 'generationConfig.maxOutputTokens',
        'bedrock-converse': 'inferenceConfig.maxTokens',
        'ollama-chat': 'options.num_predict',
      }),
    },
    {
      name: 'JSON',
      forms: {
        'anthropic-messages': null,
        'openai-chat': { response_format: { type: 'json_object' } },
        'openai-responses': { text: { format: { type: 'json_object' } } },
        gemini: { generationConfig: { responseMimeType: 'application/json' } },
        'bedrock-converse': null,
        'ollama-chat': { format: 'json' },
      },
    },
    {
      name: 'JSON by schema',
      forms: BY_SCHEMA,
    },
    {
      name: "JSON by Gemini's own schema (`responseSchema`)",
      clients: ['gemini'],
      forms: {
        'anthropic-messages': {
          output_config: {
            format: { type: 'json_schema', schema: { properties: { city: { type: 'string' } } } },
          },
        },
        'openai-chat': {
          response_format: { json_schema: { schema: { properties: { city: { type: 'string' } } } } },
        },
        'openai-responses': {
          text: { format: { schema: { properties: { city: { type: 'string' } } } } },
        },
        gemini: {
          generationConfig: {
            responseMimeType: 'application/json',
            responseSchema: { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] },
          },
        },
        'bedrock-converse': { outputConfig: { textFormat: { type: 'json_schema' } } },
        'ollama-chat': { format: { properties: { city: { type: 'string' } } } },
      },
    },
    {
      name: 'one of a list, as plain text (`text/x.enum`)',
      forms: {
        'anthropic-messages': null,
        'openai-chat': null,
        'openai-responses': null,
        gemini: {
          generationConfig: {
            responseMimeType: 'text/x.enum',
            responseSchema: { type: 'STRING', enum: ['sun', 'rain'] },
          },
        },
        'bedrock-converse': null,
        'ollama-chat': null,
      },
    },
    {
      name: 'how strictly the schema is kept (`strict`)',
      clients: ['openai-chat', 'openai-responses'],
      forms: {
        ...BY_SCHEMA,
        'openai-chat': {
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'response', schema: SCHEMA, strict: true },
          },
        },
        'openai-responses': {
          text: { format: { type: 'json_schema', name: 'response', schema: SCHEMA, strict: true } },
        },
      },
    },
    {
      name: "schema's description",
      clients: ['openai-chat', 'openai-responses'],
      forms: {
        'anthropic-messages': { output_config: { format: { schema: { description: 'A place.' } } } },
        'openai-chat': {
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'response', description: 'A place.', schema: SCHEMA },
          },
        },
        'openai-responses': {
          text: {
            format: { type: 'json_schema', name: 'response', description: 'A place.', schema: SCHEMA },
          },
        },
        gemini: { generationConfig: { responseJsonSchema: { description: 'A place.' } } },
        'bedrock-converse': {
          outputConfig: { textFormat: { structure: { jsonSchema: { description: 'A place.' } } } },
        },
        'ollama-chat': { format: { description: 'A place.' } },
      },
    },
    {
      name: 'verbosity',
      reasons: true,
      forms: field('low', {
        'anthropic-messages': null,
        'openai-chat': 'verbosity',
        'openai-responses': 'text.verbosity',
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
    {
      name: 'several answers',
      forms: field(2, {
        'anthropic-messages': null,
        'openai-chat': 'n',
        'openai-responses': null,
        gemini: 'generationConfig.candidateCount',
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
    {
      name: 'log probabilities',
      forms: {
        'anthropic-messages': null,
        'openai-chat': { logprobs: true, top_logprobs: 2 },
        'openai-responses': { include: ['message.output_text.logprobs'], top_logprobs: 2 },
        gemini: { generationConfig: { responseLogprobs: true, logprobs: 2 } },
        'bedrock-converse': null,
        'ollama-chat': { logprobs: true, top_logprobs: 2 },
      },
    },
    {
      name: 'audio answer',
      forms: {
        'anthropic-messages': null,
        'openai-chat': { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } },
        'openai-responses': null,
        gemini: { generationConfig: { responseModalities: ['AUDIO'] } },
        'bedrock-converse': null,
        'ollama-chat': null,
      },
    },
    {
      name: 'expected answer (`prediction`)',
      forms: field(
        { type: 'content', content: 'Hello.' },
        {
          'anthropic-messages': null,
          'openai-chat': 'prediction',
          'openai-responses': null,
          gemini: null,
          'bedrock-converse': null,
          'ollama-chat': null,
        },
      ),
    },
    {
      name: 'temperature',
      forms: field(0.25, {
        'anthropic-messages': 'temperature',
        'openai-chat': 'temperature',
        'openai-responses': 'temperature',
        gemini: 'generationConfig.temperature',
        'bedrock-converse': 'inferenceConfig.temperature',
        'ollama-chat': 'options.temperature',
      }),
    },
    {
      name: 'top p',
      forms: field(0.75, {
        'anthropic-messages': 'top_p',
        'openai-chat': 'top_p',
        'openai-responses': 'top_p',
        gemini: 'generationConfig.topP',
        'bedrock-converse': 'inferenceConfig.topP',
        'ollama-chat': 'options.top_p',
      }),
    },
    {
      name: 'top k',
      forms: field(37, {
        'anthropic-messages': 'top_k',
        'openai-chat': null,
        'openai-responses': null,
        gemini: 'generationConfig.topK',
        'bedrock-converse': 'additionalModelRequestFields.top_k',
        'ollama-chat': 'options.top_k',
      }),
    },
    {
      name: 'seed',
      forms: field(7, {
        'anthropic-messages': null,
        'openai-chat': 'seed',
        'openai-responses': null,
        gemini: 'generationConfig.seed',
        'bedrock-converse': null,
        'ollama-chat': 'options.seed',
      }),
    },
    {
      name: 'frequency penalty',
      forms: field(0.5, {
        'anthropic-messages': null,
        'openai-chat': 'frequency_penalty',
        'openai-responses': null,
        gemini: 'generationConfig.frequencyPenalty',
        'bedrock-converse': null,
        'ollama-chat': 'options.frequency_penalty',
      }),
    },
    {
      name: 'presence penalty',
      forms: field(0.5, {
        'anthropic-messages': null,
        'openai-chat': 'presence_penalty',
        'openai-responses': null,
        gemini: 'generationConfig.presencePenalty',
        'bedrock-converse': null,
        'ollama-chat': 'options.presence_penalty',
      }),
    },
    {
      name: 'stop sequences',
      forms: field(['END'], {
        'anthropic-messages': 'stop_sequences',
        'openai-chat': 'stop',
        'openai-responses': null,
        gemini: 'generationConfig.stopSequences',
        'bedrock-converse': 'inferenceConfig.stopSequences',
        'ollama-chat': 'options.stop',
      }),
    },
    {
      name: 'six stop sequences',
      forms: field(['A', 'B', 'C', 'D', 'E', 'F'], {
        'anthropic-messages': 'stop_sequences',
        'openai-chat': null,
        'openai-responses': null,
        gemini: null,
        'bedrock-converse': 'inferenceConfig.stopSequences',
        'ollama-chat': 'options.stop',
      }),
      clients: ['anthropic-messages'],
    },
    {
      name: 'token biases (`logit_bias`)',
      forms: field(
        { '50256': -100 },
        {
          'anthropic-messages': null,
          'openai-chat': 'logit_bias',
          'openai-responses': null,
          gemini: null,
          'bedrock-converse': null,
          'ollama-chat': null,
        },
      ),
    },
    {
      name: 'safety settings',
      forms: field([{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }], {
        'anthropic-messages': null,
        'openai-chat': null,
        'openai-responses': null,
        gemini: 'safetySettings',
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
    {
      name: "end user's id",
      forms: field('user-1', {
        'anthropic-messages': 'metadata.user_id',
        'openai-chat': 'user',
        'openai-responses': 'user',
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
    {
      name: 'what the provider should refuse (`moderation`)',
      forms: field(
        { model: 'omni-moderation-latest', policy: { input: { mode: 'block' } } },
        {
          'anthropic-messages': null,
          'openai-chat': 'moderation',
          'openai-responses': 'moderation',
          gemini: null,
          'bedrock-converse': null,
          'ollama-chat': null,
        },
      ),
    },
    {
      name: 'metadata',
      forms: field(
        { team: 'blue' },
        {
          'anthropic-messages': null,
          'openai-chat': null,
          'openai-responses': 'metadata',
          gemini: null,
          'bedrock-converse': 'requestMetadata',
          'ollama-chat': null,
        },
      ),
      clients: ['openai-responses'],
    },
    {
      name: 'service tier',
      forms: field('priority', {
        'anthropic-messages': null,
        'openai-chat': 'service_tier',
        'openai-responses': 'service_tier',
        gemini: 'serviceTier',
        'bedrock-converse': 'serviceTier.type',
        'ollama-chat': null,
      }),
      invokeHeaders: { 'x-amzn-bedrock-service-tier': 'priority' },
    },
    {
      name: 'prompt cache key',
      forms: field('session-1', {
        'anthropic-messages': null,
        'openai-chat': 'prompt_cache_key',
        'openai-responses': 'prompt_cache_key',
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
    {
      name: 'how long the prompt cache keeps (`prompt_cache_retention`)',
      forms: field('24h', {
        'anthropic-messages': null,
        'openai-chat': 'prompt_cache_retention',
        'openai-responses': 'prompt_cache_retention',
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
    {
      name: 'the provider keeps the exchange (`store`)',
      forms: field(true, {
        'anthropic-messages': null,
        'openai-chat': 'store',
        'openai-responses': 'store',
        gemini: null,
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
  ],
};
