// Lists of models, in both directions. https://ai.google.dev/api/models
import { asArray, asBoolean, asNumber, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type { ModelEntry, OfferedModel } from '../../model/model-entry.ts';
import { type AskedModels, type ClientModels, type ProviderModels, routeModels } from '../operations.ts';
import { askCloudModels, parseCloudModels } from '../shared/models/cloud-models.ts';
import { publisherModels } from '../shared/google-clients.ts';
import { bareModel, forwardedTo, isGoogles } from './route.ts';
import { ID } from './wire.ts';

const PAGE_SIZE = 1_000;
/** Those of Google Cloud's many models that use this dialect; others generate images, video and audio. */
const SPOKEN_TO = /^(gemini|gemma|text-embedding|text-multilingual-embedding)-/;
const METHODS = ['generateContent', 'streamGenerateContent', 'countTokens'];

export const clientModels: ClientModels = {
  route(path, headers) {
    const cloud = publisherModels(path);
    if (cloud !== undefined) return cloudAsked(cloud);
    // What a model has stored, such as its operations, is not a model.
    if (forwardedTo(path, headers) !== undefined) return undefined;
    const found =
      routeModels(path, '/v1beta/models') ??
      routeModels(path, '/v1alpha/models') ??
      (isGoogles(headers) ? routeModels(path, '/v1/models') : undefined);
    return found?.id === undefined ? found : { id: bareModel(found.id) };
  },
  buildModel: (model, { asPublished }) => (asPublished === true ? buildPublished : buildModel)(model),
  /** A page's token is the id of its first model. */
  buildList(models, query, { asPublished }) {
    const size = Number(query.get('pageSize') ?? Number.NaN);
    const from = Math.max(
      0,
      models.findIndex((model) => model.id === query.get('pageToken')),
    );
    const to = size >= 1 ? from + Math.floor(size) : models.length;
    const next = models[to]?.id;
    const page = models.slice(from, to);
    return {
      ...(asPublished === true
        ? { publisherModels: page.map(buildPublished) }
        : { models: page.map(buildModel) }),
      ...(next === undefined ? {} : { nextPageToken: next }),
    };
  },
};

/** The list without a model's name is always Google's, since its SDKs request no other. */
function cloudAsked({ publisher, model }: { publisher: string; model?: string }): AskedModels | undefined {
  if (model !== undefined)
    return { id: publisher === 'google' ? model : `${publisher}/${model}`, asPublished: true };
  return publisher === 'google' ? { asPublished: true } : undefined;
}

/** Its SDKs turn such a name back into the path of `provider/model`. */
function buildPublished(model: OfferedModel): JsonObject {
  const { id, displayName = id } = model;
  const slash = id.indexOf('/');
  const [publisher, name] = slash === -1 ? ['google', id] : [id.slice(0, slash), id.slice(slash + 1)];
  return { name: `publishers/${publisher}/models/${name}`, displayName };
}

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
  const reasoning = asBoolean(fields.thinking);
  const methods = asArray(fields.supportedGenerationMethods);
  const embeds = methods?.includes('embedContent') === true && !methods.includes('generateContent');
  if (embeds) entry.capabilities = { embeds };
  else if (reasoning !== undefined) entry.capabilities = { reasoning };
  return [entry];
}
