// Counting a prompt's tokens. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
import type { JsonObject } from '../../model/json/json.ts';
import type { Loss, NeutralRequest } from '../../model/request.ts';
import { requiredCount } from '../../model/usage.ts';
import type { BuildOptions } from '../dialect.ts';
import type { ProviderOperation } from '../operations.ts';
import { modelInPath } from '../shared/models/model-in-path.ts';

/** @param inputOf makes the prompt, in one of the forms that the operation accepts. */
export function createTokenCount(
  inputOf: (request: NeutralRequest, options: BuildOptions) => { input: JsonObject; losses: Loss[] },
): ProviderOperation<NeutralRequest, number> {
  return {
    endpoint: (model) => `/model/${modelInPath(model)}/count-tokens`,
    // No client's own request to count tokens passes here.
    edits: () => ({}),
    buildRequest(request, options) {
      const { input, losses } = inputOf(request, options);
      return { body: { input }, losses };
    },
    parseResponse: (body) => requiredCount(body, 'inputTokens'),
  };
}
