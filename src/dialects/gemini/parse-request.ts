// A generateContent request → NeutralRequest. https://ai.google.dev/api/generate-content#method:-models.generatecontent
import { asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type { HeaderReader } from '../../model/headers.ts';
import type { Binding, NeutralRequest, Tool } from '../../model/request.ts';
import type { ClientRoute } from '../dialect.ts';
import { LOGPROBS_FIELDS, parseConfig } from './parse-config.ts';
import { parseContents, parseSystem } from './parse-contents.ts';
import { parseToolConfig, parseTools } from './parse-tools.ts';
import { invalid } from '../shared/read-field.ts';
import { bareModel } from './route.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { camelFields, extensionOf, ID, isDefault } from './wire.ts';

const NEUTRAL_FIELDS = [
  'model',
  'contents',
  'systemInstruction',
  'tools',
  'toolConfig',
  'generationConfig',
  'serviceTier',
];

export function parseRequest(body: JsonObject, route: ClientRoute, headers?: HeaderReader): NeutralRequest {
  const wire = requestOf(body, route);
  const model = route.model ?? bareModel(asString(wire.model) ?? '');
  if (model === '') throw invalid('model', 'is missing; name it in the path: /v1beta/models/{model}:…');
  const tools = parseTools(wire.tools);
  const { choice, others } = parseToolConfig(wire, tools);
  const request: NeutralRequest = {
    model,
    stream: route.stream ?? false,
    // Answers of this dialect always contain the counts.
    includeUsage: true,
    system: parseSystem(wire.systemInstruction),
    messages: parseContents(wire.contents),
    tools,
    ...choice,
    // The default; `includeThoughts` changes it.
    hidesReasoning: true,
  };
  const serviceTier = asString(wire.serviceTier);
  if (serviceTier === 'standard') request.serviceTier = 'default';
  else if (serviceTier !== undefined && !isDefault(serviceTier)) request.serviceTier = serviceTier;
  const boundTo = findBinding(wire) ?? findFetch(tools, headers);
  if (boundTo !== undefined) request.boundTo = boundTo;
  const fields = { ...withoutFields(wire, NEUTRAL_FIELDS), ...others, ...parseConfig(wire, request) };
  if (Array.isArray(fields.safetySettings) && fields.safetySettings.length === 0)
    delete fields.safetySettings;
  Object.assign(request, extensionOf(fields));
  if (request.logprobs !== undefined && request.extension !== undefined)
    request.extension.defaults = [...(request.extension.defaults ?? []), ...LOGPROBS_FIELDS];
  return request;
}

/** The cached content is the beginning of the conversation: without it the answer would belong to a different one. */
function findBinding({ cachedContent }: JsonObject): Binding | undefined {
  if (cachedContent === undefined || cachedContent === null || cachedContent === '') return undefined;
  const problem =
    'the beginning of the conversation is stored by another provider; send it as `systemInstruction`, `tools` and `contents`';
  return { dialect: ID, field: 'cachedContent', problem };
}

/**
 * Gemini CLI asks a model to fetch a page, and takes the answer for the page's content even if it is made up. If that fails, it fetches the
 * page itself. https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/tools/web-fetch.ts
 */
function findFetch([tool, ...others]: readonly Tool[], headers?: HeaderReader): Binding | undefined {
  if (tool?.type !== 'server' || tool.name !== 'urlContext' || others.length > 0) return undefined;
  if (headers?.get('user-agent')?.includes('GeminiCLI') !== true) return undefined;
  return {
    dialect: ID,
    field: 'tools.urlContext',
    problem: 'it fetches no pages; the client can fetch this one itself',
  };
}

/** A count may be requested for a whole request, nested one level deeper. */
function requestOf(body: JsonObject, route: ClientRoute): JsonObject {
  const wire = camelFields(body);
  if (route.operation === 'count-tokens' && isObject(wire.generateContentRequest)) {
    return camelFields(wire.generateContentRequest);
  }
  return wire;
}
