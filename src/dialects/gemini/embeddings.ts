// Embeddings: `:batchEmbedContents`, on Google Cloud `:predict`. https://ai.google.dev/api/embeddings
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
import type { EmbeddingInput, EmbeddingRequest, EmbeddingResponse } from '../../model/embedding.ts';
import { GatewayError } from '../../model/errors.ts';
import { asArray, asNumber, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { countIn, type Usage } from '../../model/usage.ts';
import { embeddingLosses } from '../shared/embedding-losses.ts';
import type { ProviderOperation } from '../operations.ts';
import { bareModel, methodOf } from './route.ts';

export const embeddings: ProviderOperation<EmbeddingRequest, EmbeddingResponse> = {
  endpoint: (model, { cloudMethods }) => methodOf(model, cloudMethods ? 'predict' : 'batchEmbedContents'),
  // A single text is sent as a list of one.
  passes: (body, { cloudMethods }) => (cloudMethods === true ? body.instances : body.requests) !== undefined,
  /** Each request names the model again. */
  edits(body, model) {
    if (body.instances !== undefined) return {};
    const named = `models/${bareModel(model)}`;
    const requests = asArray(body.requests) ?? [];
    if (requests.every((request) => asObject(request)?.model === named)) return {};
    return { requests: requests.map((request) => ({ ...asObject(request), model: named })) };
  },
  buildRequest(request, { model, quirks }) {
    const { dimensions } = request;
    const pieces = request.input.map(textOf);
    const size = dimensions === undefined ? {} : { outputDimensionality: dimensions };
    const named = `models/${bareModel(model)}`;
    const body = quirks.cloudMethods
      ? {
          instances: pieces.map(({ text, task, title }) => ({
            content: text,
            ...(task !== undefined && { task_type: task }),
            ...(title !== undefined && { title }),
          })),
          parameters: size,
        }
      : {
          requests: pieces.map(({ text, task, title }) => ({
            model: named,
            content: { parts: [{ text }] },
            ...(task !== undefined && { taskType: task }),
            ...(title !== undefined && { title }),
            ...size,
          })),
        };
    return { body, losses: embeddingLosses(request, ['taskType', 'title']) };
  },
  parseResponse: (body) => ({
    model: null,
    usage: parseUsage(body),
    vectors: () => parseVectors(body),
  }),
};

function textOf(piece: EmbeddingInput): Extract<EmbeddingInput, { type: 'text' }> {
  if (piece.type === 'text') return piece;
  throw new GatewayError('unsupported_feature', 'input: Gemini embeds text, not token ids; send strings', {
    reason: { param: 'input' },
  });
}

/** Google Cloud counts each text by itself. */
function parseUsage(body: JsonObject): Partial<Usage> | null {
  const predictions = asArray(body.predictions);
  const counts =
    predictions === undefined
      ? [asObject(body.usageMetadata)?.promptTokenCount]
      : predictions.map((entry) => asObject(embeddingOf(entry)?.statistics)?.token_count);
  let tokens = 0;
  for (const count of counts) {
    const stated = countIn(count);
    if (stated === undefined) return null;
    tokens += stated;
  }
  return { inputTokens: tokens };
}

function embeddingOf(prediction: JsonValue): JsonObject | undefined {
  return asObject(asObject(prediction)?.embeddings);
}

function parseVectors(body: JsonObject): number[][] {
  const vectors = asArray(body.embeddings) ?? asArray(body.predictions)?.map((entry) => embeddingOf(entry));
  if (vectors === undefined) throw new Error('embeddings is missing');
  return vectors.map((entry, at) => {
    const values = asArray(asObject(entry)?.values);
    if (values === undefined) throw new Error(`embeddings[${at}].values is missing`);
    return values.map((value) => asNumber(value) ?? 0);
  });
}
