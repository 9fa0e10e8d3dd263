// Counting the tokens of a prompt in the form of Converse.
import { createTokenCount } from '../aws/count-tokens.ts';
import { onlyFields } from '../shared/own-fields.ts';
import { buildRequest } from './build-request.ts';

/** Fields that affect the prompt; the operation accepts no others. */
const COUNTED = ['messages', 'system', 'toolConfig', 'additionalModelRequestFields'];

export const countTokens = createTokenCount((request, options) => {
  const { body, losses } = buildRequest(request, options);
  return { input: { converse: onlyFields(body, COUNTED) }, losses };
});
