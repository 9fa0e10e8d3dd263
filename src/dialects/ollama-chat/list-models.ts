// The models on the server: `GET /api/tags`, and `POST /api/show` for one of them. https://docs.ollama.com/api/tags
import { asArray, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type { ModelEntry, OfferedModel } from '../../model/model-entry.ts';
import type { ClientModels, ProviderModels } from '../operations.ts';
import { dateOf } from '../shared/model-date.ts';
import { requiredString } from '../shared/read-field.ts';

/** One page holds all. */
export const providerModels: ProviderModels = {
  ask: () => ({ path: '/api/tags' }),
  parsePage(body) {
    const models = asArray(body.models);
    if (models === undefined) throw new Error('models is missing');
    return { models: models.flatMap((entry) => (isObject(entry) ? parseModel(entry) : [])), next: null };
  },
};

function parseModel(fields: JsonObject): ModelEntry[] {
  const id = asString(fields.model) ?? asString(fields.name);
  if (id === undefined) return [];
  const changed = Date.parse(asString(fields.modified_at) ?? '') / 1_000;
  return [{ id, ...(Number.isFinite(changed) ? { created: Math.floor(changed) } : {}) }];
}

export const clientModels: ClientModels = {
  route(path) {
    if (path === '/api/tags') return {};
    return path === '/api/show' ? { isPosted: true } : undefined;
  },
  // `name`: as older clients have it.
  readAsked: (body) =>
    requiredString({ model: body.model ?? body.name }, 'model', 'model', 'name the model to show'),
  /** Of a model's abilities the gateway knows only what it carries for every one. */
  buildModel({ inputTokenLimit, ...model }) {
    const { provider } = model;
    return {
      modelfile: '',
      parameters: '',
      template: '',
      details: detailsOf(model),
      model_info: {
        'general.architecture': provider,
        ...(inputTokenLimit !== undefined && { [`${provider}.context_length`]: inputTokenLimit }),
      },
      capabilities: ['completion', 'tools'],
      modified_at: modifiedAt(model),
    };
  },
  buildList: (models) => ({
    models: models.map((model) => ({
      name: model.id,
      model: model.id,
      modified_at: modifiedAt(model),
      size: 0,
      digest: '',
      details: detailsOf(model),
    })),
  }),
};

/** Clients read a time; of a model without one, the time that Ollama's own server has for none. */
function modifiedAt({ created }: Pick<OfferedModel, 'created'>): string {
  return dateOf(created) ?? '0001-01-01T00:00:00Z';
}

function detailsOf({ provider }: Pick<OfferedModel, 'provider'>): JsonObject {
  return {
    parent_model: '',
    format: '',
    family: provider,
    families: [provider],
    parameter_size: '',
    quantization_level: '',
  };
}
