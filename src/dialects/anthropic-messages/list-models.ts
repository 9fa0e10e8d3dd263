// Lists of models, in both directions. https://docs.anthropic.com/en/api/models-list
import {
  asArray,
  asBoolean,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import type { ModelCapabilities, ModelEntry, OfferedModel } from '../../model/model-entry.ts';
import { type ClientModels, type ProviderModels, routeModels } from '../operations.ts';
import { dateOf } from '../shared/models/model-date.ts';
import { askCloudModels, parseCloudModels } from '../shared/models/cloud-models.ts';
import { modelsOfAmazons } from './amazon/list-models.ts';
import { ID, ownFields } from './wire.ts';

const PAGE_SIZE = 1_000;
/** Stands for an unknown date, since clients require one. */
const UNKNOWN_DATE = '1970-01-01T00:00:00Z';
/** Typed clients refuse a model without these fields. */
const UNSTATED = {
  capabilities: null,
  lifecycle: 'active',
  deprecated_at: null,
  retires_at: null,
  line: null,
};

export const clientModels: ClientModels = {
  route: (path, headers) =>
    modelsOfAmazons(path) ?? (headers.has('anthropic-version') ? routeModels(path, '/v1/models') : undefined),
  // Claude Code offers the listed models, and compares the name with that in answers, which is the same (model-name.ts).
  listsBareNames: true,
  buildModel: (model, asked) => (asked.form?.buildModel ?? buildModel)(model, asked),
  buildList(models, query, asked) {
    if (asked.form !== undefined) return asked.form.buildList(models, query, asked);
    const limit = Number(query.get('limit') ?? Number.NaN);
    const after = models.findIndex((model) => model.id === query.get('after_id'));
    const before = models.findIndex((model) => model.id === query.get('before_id'));
    let page = models.slice(after + 1, before === -1 ? undefined : before);
    const found = page.length;
    if (limit >= 1) page = before === -1 ? page.slice(0, limit) : page.slice(-limit);
    return {
      data: page.map((model) => buildModel(model)),
      has_more: page.length < found,
      first_id: page[0]?.id ?? null,
      last_id: page.at(-1)?.id ?? null,
    };
  },
};

function buildModel(model: OfferedModel): JsonObject {
  const { id, displayName = id, created, contextWindow, inputTokenLimit = contextWindow } = model;
  return {
    created_at: dateOf(created) ?? UNKNOWN_DATE,
    ...UNSTATED,
    max_input_tokens: inputTokenLimit ?? null,
    max_tokens: model.outputTokenLimit ?? null,
    ...ownFields(model.extension),
    type: 'model',
    id,
    display_name: displayName,
  };
}

export const providerModels: ProviderModels = {
  ask(cursor, { quirks, settings = {} }) {
    if (quirks.cloudMethods === true) return askCloudModels('anthropic', cursor, settings);
    const after = cursor === null ? '' : `&after_id=${encodeURIComponent(cursor)}`;
    return { path: `/v1/models?limit=${PAGE_SIZE}${after}` };
  },
  parsePage(body) {
    const cloud = parseCloudModels(body);
    if (cloud !== undefined) return cloud;
    const data = asArray(body.data);
    if (data === undefined) throw new Error('data is missing');
    const next = body.has_more === true ? (asString(body.last_id) ?? null) : null;
    return { models: data.flatMap((entry) => (isObject(entry) ? parseModel(entry) : [])), next };
  },
};

function parseModel(fields: JsonObject): ModelEntry[] {
  const id = asString(fields.id);
  if (id === undefined) return [];
  const entry: ModelEntry = { id, extension: { dialect: ID, fields } };
  const displayName = asString(fields.display_name);
  if (displayName !== undefined) entry.displayName = displayName;
  const created = Date.parse(asString(fields.created_at) ?? '') / 1_000;
  if (Number.isFinite(created)) entry.created = created;
  const input = asNumber(fields.max_input_tokens);
  if (input !== undefined) entry.inputTokenLimit = input;
  const output = asNumber(fields.max_tokens);
  if (output !== undefined) entry.outputTokenLimit = output;
  const capabilities = asObject(fields.capabilities);
  if (capabilities !== undefined)
    entry.capabilities = {
      ...statedAs('images', capabilities.image_input),
      ...statedAs('reasoning', capabilities.thinking),
    };
  return [entry];
}

function statedAs(name: keyof ModelCapabilities, stated: JsonValue | undefined): ModelCapabilities {
  const supported = asBoolean(asObject(stated)?.supported);
  return supported === undefined ? {} : { [name]: supported };
}
