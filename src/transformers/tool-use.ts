// `tool_use`: makes models that are reluctant to use tools do so.
import { z } from 'zod';
import type { NeutralRequest, Tool } from '../model/request.ts';
import { defineTransformer } from './row.ts';

const DEFAULT_HINT =
  'You have tools. When one of them can do a step of the task, call it instead of describing what you would do, ' +
  'and give its arguments as the schema asks. Answer in text only when no tool is needed any more.';

export const toolUse = defineTransformer({
  name: 'tool_use',
  summary: 'Hints for models that hesitate to use tools; requests without tools stay as they are.',
  options: z.strictObject({
    hint: z
      .string()
      .nullable()
      .default(DEFAULT_HINT)
      .describe('Appended to the instructions of requests that offer tools; `null`: nothing.'),
    choice: z
      .enum(['auto', 'required'])
      .optional()
      .describe('Tool choice for requests without one; `required`: some tool must be called.'),
    parallel: z
      .boolean()
      .optional()
      .describe('Whether parallel calls are allowed, if the request does not say.'),
  }),
  create({ hint, choice, parallel }) {
    return {
      request(request) {
        if (request.tools.length === 0 || request.toolChoice?.type === 'none') return request;
        const changed: NeutralRequest = { ...request };
        if (hint !== null) changed.system = [...request.system, { type: 'text', text: hint }];
        // Neither has a place beside `functions`, OpenAI's old form, and OpenAI refuses both without `tools`.
        if (request.tools.some(isLegacy)) return changed;
        if (choice !== undefined) changed.toolChoice ??= { type: choice };
        if (parallel !== undefined) changed.parallelToolCalls ??= parallel;
        return changed;
      },
    };
  },
});

function isLegacy(tool: Tool): boolean {
  return tool.type === 'function' && tool.legacy === true;
}
