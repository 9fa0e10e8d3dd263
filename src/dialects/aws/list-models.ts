// The models of an account in one region: those that are requested by their own name, and the inference profiles through which the others
// are. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html
import { asArray, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type { ModelEntry } from '../../model/model-entry.ts';
import type { ProviderModels } from '../operations.ts';

const PAGE_SIZE = 1_000;
/** The cursor of the first page of profiles, which follow the models. */
const PROFILES = 'profiles';

/** @param serves whether the provider can be asked for a model of this id. */
export function createModelList(serves: (id: string) => boolean): ProviderModels {
  return {
    ask(cursor) {
      if (cursor === null) return { path: '/foundation-models' };
      const token = cursor === PROFILES ? '' : `&nextToken=${encodeURIComponent(cursor)}`;
      return { path: `/inference-profiles?maxResults=${PAGE_SIZE}${token}` };
    },
    parsePage(body) {
      const models = asArray(body.modelSummaries);
      const profiles = asArray(body.inferenceProfileSummaries);
      if (models === undefined && profiles === undefined) throw new Error('modelSummaries is missing');
      const entries = [
        ...objectsOf(models).filter(isAskedByName).flatMap(parseModel),
        ...objectsOf(profiles).flatMap(parseProfile),
      ];
      const next = models === undefined ? asString(body.nextToken) || null : PROFILES;
      return { models: entries.filter(({ id }) => serves(id)), next };
    },
  };
}

function objectsOf(list: ReturnType<typeof asArray>): JsonObject[] {
  return (list ?? []).filter(isObject);
}

/** Others are requested through a profile, or have to be rented first. */
function isAskedByName({ inferenceTypesSupported, outputModalities }: JsonObject): boolean {
  const makes = asArray(outputModalities) ?? [];
  const talks = makes.includes('TEXT') || makes.includes('EMBEDDING');
  return talks && asArray(inferenceTypesSupported)?.includes('ON_DEMAND') === true;
}

function parseModel(model: JsonObject): ModelEntry[] {
  const id = asString(model.modelId);
  if (id === undefined) return [];
  const inputs = asArray(model.inputModalities);
  const embeds = asArray(model.outputModalities)?.includes('EMBEDDING') === true;
  const stated =
    inputs === undefined ? {} : { capabilities: embeds ? { embeds } : { images: inputs.includes('IMAGE') } };
  return [{ ...entryOf(id, model.modelName), ...stated }];
}

function parseProfile(profile: JsonObject): ModelEntry[] {
  const id = asString(profile.inferenceProfileId);
  return id === undefined ? [] : [entryOf(id, profile.inferenceProfileName)];
}

function entryOf(id: string, name: JsonObject[string] | undefined): ModelEntry {
  const displayName = asString(name);
  return displayName === undefined ? { id } : { id, displayName };
}
