// Embeddings, by InvokeModel in the words of each vendor's models.
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html
import type { EmbeddingInput, EmbeddingRequest, EmbeddingResponse } from '../../model/embedding.ts';
import { GatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { asArray, asNumber, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { countIn } from '../../model/usage.ts';
import { embeddingLosses } from '../shared/embedding-losses.ts';
import type { ProviderOperation } from '../operations.ts';
import { modelInPath } from '../shared/model-in-path.ts';

export const embeddings: ProviderOperation<EmbeddingRequest, EmbeddingResponse> = {
  endpoint: (model) => `/model/${modelInPath(model)}/invoke`,
  // No client speaks this dialect.
  edits: () => ({}),
  buildRequest(request, { model }) {
    const { input, dimensions } = request;
    const texts = input.map(textOf);
    if (!model.includes('cohere.embed'))
      return { body: titanBody(model, texts, dimensions), losses: embeddingLosses(request) };
    const task = input[0]?.type === 'text' ? input[0].task : undefined;
    const body: JsonObject = {
      texts,
      input_type: COHERE_TYPES.get(task ?? '') ?? 'search_document',
      embedding_types: ['float'],
      ...(dimensions !== undefined && { output_dimension: dimensions }),
    };
    return {
      body,
      losses: embeddingLosses(request, task === undefined || COHERE_TYPES.has(task) ? ['taskType'] : []),
    };
  },
  parseResponse(body, headers) {
    // Cohere's answers have no count in them.
    const tokens = countIn(body.inputTextTokenCount) ?? inputTokensIn(headers);
    return {
      model: null,
      usage: tokens === undefined ? null : { inputTokens: tokens },
      vectors: () => parseVectors(body),
    };
  },
};

/** As Amazon itself counts them. */
function inputTokensIn(headers: HeaderReader): number | undefined {
  const text = headers.get('x-amzn-bedrock-input-token-count');
  return text === null || text === '' ? undefined : countIn(Number(text));
}

/** How a vector will be used must be said there; a request that does not say is taken to embed documents. */
const COHERE_TYPES: ReadonlyMap<string, string> = new Map([
  ['RETRIEVAL_DOCUMENT', 'search_document'],
  ['RETRIEVAL_QUERY', 'search_query'],
  ['QUESTION_ANSWERING', 'search_query'],
  ['CODE_RETRIEVAL_QUERY', 'search_query'],
  ['CLASSIFICATION', 'classification'],
  ['CLUSTERING', 'clustering'],
]);

function titanBody(model: string, texts: string[], dimensions: number | undefined): JsonObject {
  if (!model.includes('titan-embed')) {
    throw unsupported('model', `embeddings of ${model} are not supported: use a model of Titan or Cohere`);
  }
  const [inputText = '', ...others] = texts;
  if (others.length > 0) {
    throw unsupported(
      'input',
      `${model} embeds one text per request: send them one by one, or use a model of Cohere`,
    );
  }
  return dimensions === undefined ? { inputText } : { inputText, dimensions };
}

function textOf(piece: EmbeddingInput): string {
  if (piece.type === 'text') return piece.text;
  throw unsupported('input', 'Bedrock embeds text, not token ids; send strings');
}

function unsupported(param: string, problem: string): GatewayError {
  return new GatewayError('unsupported_feature', `${param}: ${problem}`, { reason: { param } });
}

/** Titan's one vector, or Cohere's list, which stands under its type where types were asked for. */
function parseVectors({ embedding, embeddings }: JsonObject): number[][] {
  if (embedding !== undefined) return [numbersOf(embedding, 'embedding')];
  const list = asArray(embeddings) ?? asArray(asObject(embeddings)?.float);
  if (list === undefined) throw new Error('embedding is missing');
  return list.map((vector, at) => numbersOf(vector, `embeddings[${at}]`));
}

function numbersOf(vector: JsonValue, where: string): number[] {
  const values = asArray(vector);
  if (values === undefined) throw new Error(`${where} is not a list of numbers`);
  return values.map((value) => asNumber(value) ?? 0);
}
