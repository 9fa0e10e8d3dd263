// OpenAI's embeddings, which both of its dialects and all compatible servers share.
// https://platform.openai.com/docs/api-reference/embeddings
import { fromBase64, toBase64 } from '../../model/base64.ts';
import type { EmbeddingInput, EmbeddingRequest, EmbeddingResponse } from '../../model/embedding.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { countIn } from '../../model/usage.ts';
import { embeddingLosses, sizeIn, usageOf, vectorOf } from '../shared/embeddings.ts';
import { invalid } from '../shared/read-field.ts';
import type { ClientEmbeddings, ProviderOperation } from '../operations.ts';

export const EMBEDDINGS_PATH = '/v1/embeddings';

export const openaiClientEmbeddings: ClientEmbeddings = {
  known: { body: { model: true, input: true, encoding_format: true, dimensions: true, user: true } },
  parseRequest(body) {
    const model = asString(body.model);
    if (!model) throw invalid('model', 'a non-empty string is required');
    const { dimensions, encoding_format: encoding = 'float', user } = body;
    if (encoding !== 'float' && encoding !== 'base64' && encoding !== null)
      throw invalid('encoding_format', 'must be "float" or "base64"');
    const request: EmbeddingRequest = {
      model,
      input: parseInput(body.input),
      encoding: encoding ?? 'float',
    };
    if (dimensions !== undefined && dimensions !== null)
      request.dimensions = sizeIn(dimensions, 'dimensions');
    if (typeof user === 'string') request.user = user;
    return request;
  },
  buildResponse(response, { encoding }, model, id) {
    const tokens = response.usage?.inputTokens ?? 0;
    return {
      // OpenAI's answers have no id; Mistral's SDKs require one.
      ...(id !== undefined && { id }),
      object: 'list',
      data: response.vectors().map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: encoding === 'base64' ? packed(vector) : vector,
      })),
      model: response.model ?? model,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
  },
};

function parseInput(input: JsonValue | undefined): EmbeddingInput[] {
  if (typeof input === 'string') return [{ type: 'text', text: input }];
  const pieces = asArray(input);
  if (pieces === undefined || pieces.length === 0)
    throw invalid('input', 'must be a string, a non-empty array of strings, or token ids');
  if (pieces.every((piece) => typeof piece === 'number')) return [{ type: 'tokens', tokens: pieces }];
  return pieces.map((piece, at): EmbeddingInput => {
    if (typeof piece === 'string') return { type: 'text', text: piece };
    if (Array.isArray(piece) && piece.every((token) => typeof token === 'number'))
      return { type: 'tokens', tokens: piece };
    throw invalid(`input[${at}]`, 'must be a string or an array of token ids');
  });
}

export const openaiEmbeddings: ProviderOperation<EmbeddingRequest, EmbeddingResponse> = {
  endpoint: () => '/embeddings',
  edits: (body, model) => (body.model === model ? {} : { model }),
  buildRequest(request, { model }) {
    const pieces = request.input.map((piece) => (piece.type === 'text' ? piece.text : piece.tokens));
    const body: JsonObject = { model, input: pieces };
    if (request.dimensions !== undefined) body.dimensions = request.dimensions;
    body.encoding_format = request.encoding;
    if (request.user !== undefined) body.user = request.user;
    return { body, losses: embeddingLosses(request, ['user']) };
  },
  parseResponse(body) {
    const data = asArray(body.data);
    if (data === undefined) throw new Error('data is missing');
    return {
      id: asString(body.id),
      model: asString(body.model) ?? null,
      usage: usageOf(countIn(asObject(body.usage)?.prompt_tokens)),
      vectors: () => parseVectors(data),
    };
  },
};

function parseVectors(data: readonly JsonValue[]): number[][] {
  return data.map((entry, at) => {
    const embedding = asObject(entry)?.embedding;
    return typeof embedding === 'string' ? unpacked(embedding) : vectorOf(embedding, `data[${at}].embedding`);
  });
}

const FLOAT_BYTES = 4;

function packed(vector: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(vector.length * FLOAT_BYTES));
  for (const [at, value] of vector.entries()) view.setFloat32(at * FLOAT_BYTES, value, true);
  return toBase64(new Uint8Array(view.buffer));
}

function unpacked(text: string): number[] {
  const bytes = fromBase64(text);
  const view = new DataView(bytes.buffer);
  const vector: number[] = [];
  for (let at = 0; at + FLOAT_BYTES <= bytes.length; at += FLOAT_BYTES)
    vector.push(view.getFloat32(at, true));
  return vector;
}
