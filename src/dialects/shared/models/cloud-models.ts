// Lists of the models that a vendor publishes on Google Cloud.
// https://cloud.google.com/vertex-ai/docs/reference/rest/v1beta1/publishers.models/list
import { asArray, asString, isObject, type JsonObject } from '../../../model/json/json.ts';
import type { ModelPage } from '../../../model/model-entry.ts';
import type { PageRequest } from '../../operations.ts';

const PAGE_SIZE = 100;

/** @param settings the provider's options. */
export function askCloudModels(
  publisher: string,
  cursor: string | null,
  { project }: Readonly<Record<string, string>>,
): PageRequest {
  const token = cursor === null ? '' : `&pageToken=${encodeURIComponent(cursor)}`;
  return {
    path: `/v1beta1/publishers/${publisher}/models?pageSize=${PAGE_SIZE}${token}`,
    // The list belongs to no project, so the request names the one to be charged.
    ...(project !== undefined && { headers: { 'x-goog-user-project': project } }),
  };
}

/** Undefined where the body is no such list. */
export function parseCloudModels(body: JsonObject): ModelPage | undefined {
  const models = asArray(body.publisherModels);
  if (models === undefined) return undefined;
  const ids = models.flatMap((model) =>
    isObject(model) ? (asString(model.name)?.split('/').at(-1) ?? []) : [],
  );
  return { models: ids.map((id) => ({ id })), next: asString(body.nextPageToken) || null };
}
