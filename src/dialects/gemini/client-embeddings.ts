// Embeddings as clients of this dialect request them: by `:embedContent` for one text, `:batchEmbedContents` for many, and `:predict` at
// Google Cloud. https://ai.google.dev/api/embeddings
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
import type { EmbeddingInput, EmbeddingRequest } from '../../model/embedding.ts';
import { GatewayError } from '../../model/errors.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { ClientEmbeddings } from '../operations.ts';
import { sizeIn } from '../shared/embeddings.ts';
import { invalid, optionalString } from '../shared/read-field.ts';
import type { KnownFields, KnownRequest } from '../shared/losses/unread-fields.ts';
import { optionalNumber, requiredObject } from './read-field.ts';
import { camelField } from './wire.ts';

const SETTINGS: KnownFields = { taskType: true, title: true, outputDimensionality: true };
const REQUEST: KnownFields = {
  ...SETTINGS,
  model: true,
  content: { role: true, parts: { text: true } },
  embedContentConfig: SETTINGS,
};

const KNOWN: KnownRequest = {
  body: {
    ...REQUEST,
    requests: REQUEST,
    instances: { content: true, taskType: true, title: true },
    parameters: { outputDimensionality: true },
  },
  spelled: camelField,
};

export const clientEmbeddings: ClientEmbeddings = {
  known: KNOWN,
  parseRequest(body, { model = '' }) {
    if (body.instances !== undefined) return parseInstances(body, model);
    const batch = asArray(body.requests);
    if (batch?.length === 0) throw invalid('requests', 'must contain at least one request');
    const asked = batch?.map((request, at) => parseOne(request, `requests[${at}]`)) ?? [parseOne(body, '')];
    const dimensions = asked[0]?.dimensions;
    if (asked.some((one) => one.dimensions !== dimensions))
      throw invalid('requests', 'all must have the same outputDimensionality');
    return {
      model,
      input: asked.map(({ input }) => input),
      encoding: 'float',
      ...(dimensions !== undefined && { dimensions }),
      ...(batch === undefined && { alone: true }),
    };
  },
  buildResponse(response, { alone, asPredictions }) {
    const embeddings = response.vectors().map((values) => ({ values }));
    const [embedding = { values: [] }] = embeddings;
    const tokens = response.usage?.inputTokens;
    if (asPredictions === true) {
      // There each text has its own count, which some clients require and add up; here only the sum is known, if that.
      const predictions = embeddings.map((entry, at) => {
        const token_count = at === 0 ? (tokens ?? 0) : 0;
        return { embeddings: { ...entry, statistics: { token_count, truncated: false } } };
      });
      return { predictions };
    }
    return {
      ...(alone === true ? { embedding } : { embeddings }),
      ...(tokens !== undefined && { usageMetadata: { promptTokenCount: tokens } }),
    };
  },
};

function parseInstances({ instances, parameters }: JsonObject, model: string): EmbeddingRequest {
  const list = asArray(instances) ?? [];
  if (list.length === 0) throw invalid('instances', 'must contain at least one text');
  const dimensions = dimensionsIn(asObject(parameters) ?? {}, (field) => `parameters.${field}`);
  return {
    model,
    input: list.map((value, at) => parseInstance(value, `instances[${at}]`)),
    encoding: 'float',
    ...(dimensions !== undefined && { dimensions }),
    asPredictions: true,
  };
}

function parseInstance(value: JsonValue, at: string): EmbeddingInput {
  const instance = requiredObject(value, at);
  const text = textIn(instance.content);
  if (text === undefined) {
    const param = `${at}.content`;
    throw new GatewayError('unsupported_feature', `${param}: only text is embedded`, { reason: { param } });
  }
  const task =
    optionalString(instance, 'task_type', `${at}.task_type`) ??
    optionalString(instance, 'taskType', `${at}.taskType`);
  const title = optionalString(instance, 'title', `${at}.title`);
  return { type: 'text', text, ...(task !== undefined && { task }), ...(title !== undefined && { title }) };
}

/** A text or, from Google's own SDKs, the parts of one. */
function textIn(content: JsonValue | undefined): string | undefined {
  const text = asString(content);
  if (text !== undefined) return text;
  const texts = (asArray(asObject(content)?.parts) ?? []).map((part) => asString(asObject(part)?.text));
  return texts.length === 0 || texts.includes(undefined) ? undefined : texts.join('');
}

function dimensionsIn(fields: JsonObject, place: (field: string) => string): number | undefined {
  const dimensions = optionalNumber(fields, 'outputDimensionality', place('outputDimensionality'));
  return dimensions === undefined ? undefined : sizeIn(dimensions, place('outputDimensionality'));
}

function parseOne(value: JsonValue, at: string): { input: EmbeddingInput; dimensions?: number } {
  const given = requiredObject(value, at);
  // Google Cloud nests what the developer API accepts beside the content.
  const nested = asObject(given.embedContentConfig);
  const request = { ...given, ...nested };
  const inside = nested === undefined ? '' : 'embedContentConfig.';
  const place = (field: string) => (at === '' ? field : `${at}.${field}`);
  const parts = asArray(requiredObject(request.content, place('content')).parts) ?? [];
  if (parts.length === 0) throw invalid(place('content.parts'), 'must contain at least one part');
  const texts = parts.map((part, nth) => {
    const text = asString(asObject(part)?.text);
    if (text !== undefined) return text;
    const param = place(`content.parts[${nth}]`);
    throw new GatewayError('unsupported_feature', `${param}: only text is embedded`, { reason: { param } });
  });
  const task = optionalString(request, 'taskType', place(`${inside}taskType`));
  const title = optionalString(request, 'title', place(`${inside}title`));
  const dimensions = dimensionsIn(request, (field) => place(inside + field));
  return {
    input: {
      type: 'text',
      text: texts.join(''),
      ...(task !== undefined && { task }),
      ...(title !== undefined && { title }),
    },
    ...(dimensions !== undefined && { dimensions }),
  };
}
