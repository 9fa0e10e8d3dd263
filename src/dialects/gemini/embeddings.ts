// Embeddings: `:batchEmbedContents`. https://ai.google.dev/api/embeddings
import type { EmbeddingRequest, EmbeddingResponse } from '../../model/embedding.ts';
import { GatewayError } from '../../model/errors.ts';
import { asArray, asNumber, asObject, isObject, type JsonObject } from '../../model/json.ts';
import type { Usage } from '../../model/usage.ts';
import type { ProviderOperation } from '../operations.ts';
import { bareModel, methodOf } from './route.ts';

export const embeddings: ProviderOperation<EmbeddingRequest, EmbeddingResponse> = {
  endpoint: (model) => methodOf(model, 'batchEmbedContents'),
  // Its clients ask for embeddings elsewhere.
  edits: () => ({}),
  buildRequest({ input, dimensions, user }, { model }) {
    const name = `models/${bareModel(model)}`;
    const requests = input.map((piece): JsonObject => {
      if (piece.type === 'tokens') {
        throw new GatewayError(
          'unsupported_feature',
          'input: Gemini embeds text, not token ids; send strings',
          { reason: { param: 'input' } },
        );
      }
      return {
        model: name,
        content: { parts: [{ text: piece.text }] },
        ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
      };
    });
    return { body: { requests }, losses: user === undefined ? [] : [{ feature: 'user', outcome: 'lost' }] };
  },
  parseResponse: (body) => ({
    model: null,
    usage: parseUsage(body.usageMetadata),
    vectors: () => parseVectors(body),
  }),
};

function parseUsage(value: JsonObject[string]): Partial<Usage> | null {
  const tokens = asNumber(asObject(value)?.promptTokenCount);
  return tokens === undefined ? null : { inputTokens: tokens };
}

function parseVectors(body: JsonObject): number[][] {
  const vectors = asArray(body.embeddings);
  if (vectors === undefined) throw new Error('embeddings is missing');
  return vectors.map((entry, at) => {
    const values = isObject(entry) ? asArray(entry.values) : undefined;
    if (values === undefined) throw new Error(`embeddings[${at}].values is missing`);
    return values.map((value) => asNumber(value) ?? 0);
  });
}
