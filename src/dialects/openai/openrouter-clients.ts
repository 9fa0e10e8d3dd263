// OpenRouter's own clients, which take for granted what its server does unasked: how they are recognized, and the list of models that they
// read.
import type { GatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { OfferedModel } from '../../model/model-entry.ts';
import type { ClientErrors } from '../dialect.ts';
import type { AskedModels } from '../operations.ts';

/**
 * Whether the client is one of OpenRouter's. Its server states the counts of every stream, whatever was asked for, in the chunk that
 * ends it, and a model's thinking only in `reasoning` and `reasoning_details`: its SDKs and its provider of the AI SDK ask for neither, and read no other field. Its SDK
 * for JavaScript fails at a chunk that states that it has no counts (`usage: null`), as OpenAI's chunks do where counts are requested.
 * https://openrouter.ai/docs/use-cases/usage-accounting, https://github.com/OpenRouterTeam/ai-sdk-provider
 */
export function isOpenRouters(headers: HeaderReader | undefined): boolean {
  return headers !== undefined && (OWN.test(headers.get('user-agent') ?? '') || isLangChains(headers));
}

/**
 * Whether it is LangChain's `ChatOpenRouter` for JavaScript, which only says for which app it asks: for LangChain, unless its user names
 * another. https://openrouter.ai/docs/app-attribution
 */
export function isLangChains(headers: HeaderReader): boolean {
  return (
    headers.get('http-referer') === 'https://docs.langchain.com' && headers.get('x-title') === 'LangChain'
  );
}

const SDK = /^speakeasy-sdk\/.*\bopenrouter(\/sdk)?$/;
const OWN = new RegExp(`(^|\\s)ai-sdk[-/]openrouter/|${SDK.source}`);

/**
 * Its SDKs recognize an error only if its `code` is the status, as a number, and within a stream only in a chunk like any other. Of any
 * other error they report that it did not pass validation (“Response validation failed”), and not what it says. Its provider of the AI SDK
 * only reads an event that consists of the error; up to version 1.2 it overlooks one in a chunk, so that the answer looks short.
 * https://openrouter.ai/docs/api-reference/errors, https://github.com/OpenRouterTeam/typescript-sdk
 */
export function readsErrorChunks(headers: HeaderReader): boolean {
  return SDK.test(headers.get('user-agent') ?? '');
}

/**
 * Its SDKs refuse a whole list if a model in it lacks one of these fields (“Response validation failed”).
 * https://github.com/OpenRouterTeam/typescript-sdk/blob/main/src/models/model.ts
 */
export const OPENROUTERS_MODELS: NonNullable<AskedModels['form']> = {
  buildModel,
  buildList: (models) => ({
    data: models.map(buildModel),
    total_count: models.length,
    links: { next: null },
  }),
};

/** Its own value for a price that is not known in advance (`openrouter/auto`). https://openrouter.ai/docs/guides/overview/models */
const UNKNOWN_PRICE = '-1';

function buildModel(model: OfferedModel): JsonObject {
  const { id, created = 0, displayName = id, outputTokenLimit = null, provider, capabilities = {} } = model;
  const { images, tools, reasoning, embeds } = capabilities;
  const inputs = images === true ? ['text', 'image'] : ['text'];
  const outputs = embeds === true ? ['embeddings'] : ['text'];
  const contextLength = model.contextWindow ?? model.inputTokenLimit ?? null;
  return {
    id,
    object: 'model',
    owned_by: provider,
    canonical_slug: id,
    name: displayName,
    created: Math.floor(created),
    context_length: contextLength,
    architecture: {
      modality: `${inputs.join('+')}->${outputs.join('+')}`,
      input_modalities: inputs,
      output_modalities: outputs,
    },
    pricing: { prompt: UNKNOWN_PRICE, completion: UNKNOWN_PRICE },
    top_provider: {
      context_length: contextLength,
      max_completion_tokens: outputTokenLimit,
      is_moderated: false,
    },
    per_request_limits: null,
    default_parameters: null,
    supported_parameters: [
      ...(tools === true ? ['tools', 'tool_choice'] : []),
      ...(reasoning === true ? ['reasoning'] : []),
    ],
    supported_voices: null,
    links: { details: `/v1/models/${id}` },
  };
}

/** How these clients read failures; undefined for any other client. @param buildError builds an error for OpenAI's clients. */
export function numericErrors(
  headers: HeaderReader,
  buildError: ClientErrors['buildError'],
): Partial<ClientErrors> | undefined {
  if (!readsErrorChunks(headers)) return undefined;
  return {
    buildError: (error, requestId) => withNumericCode(buildError(error, requestId), error),
    completeFailure: (body, error) =>
      typeof asObject(body.error)?.code === 'number' ? undefined : withNumericCode(body, error),
  };
}

/** A code that says more than the status moves to the field that OpenRouter's server has for it. */
export function withNumericCode(built: JsonObject, { status }: GatewayError): JsonObject {
  const { code, ...error } = asObject(built.error) ?? {};
  const type = asString(code) ?? asString(error.type) ?? 'unmapped';
  return { ...built, error: { ...error, code: status, metadata: { error_type: type } } };
}
