// Embeddings as clients of this dialect ask for them: `:embedContent` for one, `:batchEmbedContents` for many.
// https://ai.google.dev/api/embeddings
import type { EmbeddingInput } from '../../model/embedding.ts';
import { GatewayError } from '../../model/errors.ts';
import { asArray, asObject, asString, type JsonValue } from '../../model/json/json.ts';
import type { ClientEmbeddings } from '../operations.ts';
import { invalid, optionalString } from '../shared/read-field.ts';
import { optionalNumber, requiredObject } from './read-field.ts';

export const clientEmbeddings: ClientEmbeddings = {
  parseRequest(body, { model = '' }) {
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
  buildResponse(response, { alone }) {
    const embeddings = response.vectors().map((values) => ({ values }));
    const [embedding = { values: [] }] = embeddings;
    const tokens = response.usage?.inputTokens;
    return {
      ...(alone === true ? { embedding } : { embeddings }),
      ...(tokens !== undefined && { usageMetadata: { promptTokenCount: tokens } }),
    };
  },
};

function parseOne(value: JsonValue, at: string): { input: EmbeddingInput; dimensions?: number } {
  const place = (field: string) => (at === '' ? field : `${at}.${field}`);
  const request = requiredObject(value, at);
  const parts = asArray(requiredObject(request.content, place('content')).parts) ?? [];
  if (parts.length === 0) throw invalid(place('content.parts'), 'must contain at least one part');
  const texts = parts.map((part, nth) => {
    const text = asString(asObject(part)?.text);
    if (text !== undefined) return text;
    const param = place(`content.parts[${nth}]`);
    throw new GatewayError('unsupported_feature', `${param}: only text is embedded`, { reason: { param } });
  });
  const task = optionalString(request, 'taskType', place('taskType'));
  const title = optionalString(request, 'title', place('title'));
  const dimensions = optionalNumber(request, 'outputDimensionality', place('outputDimensionality'));
  if (dimensions !== undefined && (!Number.isInteger(dimensions) || dimensions < 1))
    throw invalid(place('outputDimensionality'), 'must be a whole number of at least 1');
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
