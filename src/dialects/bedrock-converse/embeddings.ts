// Embeddings, by InvokeModel with the fields of each vendor's models.
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html
// https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html
import type { EmbeddingRequest, EmbeddingResponse } from '../../model/embedding.ts';
import { GatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';
import { countIn } from '../../model/usage.ts';
import { embeddingLosses, inParts, textsOf, usageOf, vectorOf } from '../shared/embeddings.ts';
import type { ProviderOperation } from '../operations.ts';
import { modelInPath } from '../shared/models/model-in-path.ts';

export const embeddings: ProviderOperation<EmbeddingRequest, EmbeddingResponse> = {
  endpoint: (model) => `/model/${modelInPath(model)}/invoke`,
  // No client speaks this dialect.
  edits: () => ({}),
  split: (request, model) => inParts(request, model.includes('cohere.embed') ? 96 : 1),
  buildRequest(request, { model }) {
    const { dimensions, unnormalized = false } = request;
    const pieces = textsOf(request, 'Bedrock');
    const texts = pieces.map(({ text }) => text);
    const task = pieces[0]?.task;
    const [body, tasks] = buildBody(model, { texts, task, dimensions, unnormalized });
    return {
      body,
      losses: embeddingLosses(request, [
        ...(task === undefined || tasks?.has(task) === true ? (['taskType'] as const) : []),
        ...(body.normalize === false ? (['normalize'] as const) : []),
      ]),
    };
  },
  parseResponse(body, headers) {
    // Cohere's answers contain no count.
    const tokens = countIn(body.inputTextTokenCount) ?? inputTokensIn(headers);
    return {
      model: null,
      usage: usageOf(tokens),
      vectors: () => parseVectors(body),
    };
  },
};

/** The count of Amazon itself. */
function inputTokensIn(headers: HeaderReader): number | undefined {
  const text = headers.get('x-amzn-bedrock-input-token-count');
  return text === null || text === '' ? undefined : countIn(Number(text));
}

interface Wanted {
  texts: string[];
  task: string | undefined;
  dimensions: number | undefined;
  unnormalized: boolean;
}

/** A model's words for how a vector will be used, by Google's words. */
type Tasks = ReadonlyMap<string, string>;

/** The body, and the tasks that the model has words for. */
function buildBody(model: string, wanted: Wanted): [body: JsonObject, tasks?: Tasks] {
  if (model.includes('cohere.embed')) return [cohereBody(wanted), COHERE_TYPES];
  if (/nova-.*embeddings/.test(model)) return [novaBody(wanted), NOVA_PURPOSES];
  if (model.includes('titan-embed')) return [titanBody(model, wanted)];
  const problem = `embeddings of ${model} are not supported: use a model of Titan, Nova or Cohere`;
  throw new GatewayError('unsupported_feature', `model: ${problem}`, { reason: { param: 'model' } });
}

function cohereBody({ texts, task, dimensions }: Wanted): JsonObject {
  return {
    texts,
    input_type: COHERE_TYPES.get(task ?? '') ?? 'search_document',
    embedding_types: ['float'],
    ...(dimensions !== undefined && { output_dimension: dimensions }),
  };
}

/** Cohere requires the use of a vector; a request that does not say it is taken to embed documents. */
const COHERE_TYPES: Tasks = new Map([
  ['RETRIEVAL_DOCUMENT', 'search_document'],
  ['RETRIEVAL_QUERY', 'search_query'],
  ['QUESTION_ANSWERING', 'search_query'],
  ['CODE_RETRIEVAL_QUERY', 'search_query'],
  ['CLASSIFICATION', 'classification'],
  ['CLUSTERING', 'clustering'],
]);

/** Nova requires it too. What a query finds is text, since these requests embed nothing else. */
const NOVA_PURPOSES: Tasks = new Map([
  ['RETRIEVAL_DOCUMENT', 'GENERIC_INDEX'],
  ['RETRIEVAL_QUERY', 'TEXT_RETRIEVAL'],
  ['QUESTION_ANSWERING', 'TEXT_RETRIEVAL'],
  ['CODE_RETRIEVAL_QUERY', 'TEXT_RETRIEVAL'],
  ['CLASSIFICATION', 'CLASSIFICATION'],
  ['CLUSTERING', 'CLUSTERING'],
]);

function novaBody({ texts: [value = ''], task, dimensions }: Wanted): JsonObject {
  return {
    taskType: 'SINGLE_EMBEDDING',
    singleEmbeddingParams: {
      embeddingPurpose: NOVA_PURPOSES.get(task ?? '') ?? 'GENERIC_INDEX',
      ...(dimensions !== undefined && { embeddingDimension: dimensions }),
      // A text that is too long is refused, as it is by other vendors.
      text: { truncationMode: 'NONE', value },
    },
  };
}

function titanBody(model: string, { texts: [inputText = ''], dimensions, unnormalized }: Wanted): JsonObject {
  if (model.includes('titan-embed-image'))
    return dimensions === undefined
      ? { inputText }
      : { inputText, embeddingConfig: { outputEmbeddingLength: dimensions } };
  return {
    inputText,
    ...(dimensions !== undefined && { dimensions }),
    // The first version does not have this field.
    ...(unnormalized && model.includes('titan-embed-text-v2') && { normalize: false }),
  };
}

/** Titan's single vector; Cohere's list, under its type if types were asked for; or Nova's list, in which each vector has a type. */
function parseVectors({ embedding, embeddings }: JsonObject): number[][] {
  if (embedding !== undefined) return [vectorOf(embedding, 'embedding')];
  const list = asArray(embeddings) ?? asArray(asObject(embeddings)?.float);
  if (list === undefined) throw new Error('embedding is missing');
  return list.map((vector, at) => vectorOf(asObject(vector)?.embedding ?? vector, `embeddings[${at}]`));
}
