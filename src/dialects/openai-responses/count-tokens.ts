// Counting a prompt's tokens: `POST /responses/input_tokens`.
// https://platform.openai.com/docs/api-reference/responses/input-tokens
import type { JsonObject } from '../../model/json/json.ts';
import { requiredCount } from '../../model/usage.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { ProviderOperation } from '../operations.ts';
import { onlyFields } from '../shared/own-fields.ts';
import { buildRequest } from './build-request.ts';
import { conversationEdits } from './passthrough.ts';

/** Below the base URL. */
export const COUNT_PATH = '/responses/input_tokens';

/** Fields that affect the prompt; the endpoint refuses the others. */
const COUNTED: readonly string[] = [
  ...['model', 'input', 'instructions', 'tools', 'tool_choice', 'parallel_tool_calls', 'reasoning', 'text'],
  ...['truncation', 'conversation', 'previous_response_id'],
];

export const countTokens: ProviderOperation<NeutralRequest, number> = {
  endpoint: () => COUNT_PATH,
  edits: conversationEdits,
  buildRequest(request, options) {
    const { body, losses } = buildRequest(request, options);
    const fitted = { ...body, ...conversationEdits(body, options.model, options.quirks) };
    return { body: onlyFields(fitted, COUNTED), losses };
  },
  parseResponse: (body) => requiredCount(body, 'input_tokens'),
};

export function buildTokenCount(tokens: number): JsonObject {
  return { object: 'response.input_tokens', input_tokens: tokens };
}
