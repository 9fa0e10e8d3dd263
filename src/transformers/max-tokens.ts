// `max_tokens`: limits how long an answer may become.
import { z } from 'zod';
import type { NeutralRequest } from '../model/request.ts';
import { defineTransformer } from './row.ts';
import type { RequestContext } from './transformer.ts';

/** Providers accept no smaller thinking budget (Anthropic: 1024). */
const SMALLEST_BUDGET = 1_024;

export const maxTokens = defineTransformer({
  name: 'max_tokens',
  summary: 'Limits the length of answers.',
  options: z.strictObject({
    max: z
      .number()
      .int()
      .min(1)
      .describe('Most tokens of an answer; a higher limit in a request is lowered to this.'),
    default: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe('Limit for requests without one. Left out: they stay without.'),
  }),
  create({ max, default: fallback }) {
    return {
      request(request, context) {
        const asked = request.maxOutputTokens;
        if (asked === undefined) {
          return fallback === undefined ? request : withLimit(request, Math.min(fallback, max), context);
        }
        if (asked <= max) return request;
        context.lose({ feature: 'max_tokens', outcome: 'approximated', how: `${max} in place of ${asked}` });
        return withLimit(request, max, context);
      },
    };
  },
});

/** Thinking counts as output, so its budget must leave room for the answer itself. */
function withLimit(asked: NeutralRequest, max: number, context: RequestContext): NeutralRequest {
  const request = { ...asked, maxOutputTokens: max };
  const { reasoning } = request;
  if (reasoning?.budgetTokens === undefined || reasoning.budgetTokens < max) return request;
  const budgetTokens = Math.floor(max / 2);
  if (budgetTokens >= SMALLEST_BUDGET) {
    context.lose({ feature: 'thinking', outcome: 'approximated', how: `a budget of ${budgetTokens} tokens` });
    return { ...request, reasoning: { ...reasoning, budgetTokens } };
  }
  context.lose({ feature: 'thinking', outcome: 'lost', how: `max_tokens of ${max} leaves no room for it` });
  return { ...request, reasoning: { mode: 'off' } };
}
