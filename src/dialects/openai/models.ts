// OpenAI's list of models, which both of its dialects and all compatible servers share.
// https://platform.openai.com/docs/api-reference/models
import {
  asArray,
  asBoolean,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
} from '../../model/json/json.ts';
import type { ModelCapabilities, ModelEntry, OfferedModel } from '../../model/model-entry.ts';
import { type ClientModels, type ProviderModels, routeModels } from '../operations.ts';
import { isMistrals, MISTRALS_MODELS } from './mistral-clients.ts';
import { OPENROUTERS_MODELS, readsErrorChunks } from './openrouter-clients.ts';
import { ownPath } from './own-path.ts';

export const openaiClientModels: ClientModels = {
  route(path, headers) {
    const asked = routeModels(ownPath(path), '/v1/models');
    if (asked === undefined) return undefined;
    if (isMistrals(headers)) return { ...asked, form: MISTRALS_MODELS };
    return readsErrorChunks(headers) ? { ...asked, form: OPENROUTERS_MODELS } : asked;
  },
  buildModel: (model, asked) => (asked.form?.buildModel ?? buildModel)(model, asked),
  buildList(models, query, asked) {
    return asked.form?.buildList(models, query, asked) ?? { object: 'list', data: models.map(buildModel) };
  },
};

function buildModel({ id, created = 0, provider }: OfferedModel): JsonObject {
  return { id, object: 'model', created: Math.floor(created), owned_by: provider };
}

/** All models are on one page. */
export const openaiModels: ProviderModels = {
  ask: () => ({ path: '/models' }),
  parsePage(body) {
    const data = asArray(body.data);
    if (data === undefined) throw new Error('data is missing');
    return { models: data.flatMap((entry) => (isObject(entry) ? parseModel(entry) : [])), next: null };
  },
};

function parseModel(fields: JsonObject): ModelEntry[] {
  const id = asString(fields.id);
  if (id === undefined) return [];
  const created = asNumber(fields.created);
  const limits = asObject(asObject(fields.capabilities)?.limits);
  const windows = [...WINDOWS.map((name) => fields[name]), ...COPILOTS_WINDOWS.map((name) => limits?.[name])];
  const contextWindow = windows.map(asNumber).find((tokens) => (tokens ?? 0) > 0);
  const capabilities = capabilitiesIn(fields);
  return [
    {
      id,
      ...(created !== undefined && { created }),
      ...(contextWindow !== undefined && { contextWindow }),
      ...(capabilities !== undefined && { capabilities }),
    },
  ];
}

/** The names that OpenRouter and Together, Groq, Mistral, and vLLM use; OpenAI's own list has none. */
const WINDOWS = ['context_length', 'context_window', 'max_context_length', 'max_model_len'] as const;

/** GitHub Copilot's, of which the first is what it refuses beyond. https://github.com/ericc-ch/copilot-api/blob/master/src/services/copilot/get-models.ts */
const COPILOTS_WINDOWS = ['max_prompt_tokens', 'max_context_window_tokens'] as const;

/** As OpenRouter, Mistral and GitHub Copilot state them. https://openrouter.ai/docs/guides/overview/models */
function capabilitiesIn(fields: JsonObject): ModelCapabilities | undefined {
  const inputs = asArray(asObject(fields.architecture)?.input_modalities);
  const parameters = asArray(fields.supported_parameters);
  const flags = asObject(fields.capabilities);
  const supports = asObject(flags?.supports);
  const images = inputs?.includes('image') ?? asBoolean(flags?.vision ?? supports?.vision);
  const tools = parameters?.includes('tools') ?? asBoolean(flags?.function_calling ?? supports?.tool_calls);
  const reasoning = parameters?.includes('reasoning') ?? asBoolean(flags?.reasoning);
  const stated = {
    ...(images !== undefined && { images }),
    ...(reasoning !== undefined && { reasoning }),
    ...(tools !== undefined && { tools }),
  };
  return Object.keys(stated).length === 0 ? undefined : stated;
}
