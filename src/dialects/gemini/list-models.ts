// Lists of models, both ways. https://ai.google.dev/api/models
import { asArray, asNumber, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type { ModelEntry, OfferedModel } from '../../model/model-entry.ts';
import { type ClientModels, type ProviderModels, routeModels } from '../operations.ts';
import { askCloudModels, parseCloudModels } from '../shared/cloud-models.ts';
import { bareModel, forwardedTo, isGoogles } from './route.ts';
import { ID } from './wire.ts';

const PAGE_SIZE = 1_000;
/** Those of Google Cloud's many models that use this dialect; the others generate images, video and audio. */
const SPOKEN_TO = /^(gemini|gemma|text-embedding|text-multilingual-embedding)-/;
const METHODS = ['generateContent', 'streamGenerateContent', 'countTokens'];

export const clientModels: ClientModels = {
  route(path, headers) {
    // What a model has stored, such as its operations, is no model.
    if (forwardedTo(path, headers) !== undefined) return undefined;
    const found =
      routeModels(path, '/v1beta/models') ??
      (isGoogles(headers) ? routeModels(path, '/v1/models') : undefined);
    return found?.id === undefined ? found : { id: bareModel(found.id) };
  },
  buildModel,
  /** A page's token is the id of its first model. */
  buildList(models, query) {
    const size = Number(query.get('pageSize') ?? Number.NaN);
    const from = Math.max(
      0,
      models.findIndex((model) => model.id === query.get('pageToken')),
    );
    const to = size >= 1 ? from + Math.floor(size) : models.length;
    const next = models[to]?.id;
    return {
      models: models.slice(from, to).map(buildModel),
      ...(next === undefined ? {} : { nextPageToken: next }),
    };
  },
};

function buildModel(model: OfferedModel): JsonObject {
  const { id, displayName = id, inputTokenLimit, outputTokenLimit, extension } = model;
  return {
    version: '',
    supportedGenerationMethods: METHODS,
    ...(extension?.dialect === ID ? extension.fields : {}),
    name: `models/${id}`,
    displayName,
    ...(inputTokenLimit === undefined ? {} : { inputTokenLimit }),
    ...(outputTokenLimit === undefined ? {} : { outputTokenLimit }),
  };
}

export const providerModels: ProviderModels = {
  ask(cursor, { quirks, settings = {} }) {
    if (quirks.cloudMethods === true) return askCloudModels('google', cursor, settings);
    const token = cursor === null ? '' : `&pageToken=${encodeURIComponent(cursor)}`;
    return { path: `/v1beta/models?pageSize=${PAGE_SIZE}${token}` };
  },
  parsePage(body) {
    const cloud = parseCloudModels(body);
    if (cloud !== undefined) return { ...cloud, models: cloud.models.filter(({ id }) => SPOKEN_TO.test(id)) };
    const models = asArray(body.models);
    if (models === undefined) throw new Error('models is missing');
    return {
      models: models.flatMap((entry) => (isObject(entry) ? parseModel(entry) : [])),
      next: asString(body.nextPageToken) || null,
    };
  },
};

function parseModel(fields: JsonObject): ModelEntry[] {
  const name = asString(fields.name);
  if (name === undefined) return [];
  const entry: ModelEntry = { id: bareModel(name), extension: { dialect: ID, fields } };
  const displayName = asString(fields.displayName);
  if (displayName !== undefined) entry.displayName = displayName;
  const input = asNumber(fields.inputTokenLimit);
  if (input !== undefined) entry.inputTokenLimit = input;
  const output = asNumber(fields.outputTokenLimit);
  if (output !== undefined) entry.outputTokenLimit = output;
  return [entry];
}
