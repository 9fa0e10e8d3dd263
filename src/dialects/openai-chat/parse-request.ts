// A Chat Completions request → NeutralRequest.
// https://platform.openai.com/docs/api-reference/chat/create
import type { HeaderReader } from '../../model/headers.ts';
import { asArray, asBoolean, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { NeutralRequest, OutputFormat } from '../../model/request.ts';
import type { ClientRoute } from '../dialect.ts';
import { hasSecondUser, otherFields, readSettings, SETTINGS, schemaFormat } from '../openai/fields.ts';
import { isOpenRouters } from '../openai/openrouter-clients.ts';
import {
  invalid,
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalString,
  requiredString,
} from '../shared/read-field.ts';
import { type NumberFields, readNumbers } from '../shared/settings/numbers.ts';
import { parseStop } from '../shared/settings/stop-sequences.ts';
import { parseMessages } from './parse-messages.ts';
import { parseToolChoice, parseTools, SEARCH_OPTIONS } from './parse-tools.ts';
import { parseReasoningSettings } from './reasoning-settings.ts';
import { ID } from './wire.ts';

/** Top-level fields that have a neutral form. Those that are kept in another form are handled where they are read. */
const NEUTRAL_FIELDS = [
  'model',
  'messages',
  'stream',
  'stream_options',
  'tools',
  'functions',
  'function_call',
  'max_completion_tokens',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'random_seed',
  'frequency_penalty',
  'presence_penalty',
  'stop',
  'verbosity',
  'cache_control',
  ...SETTINGS,
];

const NUMBERS: NumberFields = [
  ['temperature', 'temperature'],
  ['topP', 'top_p'],
  ['topK', 'top_k'],
  ['seed', 'seed'],
  // Sent by Mistral's clients.
  ['seed', 'random_seed'],
  ['frequencyPenalty', 'frequency_penalty'],
  ['presencePenalty', 'presence_penalty'],
];

export function parseRequest(body: JsonObject, _route?: ClientRoute, headers?: HeaderReader): NeutralRequest {
  const model = requiredString(body, 'model', 'model', 'name the model to use');
  const { system, messages } = parseMessages(body.messages);
  const request: NeutralRequest = {
    model,
    stream: optionalBoolean(body, 'stream') ?? false,
    system,
    messages,
    tools: parseTools(body),
  };
  const kept = new Set([...NEUTRAL_FIELDS, SEARCH_OPTIONS]);

  const streamOptions = optionalObject(body, 'stream_options');
  if (asBoolean(streamOptions?.include_usage) === true) request.includeUsage = true;
  // For OpenRouter's clients. https://openrouter.ai/docs/use-cases/usage-accounting
  if (asBoolean(asObject(body.usage)?.include) === true || isOpenRouters(headers))
    request.includeUsage = true;

  const choice = parseToolChoice(body, request.tools);
  if (choice !== 'unknown') {
    kept.add('tool_choice');
    Object.assign(request, choice);
  }
  readSettings(request, body);
  if (hasSecondUser(body)) kept.delete('user');

  // Local servers take -1 for "no limit".
  const maxTokens = optionalNumber(body, 'max_completion_tokens') ?? optionalNumber(body, 'max_tokens');
  if (maxTokens !== undefined && maxTokens > 0) request.maxOutputTokens = maxTokens;

  readNumbers(request, NUMBERS, (field) => optionalNumber(body, field));

  if (asBoolean(body.logprobs) === true) {
    const top = optionalNumber(body, 'top_logprobs') ?? 0;
    request.logprobs = top > 0 ? { top } : {};
    kept.add('logprobs').add('top_logprobs');
  }

  const stopSequences = parseStop(body.stop, 'stop');
  if (stopSequences.length > 0) request.stopSequences = stopSequences;

  const reasoning = parseReasoningSettings(body);
  if (reasoning.settings !== undefined) request.reasoning = reasoning.settings;
  if (reasoning.readsDetails === true || isOpenRouters(headers)) request.readsReasoningDetails = true;
  for (const field of reasoning.consumed) kept.add(field);

  const format = optionalObject(body, 'response_format');
  const outputFormat = format === undefined ? undefined : parseOutputFormat(format);
  if (outputFormat !== undefined) {
    request.outputFormat = outputFormat;
    kept.add('response_format');
  }

  const verbosity = optionalString(body, 'verbosity');
  if (verbosity !== undefined && verbosity !== 'medium') request.verbosity = verbosity;
  const cacheControl = optionalObject(body, 'cache_control');
  if (cacheControl !== undefined) request.cacheControl = cacheControl;

  if (body.store === true) request.store = true;
  const { rest, shown } = reasoning;
  const fields = { ...otherFields(body, kept, isDefault), ...rest, ...shown };
  // Set even without fields: it says which dialect the request came in.
  request.extension = { dialect: ID, fields };
  const told = Object.keys(shown);
  if (told.length > 0) request.extension.defaults = told;
  return request;
}

/** Undefined for a format that only servers of this dialect know (grammars, regular expressions). */
function parseOutputFormat(format: JsonObject): OutputFormat | undefined {
  switch (format.type) {
    case 'text':
      return { type: 'text' };
    case 'json_object': {
      // llama.cpp and Together have the schema beside the type, Hugging Face's client under its own servers' name for it.
      const schema = asObject(format.schema) ?? asObject(format.value);
      return schema === undefined ? { type: 'json' } : { type: 'json-schema', schema };
    }
    case 'json_schema': {
      const described = optionalObject(format, 'json_schema', 'response_format.json_schema');
      const schema = asObject(described?.schema) ?? asObject(format.schema);
      if (schema === undefined) throw invalid('response_format.json_schema.schema', 'is missing');
      return schemaFormat(schema, described);
    }
    default:
      return undefined;
  }
}

function isDefault(name: string, value: JsonValue): boolean {
  switch (name) {
    case 'logprobs':
    case 'store':
    case 'echo':
      return value === false;
    case 'n':
    case 'best_of':
    case 'repetition_penalty':
      return value === 1;
    case 'top_logprobs':
    case 'min_p':
      return value === 0;
    // OpenRouter's way to request token counts, which are requested in any case.
    case 'usage':
      return true;
    // xAI's. https://docs.x.ai/docs/guides/live-search
    case 'search_parameters':
      return asObject(value)?.mode === 'off';
    case 'modalities':
      return asArray(value)?.every((modality) => modality === 'text') === true;
    case 'logit_bias':
      return Object.keys(asObject(value) ?? {}).length === 0;
    default:
      return false;
  }
}
