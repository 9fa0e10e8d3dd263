// Counting a prompt's tokens: `:countTokens`. https://ai.google.dev/api/tokens
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { countIn } from '../../model/usage.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { ProviderOperation } from '../operations.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { buildRequest } from './build-request.ts';
import { bareModel, methodOf } from './route.ts';

/** Fields of a count, besides `contents`, that only Google Cloud has. */
const CLOUD_FIELDS = [
  'systemInstruction',
  'system_instruction',
  'tools',
  'generationConfig',
  'generation_config',
];

export const countTokens: ProviderOperation<NeutralRequest, number> = {
  endpoint: (model) => methodOf(model, 'countTokens'),
  /**
   * The developer API accepts a nested complete request, which repeats the model; Google Cloud accepts its fields only at the top level.
   */
  edits(body, model, { cloudMethods }) {
    const edits: Record<string, JsonValue | undefined> = {};
    if (cloudMethods !== true && CLOUD_FIELDS.some((name) => body[name] !== undefined)) {
      for (const name of Object.keys(body)) edits[name] = undefined;
      return { ...edits, generateContentRequest: { ...body, model: `models/${bareModel(model)}` } };
    }
    for (const name of ['generateContentRequest', 'generate_content_request']) {
      const request = body[name];
      if (cloudMethods && isObject(request)) {
        const { model: _, ...fields } = request;
        Object.assign(edits, fields, { [name]: undefined });
        continue;
      }
      const named = `models/${bareModel(model)}`;
      if (isObject(request) && request.model !== undefined && request.model !== named)
        edits[name] = { ...request, model: named };
    }
    return edits;
  },
  buildRequest(request, options) {
    const { body, losses } = buildRequest(request, options);
    const { contents, systemInstruction, tools, toolConfig } = body;
    if (options.quirks.cloudMethods)
      return { body: withoutFields({ contents, systemInstruction, tools }, []), losses };
    if (systemInstruction === undefined && tools === undefined) return { body: { contents }, losses };
    const model = `models/${bareModel(options.model)}`;
    const prompt = withoutFields({ model, contents, systemInstruction, tools, toolConfig }, []);
    return { body: { generateContentRequest: prompt }, losses };
  },
  parseResponse(body) {
    const tokens = countIn(body.totalTokens);
    // The JSON of proto3 omits zero.
    if (tokens === undefined && Object.keys(body).length > 0) throw new Error('totalTokens is missing');
    return tokens ?? 0;
  },
};

export function buildTokenCount(tokens: number): JsonObject {
  return { totalTokens: tokens };
}
