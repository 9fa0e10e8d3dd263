// `system_prompt`: puts instructions of the gateway's own before, after or in place of the client's.
import { z } from 'zod';
import type { TextPart } from '../model/content.ts';
import { defineTransformer } from './row.ts';

export const systemPrompt = defineTransformer({
  name: 'system_prompt',
  summary: 'Instructions before, after or in place of the request’s own.',
  options: z.strictObject({
    prepend: z.string().min(1).optional().describe('Text before the request’s own instructions.'),
    append: z.string().min(1).optional().describe('Text after them.'),
    replace: z.string().min(1).optional().describe('Text that replaces them.'),
  }),
  create({ prepend, append, replace }) {
    return {
      request(request, context) {
        if (replace !== undefined && request.system.length > 0)
          context.lose({ feature: 'system', outcome: 'lost', how: 'replaced by system_prompt' });
        const own = replace === undefined ? request.system : part(replace);
        return { ...request, system: [...part(prepend), ...own, ...part(append)] };
      },
    };
  },
});

function part(text: string | undefined): TextPart[] {
  return text === undefined ? [] : [{ type: 'text', text }];
}
