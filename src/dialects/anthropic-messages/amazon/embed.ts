// Embeddings as Amazon's clients request them by InvokeModel: in the words of Titan, Cohere or Nova, whatever the model. Amazon itself gets
// them as they are (forwarded.ts). https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html
// https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html
import type { EmbeddingInput, EmbeddingRequest, EmbeddingResponse } from '../../../model/embedding.ts';
import { asArray, asNumber, asObject, asString, type JsonObject } from '../../../model/json/json.ts';
import type { ClientRoute } from '../../dialect.ts';
import type { Envelope } from '../../envelope.ts';
import type { ClientEmbeddings } from '../../operations.ts';
import { invalid } from '../../shared/read-field.ts';

type Form = NonNullable<EmbeddingRequest['amazonForm']>;

/** Undefined if the body asks for something else. */
function formOf(body: JsonObject): Form | undefined {
  // Titan's language models use the same field for their prompt.
  if (typeof body.inputText === 'string')
    return body.textGenerationConfig === undefined ? 'titan' : undefined;
  if (Array.isArray(body.texts)) return body.embedding_types === undefined ? 'cohere' : 'cohere-by-type';
  return asObject(body.singleEmbeddingParams) === undefined ? undefined : 'nova';
}

/** The route for a body that asks for embeddings; undefined for any other. */
export function embedRoute(
  body: JsonObject,
  { modelForBody = '' }: ClientRoute,
  envelope: Envelope,
): ClientRoute | undefined {
  if (formOf(body) === undefined) return undefined;
  return { operation: 'embed', modelForBody, ownsQuery: true, stream: false, envelope };
}

/** Cohere's and Nova's tasks → Google's names of them. */
const TASKS: ReadonlyMap<string, string> = new Map([
  ['search_document', 'RETRIEVAL_DOCUMENT'],
  ['search_query', 'RETRIEVAL_QUERY'],
  ['classification', 'CLASSIFICATION'],
  ['clustering', 'CLUSTERING'],
  ['GENERIC_INDEX', 'RETRIEVAL_DOCUMENT'],
  ['GENERIC_RETRIEVAL', 'RETRIEVAL_QUERY'],
  ['TEXT_RETRIEVAL', 'RETRIEVAL_QUERY'],
  ['CLASSIFICATION', 'CLASSIFICATION'],
  ['CLUSTERING', 'CLUSTERING'],
]);

export const amazonsEmbeddings: ClientEmbeddings = {
  known: {
    body: {
      ...{ model: true, inputText: true, dimensions: true, embeddingTypes: true, normalize: true },
      ...{ texts: true, input_type: true, embedding_types: true, output_dimension: true },
      ...{ schemaVersion: true, taskType: true },
      singleEmbeddingParams: { embeddingPurpose: true, embeddingDimension: true, text: { value: true } },
    },
  },
  parseRequest(body) {
    const form = formOf(body) ?? 'titan';
    const request: EmbeddingRequest = {
      model: asString(body.model) ?? '',
      ...READERS[form](body),
      encoding: 'float',
      amazonForm: form,
    };
    return request;
  },
  buildResponse: (response, { amazonForm = 'titan' }) => WRITERS[amazonForm](response),
};

type Read = Pick<EmbeddingRequest, 'input' | 'dimensions' | 'unnormalized'>;

const READERS: Record<Form, (body: JsonObject) => Read> = {
  cohere: readCohere,
  'cohere-by-type': readCohere,
  titan({ inputText, dimensions, embeddingTypes, normalize }) {
    requireFloats(embeddingTypes, 'embeddingTypes');
    return {
      input: [{ type: 'text', text: asString(inputText) ?? '' }],
      ...sizeOf(dimensions),
      ...(normalize === false && { unnormalized: true }),
    };
  },
  nova({ singleEmbeddingParams }) {
    const { text, embeddingPurpose, embeddingDimension } = asObject(singleEmbeddingParams) ?? {};
    const value = asString(asObject(text)?.value);
    if (value === undefined)
      throw invalid(
        'singleEmbeddingParams.text.value',
        'a text is required: other providers embed nothing else here',
      );
    return {
      input: [{ type: 'text', text: value, ...taskOf(embeddingPurpose) }],
      ...sizeOf(embeddingDimension),
    };
  },
};

function readCohere({ texts, input_type, embedding_types, output_dimension }: JsonObject): Read {
  requireFloats(embedding_types, 'embedding_types');
  const input = (asArray(texts) ?? []).map((text, at): EmbeddingInput => {
    if (typeof text !== 'string') throw invalid(`texts[${at}]`, 'must be a string');
    return { type: 'text', text, ...taskOf(input_type) };
  });
  if (input.length === 0) throw invalid('texts', 'must contain at least one text');
  return { input, ...sizeOf(output_dimension) };
}

function sizeOf(dimensions: JsonObject[string] | undefined): Pick<EmbeddingRequest, 'dimensions'> {
  const size = asNumber(dimensions);
  return size === undefined ? {} : { dimensions: size };
}

function taskOf(named: JsonObject[string] | undefined): { task?: string } {
  const task = TASKS.get(asString(named) ?? '');
  return task === undefined ? {} : { task };
}

/** Refuses other types, which other providers do not answer with. */
function requireFloats(types: JsonObject[string] | undefined, field: string): void {
  const wanted = asArray(types) ?? [];
  if (wanted.some((type) => type !== 'float')) throw invalid(field, 'must be ["float"] at other providers');
}

const WRITERS: Record<Form, (response: EmbeddingResponse) => JsonObject> = {
  titan(response) {
    const [embedding = []] = response.vectors();
    const inputTextTokenCount = response.usage?.inputTokens ?? 0;
    return { embedding, embeddingsByType: { float: embedding }, inputTextTokenCount };
  },
  cohere: (response) => ({ response_type: 'embeddings_floats', embeddings: response.vectors() }),
  'cohere-by-type': (response) => ({
    response_type: 'embeddings_by_type',
    embeddings: { float: response.vectors() },
  }),
  nova: (response) => ({
    embeddings: response.vectors().map((embedding) => ({ embeddingType: 'TEXT', embedding })),
  }),
};
