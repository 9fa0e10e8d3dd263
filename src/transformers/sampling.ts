// `sampling`: values for parameters that a request leaves to the provider.
import { z } from 'zod';
import type { NeutralRequest } from '../model/request.ts';
import { defineTransformer } from './row.ts';

/** Each option and the request field that it sets. */
const FIELDS = [
  ['temperature', 'temperature'],
  ['top_p', 'topP'],
  ['top_k', 'topK'],
  ['seed', 'seed'],
  ['frequency_penalty', 'frequencyPenalty'],
  ['presence_penalty', 'presencePenalty'],
  ['stop', 'stopSequences'],
] as const satisfies readonly [option: string, field: keyof NeutralRequest][];

export const sampling = defineTransformer({
  name: 'sampling',
  summary: 'Sampling parameters for requests that do not set them.',
  options: z.strictObject({
    temperature: z.number().min(0).max(2).optional().describe('Default temperature.'),
    top_p: z.number().min(0).max(1).optional().describe('Default `top_p`.'),
    top_k: z.number().int().min(1).optional().describe('Default `top_k`.'),
    seed: z.number().int().optional().describe('Default seed.'),
    frequency_penalty: z.number().min(-2).max(2).optional().describe('Default frequency penalty.'),
    presence_penalty: z.number().min(-2).max(2).optional().describe('Default presence penalty.'),
    stop: z.array(z.string().min(1)).min(1).optional().describe('Default stop sequences.'),
    force: z.boolean().default(false).describe('Use these even if the request sets its own.'),
  }),
  create({ force, ...values }) {
    return {
      request(request, context) {
        const changed: NeutralRequest = { ...request };
        for (const [name, field] of FIELDS) {
          const value = values[name];
          const own = request[field];
          if (value === undefined || (own !== undefined && !force)) continue;
          Object.assign(changed, { [field]: value });
          if (own !== undefined && JSON.stringify(own) !== JSON.stringify(value))
            context.lose({ feature: name, outcome: 'approximated', how: `${value} by the gateway's rule` });
        }
        return changed;
      },
    };
  },
});
