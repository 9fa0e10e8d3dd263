// Counting a prompt's tokens: `POST /responses/input_tokens`.
// https://platform.openai.com/docs/api-reference/responses/input-tokens
import type { JsonObject } from '../../model/json/json.ts';
import { countIn } from '../../model/usage.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { ProviderOperation } from '../operations.ts';
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
    const counted = Object.entries(fitted).filter(([name]) => COUNTED.includes(name));
    return { body: Object.fromEntries(counted), losses };
  },
  parseResponse(body) {
    const tokens = countIn(body.input_tokens);
    if (tokens === undefined) throw new Error('input_tokens is missing');
    return tokens;
  },
};

export function buildTokenCount(tokens: number): JsonObject {
  return { object: 'response.input_tokens', input_tokens: tokens };
}
