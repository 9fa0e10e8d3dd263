// Embeddings: `POST /api/embed`. https://docs.ollama.com/api/embed
import type { EmbeddingRequest, EmbeddingResponse } from '../../model/embedding.ts';
import { asArray, asString, type JsonObject } from '../../model/json/json.ts';
import { countIn } from '../../model/usage.ts';
import { embeddingLosses, textsOf, usageOf, vectorOf } from '../shared/embeddings.ts';
import type { ProviderOperation } from '../operations.ts';

export const embeddings: ProviderOperation<EmbeddingRequest, EmbeddingResponse> = {
  endpoint: () => '/api/embed',
  edits: (body, model) => (body.model === model ? {} : { model }),
  // The older form, for one text, has another path and another answer.
  passes: (body) => body.input !== undefined,
  buildRequest(request, { model }) {
    const { dimensions } = request;
    const texts = textsOf(request, 'Ollama').map(({ text }) => text);
    const body: JsonObject = { model, input: texts };
    if (dimensions !== undefined) body.dimensions = dimensions;
    return { body, losses: embeddingLosses(request) };
  },
  parseResponse(body) {
    return {
      model: asString(body.model) ?? null,
      usage: usageOf(countIn(body.prompt_eval_count)),
      vectors: () => parseVectors(body),
    };
  },
};

function parseVectors(body: JsonObject): number[][] {
  const vectors = asArray(body.embeddings);
  if (vectors === undefined) throw new Error('embeddings is missing');
  return vectors.map((vector, at) => vectorOf(vector, `embeddings[${at}]`));
}
