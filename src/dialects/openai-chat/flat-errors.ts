// Clients that read an error's fields at the top of its body, as Mistral's and Cerebras' servers send them.
import { asObject } from '../../model/json/json.ts';
import type { ClientErrors } from '../dialect.ts';
import { buildError } from '../openai/errors.ts';

/**
 * The AI SDK's providers for Mistral and Cerebras read no others, and show the name of the status in place of the message. Whole
 * answers they request as all of its providers do, which read the fields where OpenAI has them: both are there.
 * https://github.com/vercel/ai/tree/main/packages/mistral, https://github.com/vercel/ai/tree/main/packages/cerebras
 */
export const flatErrors: Pick<ClientErrors, 'buildError'> = {
  buildError(error) {
    const built = buildError(error);
    const fields = asObject(built.error) ?? {};
    // Cerebras' must be a text, where OpenAI says null.
    return { object: 'error', ...fields, param: fields.param ?? '', ...built };
  },
};
