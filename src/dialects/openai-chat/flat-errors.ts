// Clients that read an error's fields at the top of its body, as Mistral's and Cerebras' servers send them.
import { asObject, asString } from '../../model/json/json.ts';
import type { ClientErrors } from '../dialect.ts';
import { buildError } from '../openai/errors.ts';
import { parseErrorBody } from '../shared/answer-list.ts';
import { ID } from './wire.ts';

/**
 * The AI SDK's providers for Mistral and Cerebras read no others, and show the name of the status in place of the message. Whole
 * answers they request as all of its providers do, which read the fields where OpenAI has them: both are there.
 * https://github.com/vercel/ai/tree/main/packages/mistral, https://github.com/vercel/ai/tree/main/packages/cerebras
 */
export const flatErrors: Pick<ClientErrors, 'buildError'> = {
  buildError(error) {
    const built = buildError(error);
    const { upstream } = error;
    // A server that has them at the top itself is not put into other words.
    const own = upstream?.dialect === ID ? parseErrorBody(upstream.body) : undefined;
    const { message, type, code, param } = asObject(built.error) ?? {};
    const top = { message, type, code, param };
    for (const name of ['message', 'type', 'code', 'param'] as const)
      top[name] = asString(own?.[name]) ?? top[name] ?? '';
    // Cerebras' must be texts, where OpenAI says null.
    return { object: 'error', ...top, ...built };
  },
};
