// Counting a prompt's tokens: `POST /v1/messages/count_tokens`.
// https://docs.anthropic.com/en/api/messages-count-tokens
import type { JsonObject } from '../../model/json/json.ts';
import { countIn } from '../../model/usage.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { ProviderOperation } from '../operations.ts';
import { buildRequest } from './build-request.ts';

export const COUNT_PATH = '/v1/messages/count_tokens';

/** Fields that only shape the answer: the endpoint refuses them. */
const NOT_COUNTED = [
  ...['max_tokens', 'stream', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'metadata', 'service_tier'],
];

export const countTokens: ProviderOperation<NeutralRequest, number> = {
  endpoint: () => COUNT_PATH,
  edits: (body, model) => (body.model === model ? {} : { model }),
  buildRequest(request, options) {
    const { body, ...built } = buildRequest(request, options);
    const counted = Object.entries(body).filter(([name]) => !NOT_COUNTED.includes(name));
    return { ...built, body: Object.fromEntries(counted) };
  },
  parseResponse(body) {
    const tokens = countIn(body.input_tokens);
    if (tokens === undefined) throw new Error('input_tokens is missing');
    return tokens;
  },
};

export function buildTokenCount(tokens: number): JsonObject {
  return { input_tokens: tokens };
}
