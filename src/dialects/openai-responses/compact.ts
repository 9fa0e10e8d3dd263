// Encrypted summaries of a conversation by its provider: `POST /responses/compact`.
// https://platform.openai.com/docs/api-reference/responses/compact
import { asArray, asString } from '../../model/json/json.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { Compaction, ProviderOperation } from '../operations.ts';
import { onlyFields } from '../shared/own-fields.ts';
import { buildRequest } from './build-request.ts';
import { conversationEdits, conversationLosses } from './passthrough.ts';
import { parseUsage } from './usage.ts';

/** Below the base URL. */
export const COMPACT_PATH = '/responses/compact';

/** Fields that affect the summary, according to OpenAI's documentation and to what Codex sends. */
const SUMMARISED: readonly string[] = [
  ...['model', 'input', 'instructions', 'previous_response_id', 'prompt_cache_key'],
  ...['tools', 'parallel_tool_calls', 'reasoning', 'text'],
];

export const compact: ProviderOperation<NeutralRequest, Compaction> = {
  endpoint: () => COMPACT_PATH,
  edits: conversationEdits,
  losses: conversationLosses,
  buildRequest(request, options) {
    const { body, losses } = buildRequest(request, options);
    const fitted = { ...body, ...conversationEdits(body, options.model, options.quirks) };
    return {
      body: onlyFields(fitted, SUMMARISED),
      losses: [...losses, ...conversationLosses(body, options.model, options.quirks)],
    };
  },
  parseResponse(body) {
    if (asArray(body.output) === undefined) throw new Error('output is missing');
    return { model: asString(body.model) ?? null, usage: parseUsage(body) ?? null, body };
  },
};
