// Embeddings: `:batchEmbedContents`, on Google Cloud `:predict`. https://ai.google.dev/api/embeddings
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
import type { EmbeddingInput, EmbeddingRequest, EmbeddingResponse } from '../../model/embedding.ts';
import { GatewayError } from '../../model/errors.ts';
import { asArray, asNumber, asObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { Usage } from '../../model/usage.ts';
import type { ProviderOperation } from '../operations.ts';
import { bareModel, methodOf } from './route.ts';

export const embeddings: ProviderOperation<EmbeddingRequest, EmbeddingResponse> = {
  endpoint: (model, { cloudMethods }) => methodOf(model, cloudMethods ? 'predict' : 'batchEmbedContents'),
  // Its clients ask for embeddings elsewhere.
  edits: () => ({}),
  buildRequest({ input, dimensions, user }, { model, quirks }) {
    const texts = input.map(textOf);
    const size = dimensions === undefined ? {} : { outputDimensionality: dimensions };
    const named = `models/${bareModel(model)}`;
    const body = quirks.cloudMethods
      ? { instances: texts.map((content) => ({ content })), parameters: size }
      : { requests: texts.map((text) => ({ model: named, content: { parts: [{ text }] }, ...size })) };
    return { body, losses: user === undefined ? [] : [{ feature: 'user', outcome: 'lost' }] };
  },
  parseResponse: (body) => ({
    model: null,
    usage: parseUsage(body),
    vectors: () => parseVectors(body),
  }),
};

function textOf(piece: EmbeddingInput): string {
  if (piece.type === 'text') return piece.text;
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
    if (typeof count !== 'number') return null;
    tokens += count;
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
