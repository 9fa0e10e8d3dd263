// The `response` object around the output: in whole answers, and in the first and last events of a stream.
import type { JsonObject } from '../../model/json/json.ts';
import type { Usage } from '../../model/usage.ts';
import type { AnswerContext } from '../dialect.ts';
import { servedTier } from '../shared/settings/service-tier.ts';
import { buildOutputFormat } from './output-format.ts';
import { buildUsage } from './usage.ts';

export interface ResponseHead {
  id: string;
  model: string;
}

/** The prefix of response ids. VS Code's Copilot leaves out earlier turns after any id, but only refers to those with this prefix. */
const PREFIX = 'resp_';

export function responseHead(id: string | null, model: string | null, context: AnswerContext): ResponseHead {
  const own = id ?? context.requestId;
  return { id: own.startsWith(PREFIX) ? own : `${PREFIX}${own}`, model: model ?? context.model };
}

/**
 * Clients' types require every field. Of the request's settings only the output format is repeated, by which LangChain knows that it has to
 * parse JSON; the others have their defaults. `store` is false, since nothing can be fetched later. OpenRouter's SDKs refuse an answer
 * without penalties, or without a completion time, which may be null.
 * https://github.com/OpenRouterTeam/typescript-sdk/blob/main/src/models/openresponsesresult.ts
 */
export function responseObject(head: ResponseHead, context: AnswerContext, status: string): JsonObject {
  return {
    id: head.id,
    object: 'response',
    created_at: context.created,
    completed_at: null,
    status,
    background: false,
    error: null,
    frequency_penalty: 0,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model: head.model,
    output: [],
    parallel_tool_calls: true,
    presence_penalty: 0,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: null,
    text: { format: buildOutputFormat(context.outputFormat ?? { type: 'text' }) },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    usage: null,
    metadata: {},
  };
}

/** If one kind of tool is counted, the other must be too. */
const NO_IMAGES: JsonObject = {
  input_tokens: 0,
  input_tokens_details: { image_tokens: 0, text_tokens: 0 },
  output_tokens: 0,
  output_tokens_details: { image_tokens: 0, text_tokens: 0 },
  total_tokens: 0,
};

/** The fields for the counts of a finished response, and for the tier that served. */
export function usageFields(usage: Usage, tier: string | undefined): JsonObject {
  const searches = usage.webSearches;
  return {
    ...servedTier('service_tier', tier),
    usage: buildUsage(usage),
    ...(searches > 0 && { tool_usage: { image_gen: NO_IMAGES, web_search: { num_requests: searches } } }),
  };
}
