// Counting a prompt's tokens. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
import { countIn } from '../../model/usage.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { ProviderOperation } from '../operations.ts';
import { buildRequest } from './build-request.ts';
import { modelInPath } from '../shared/models/model-in-path.ts';

/** Fields that affect the prompt; the operation knows no others. */
const COUNTED: readonly string[] = ['messages', 'system', 'toolConfig', 'additionalModelRequestFields'];

export const countTokens: ProviderOperation<NeutralRequest, number> = {
  endpoint: (model) => `/model/${modelInPath(model)}/count-tokens`,
  // No client speaks this dialect.
  edits: () => ({}),
  buildRequest(request, options) {
    const { body, losses } = buildRequest(request, options);
    const counted = Object.entries(body).filter(([name]) => COUNTED.includes(name));
    return { body: { input: { converse: Object.fromEntries(counted) } }, losses };
  },
  parseResponse(body) {
    const tokens = countIn(body.inputTokens);
    if (tokens === undefined) throw new Error('inputTokens is missing');
    return tokens;
  },
};
