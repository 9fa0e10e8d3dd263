// Summaries of a conversation that any provider can read, in the items in which OpenAI's clients carry encrypted ones.
// https://developers.openai.com/api/docs/guides/compaction
import { asArray, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { summaryToWire } from '../../model/opaque-token.ts';
import type { Message } from '../../model/request.ts';
import type { ClientSummaries } from '../operations.ts';
import { itemId } from './output-item.ts';
import { buildUsage } from './usage.ts';

/** The item that, at the end of a conversation, asks for its summary. */
export const TRIGGER = 'compaction_trigger';

export const TRIGGER_PROBLEM = 'it asks for an encrypted summary, which that provider does not write';

/** What the model reads before the summary. It never changes, so that the provider's prompt cache is hit. */
export const SUMMARY_HEAD =
  'This summary stands for the part of the conversation that is not shown here. Continue from it.\n\n';

const COMPACTION = 'compaction';

export const summaries: ClientSummaries = {
  isAsked: ({ input }) => asArray(input)?.some((item) => isObject(item) && item.type === TRIGGER) === true,
  plain(request) {
    const { boundTo, ...plain } = { ...request, messages: request.messages.flatMap(withoutTrigger) };
    // Other reasons that bind the request to its provider remain.
    const keepsBinding = boundTo !== undefined && boundTo.problem !== TRIGGER_PROBLEM;
    return { request: keepsBinding ? { ...plain, boundTo } : plain };
  },
  buildPart: (text, requestId) => ({
    name: COMPACTION,
    value: { id: itemId('cmp', requestId, 0), type: COMPACTION, encrypted_content: summaryToWire(text) },
  }),
  buildResponse: ({ id, parts, usage }, { input }, { requestId, created }) => ({
    id: id ?? requestId,
    object: 'response.compaction',
    created_at: created,
    output: [
      ...userMessages(input, requestId),
      ...parts.flatMap((part) => (part.type === 'opaque' && part.name === COMPACTION ? [part.value] : [])),
    ],
    usage: buildUsage(usage),
  }),
};

function withoutTrigger(message: Message): Message[] {
  const parts = message.parts.filter((part) => part.type !== 'opaque' || part.name !== TRIGGER);
  if (parts.length === message.parts.length) return [message];
  return parts.length === 0 ? [] : [{ ...message, parts }];
}

/** The user's messages, which stay before the summary, in the form of an answer's items, which typed clients require. */
function userMessages(input: JsonValue | undefined, requestId: string): JsonObject[] {
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : (asArray(input) ?? []);
  return items.flatMap((item, index) => {
    if (!isObject(item) || item.role !== 'user') return [];
    const { content } = item;
    const parts = typeof content === 'string' ? { content: [{ type: 'input_text', text: content }] } : {};
    return [{ id: itemId('msg', requestId, index), type: 'message', status: 'completed', ...item, ...parts }];
  });
}
