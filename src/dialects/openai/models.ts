// OpenAI's list of models, which both of its dialects and all compatible servers share.
// https://platform.openai.com/docs/api-reference/models
import { asArray, asNumber, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type { ModelEntry, OfferedModel } from '../../model/model-entry.ts';
import { type ClientModels, type ProviderModels, routeModels } from '../operations.ts';
import { ownPath } from './own-path.ts';

export const openaiClientModels: ClientModels = {
  route: (path) => routeModels(ownPath(path), '/v1/models'),
  buildModel,
  buildList: (models) => ({ object: 'list', data: models.map(buildModel) }),
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
  return [{ id, ...(created === undefined ? {} : { created }) }];
}
