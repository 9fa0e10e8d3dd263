// Clients that read Mistral's forms, which differ from OpenAI's: how they are recognized, and the lists of models that they read.
import type { HeaderReader } from '../../model/headers.ts';
import type { JsonObject } from '../../model/json/json.ts';
import type { OfferedModel } from '../../model/model-entry.ts';
import type { AskedModels } from '../operations.ts';

/** https://docs.mistral.ai/api/endpoint/chat */
const OWN_FIELDS = ['safe_prompt', 'random_seed'];

/** SDKs that read calls in pieces, whatever fields (`extra_body`) they are told to send: OpenAI's, and other providers of the AI SDK. */
const READS_PIECES = /(^|\s)((Async)?(Azure)?OpenAI\/|ai-sdk[-/])/;

/**
 * Mistral's server streams all calls of an answer in one chunk, and the counts always. Its SDKs refuse a stream with a call that
 * has no name, as the pieces of OpenAI's have none (`models/functioncall.py`); what uses them (Pydantic AI) takes each chunk's for
 * whole calls. https://github.com/mistralai/client-python
 *
 * So do the AI SDK's providers for Mistral and xAI, which streams each call whole: they expect choices in the chunk with the counts,
 * and a name in each call. https://github.com/vercel/ai/tree/main/packages/mistral, https://github.com/vercel/ai/tree/main/packages/xai
 *
 * Spring AI's and LangChain's models of Mistral do not name themselves; a field that is Mistral's alone says it, and so does its word
 * for a call that is required.
 */
export function isMistrals(headers: HeaderReader, body: JsonObject = {}): boolean {
  const client = headers.get('user-agent') ?? '';
  if (/mistral|(^|\s)ai-sdk[-/]xai\//i.test(client)) return true;
  const isSaid = body.tool_choice === 'any' || OWN_FIELDS.some((field) => Object.hasOwn(body, field));
  return isSaid && !READS_PIECES.test(client);
}

/**
 * Cerebras' SDK for Python reads streams in the same way. To it, what has a piece of a call, or no text as `system_fingerprint`, is no
 * chunk, and its delta stays a dictionary (“'dict' object has no attribute 'content'”).
 * https://github.com/Cerebras/cerebras-cloud-sdk-python
 */
export function readsAsMistrals(headers: HeaderReader, body: JsonObject): boolean {
  return isMistrals(headers, body) || /(^|\s)(Async)?Cerebras\/Python/.test(headers.get('user-agent') ?? '');
}

/** Mistral's SDKs refuse a list whose entries lack `type` or `capabilities`. https://docs.mistral.ai/api/endpoint/models */
export const MISTRALS_MODELS: NonNullable<AskedModels['form']> = {
  buildModel,
  buildList: (models) => ({ object: 'list', data: models.map(buildModel) }),
};

function buildModel({
  id,
  created = 0,
  provider,
  contextWindow,
  capabilities = {},
}: OfferedModel): JsonObject {
  const { images, tools, reasoning, embeds } = capabilities;
  return {
    id,
    object: 'model',
    created: Math.floor(created),
    owned_by: provider,
    capabilities: {
      completion_chat: embeds !== true,
      ...(tools !== undefined && { function_calling: tools }),
      ...(images !== undefined && { vision: images }),
      ...(reasoning !== undefined && { reasoning }),
    },
    ...(contextWindow !== undefined && { max_context_length: contextWindow }),
    type: 'base',
  };
}
