// The models on the server: `GET /api/tags`. https://docs.ollama.com/api/tags
import { asArray, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type { ModelEntry } from '../../model/model-entry.ts';
import type { ProviderModels } from '../operations.ts';

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
