// Embeddings: `:batchEmbedContents`, or on Google Cloud `:predict` or `:embedContent`. https://ai.google.dev/api/embeddings
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
import type { EmbeddingRequest, EmbeddingResponse } from '../../model/embedding.ts';
import { asArray, asObject, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { countIn, type Usage } from '../../model/usage.ts';
import { embeddingLosses, inParts, type TextInput, textsOf, vectorOf } from '../shared/embeddings.ts';
import type { Quirks } from '../quirks.ts';
import type { ProviderOperation } from '../operations.ts';
import { bareModel, methodOf } from './route.ts';

/** Models for which Google Cloud accepts only `:embedContent`, one text at a time; for others it accepts only `:predict`. */
const EMBEDS_CONTENT = /^gemini-(?!embedding-001$)/;

type Method = 'predict' | 'embedContent' | 'batchEmbedContents';

/** The field of a body of this method that holds what is to be embedded. */
const INPUT = { predict: 'instances', embedContent: 'content', batchEmbedContents: 'requests' } as const;

function embeddingMethod(model: string, { cloudMethods }: Quirks): Method {
  if (cloudMethods !== true) return 'batchEmbedContents';
  return EMBEDS_CONTENT.test(bareModel(model)) ? 'embedContent' : 'predict';
}

/**
 * "at most 100 requests can be in one batch" (https://github.com/vercel/ai/pull/16575). Google Cloud accepts 250, but only one text for
 * gemini-embedding-001.
 */
function mostTexts(model: string, quirks: Quirks): number {
  const method = embeddingMethod(model, quirks);
  if (method === 'batchEmbedContents') return 100;
  return method === 'embedContent' || bareModel(model).startsWith('gemini-') ? 1 : 250;
}

export const embeddings: ProviderOperation<EmbeddingRequest, EmbeddingResponse> = {
  endpoint: (model, quirks) => methodOf(model, embeddingMethod(model, quirks)),
  // At the developer API, even a single text is sent as a list.
  passes: (body, quirks, model) => body[INPUT[embeddingMethod(model, quirks)]] !== undefined,
  /** Each request names the model again. */
  edits(body, model) {
    const named = `models/${bareModel(model)}`;
    const requests = asArray(body.requests) ?? [];
    if (requests.every((request) => asObject(request)?.model === named)) return {};
    return { requests: requests.map((request) => ({ ...asObject(request), model: named })) };
  },
  split: (request, model, quirks) => inParts(request, mostTexts(model, quirks)),
  buildRequest(request, { model, quirks }) {
    const { dimensions } = request;
    const size = dimensions === undefined ? {} : { outputDimensionality: dimensions };
    const body = BODIES[embeddingMethod(model, quirks)](textsOf(request, 'Gemini'), size, model);
    return { body, losses: embeddingLosses(request, ['taskType', 'title']) };
  },
  parseResponse: (body) => ({
    model: null,
    usage: parseUsage(body),
    vectors: () => parseVectors(body),
  }),
};

const NO_TEXT: TextInput = { type: 'text', text: '' };

const BODIES: Record<Method, (pieces: readonly TextInput[], size: JsonObject, model: string) => JsonObject> =
  {
    predict: (pieces, size) => ({
      instances: pieces.map(({ text, task, title }) => ({
        content: text,
        ...(task !== undefined && { task_type: task }),
        ...(title !== undefined && { title }),
      })),
      parameters: size,
    }),
    embedContent(pieces, size) {
      const [piece = NO_TEXT] = pieces;
      const config = { ...namesOf(piece), ...size };
      return {
        content: { parts: [{ text: piece.text }] },
        ...(Object.keys(config).length > 0 && { embedContentConfig: config }),
      };
    },
    batchEmbedContents: (pieces, size, model) => ({
      requests: pieces.map((piece) => ({
        model: `models/${bareModel(model)}`,
        content: { parts: [{ text: piece.text }] },
        ...namesOf(piece),
        ...size,
      })),
    }),
  };

function namesOf({ task, title }: TextInput): JsonObject {
  return { ...(task !== undefined && { taskType: task }), ...(title !== undefined && { title }) };
}

/** Google Cloud counts each text separately. */
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
  const vectors =
    asArray(body.embeddings) ??
    asArray(body.predictions)?.map((entry) => embeddingOf(entry)) ??
    (isObject(body.embedding) ? [body.embedding] : undefined);
  if (vectors === undefined) throw new Error('embeddings is missing');
  return vectors.map((entry, at) => vectorOf(asObject(entry)?.values, `embeddings[${at}].values`));
}
