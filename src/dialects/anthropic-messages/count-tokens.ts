// Counting a prompt's tokens: `POST /v1/messages/count_tokens`.
// https://docs.anthropic.com/en/api/messages-count-tokens
import type { JsonObject } from '../../model/json/json.ts';
import { requiredCount } from '../../model/usage.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { ProviderOperation } from '../operations.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { buildRequest } from './build-request.ts';
import { CLOUD_COUNT_PATH, cloudCountBetas, cloudCountEdits, edited } from './cloud.ts';

export const COUNT_PATH = '/v1/messages/count_tokens';

/** Fields that only concern the answer, which the endpoint refuses. */
export const NOT_COUNTED = [
  ...['max_tokens', 'stream', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'metadata', 'service_tier'],
];

export const countTokens: ProviderOperation<NeutralRequest, number> = {
  endpoint: (_, { cloudMethods }) => (cloudMethods === true ? CLOUD_COUNT_PATH : COUNT_PATH),
  edits(body, model, { cloudMethods }) {
    if (cloudMethods === true) return cloudCountEdits(body, model);
    return body.model === model ? {} : { model };
  },
  buildRequest(request, options) {
    const { body, headers, ...built } = buildRequest(request, options);
    const counted = withoutFields(body, NOT_COUNTED);
    const isCloud = options.quirks.cloudMethods === true;
    const named = isCloud ? cloudCountBetas(counted) : headers;
    return {
      ...built,
      body: isCloud ? edited(counted, cloudCountEdits(counted, options.model)) : counted,
      ...(named !== undefined && { headers: named }),
    };
  },
  parseResponse: (body) => requiredCount(body, 'input_tokens'),
};

export function buildTokenCount(tokens: number): JsonObject {
  return { input_tokens: tokens };
}
