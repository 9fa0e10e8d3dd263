// The models on the server: `GET /api/tags`, and `POST /api/show` for one of them. https://docs.ollama.com/api/tags
import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import type { ModelEntry, OfferedModel } from '../../model/model-entry.ts';
import type { ClientModels, ProviderModels } from '../operations.ts';
import { dateOf } from '../shared/models/model-date.ts';
import { requiredString } from '../shared/read-field.ts';
import { ID } from './wire.ts';

/** The list is a single page. */
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
  // Only newer servers have both fields.
  const contextWindow = asNumber(asObject(fields.details)?.context_length) ?? 0;
  return [
    {
      id,
      // Where Ollama knows no date it writes one of the year 1, which clients of other dialects cannot read.
      ...(changed > 0 && { created: Math.floor(changed) }),
      ...(contextWindow > 0 && { contextWindow }),
      extension: { dialect: ID, fields },
    },
  ];
}

export const clientModels: ClientModels = {
  route(path) {
    if (path === '/api/tags') return {};
    return path === '/api/show' ? { isPosted: true } : undefined;
  },
  // Older clients send `name` instead.
  readAsked: (body) =>
    requiredString({ model: body.model ?? body.name }, 'model', 'model', 'name the model to show'),
  buildModel(model) {
    const { id, displayName = id } = model;
    const details = detailsOf(model);
    const architecture = asString(details.family) || model.provider;
    const window = windowOf(model);
    return {
      modelfile: '',
      parameters: '',
      template: '',
      details,
      model_info: {
        'general.architecture': architecture,
        // Editors show this instead of the model's name.
        'general.basename': displayName,
        ...(window !== undefined && { [`${architecture}.context_length`]: window }),
      },
      capabilities: capabilitiesOf(model),
      modified_at: modifiedAt(model),
    };
  },
  buildList: (models) => ({
    models: models.map((model) => {
      const { size = 0, digest = '' } = ownFields(model);
      return {
        name: model.id,
        model: model.id,
        modified_at: modifiedAt(model),
        size,
        digest,
        details: detailsOf(model),
        capabilities: capabilitiesOf(model),
      };
    }),
  }),
};

/** The fields of a server that speaks this dialect; empty for other servers. */
function ownFields({ extension }: OfferedModel): JsonObject {
  return extension?.dialect === ID ? extension.fields : {};
}

/** For a model about which nothing is known: what the gateway can carry for any model. */
function capabilitiesOf(model: OfferedModel): JsonValue[] {
  const own = asArray(ownFields(model).capabilities);
  if (own !== undefined) return own;
  const { embeds, images, reasoning, tools = true } = model.capabilities ?? {};
  if (embeds === true) return ['embedding'];
  return [
    'completion',
    ...(tools ? ['tools'] : []),
    ...(images === true ? ['vision'] : []),
    ...(reasoning === true ? ['thinking'] : []),
  ];
}

function windowOf({ inputTokenLimit, contextWindow }: OfferedModel): number | undefined {
  return contextWindow ?? inputTokenLimit;
}

/** Clients require a time. A model without one gets the time that Ollama's own server states then. */
function modifiedAt({ created }: Pick<OfferedModel, 'created'>): string {
  return dateOf(created) ?? '0001-01-01T00:00:00Z';
}

function detailsOf(model: OfferedModel): JsonObject {
  const own = asObject(ownFields(model).details);
  if (own !== undefined) return own;
  const { provider } = model;
  const window = windowOf(model);
  return {
    parent_model: '',
    format: '',
    family: provider,
    families: [provider],
    parameter_size: '',
    quantization_level: '',
    ...(window !== undefined && { context_length: window }),
  };
}
