// What Claude refuses in the history of a request in Messages' form, where another provider left it: thinking that nobody signed,
// sources that were sent in the form of a web search, and ids of calls in another form than its own.
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { isClaude, traitsOf } from './models.ts';

/** Whether Claude would refuse the request for it. Other vendors' models get back what they sent themselves. */
export function holdsRefused({ messages }: JsonObject, model: string): boolean {
  const isThere = (asArray(messages) ?? []).some((message) => {
    const { role, content } = asObject(message) ?? {};
    return role === 'assistant' && (asArray(content) ?? []).some(isRefused);
  });
  return isThere && isClaude(traitsOf(model));
}

/** Kimi's ids are such: `functions.search:0`. */
const FOREIGN_ID = /[^a-zA-Z0-9_-]/;

function isRefused(block: JsonValue): boolean {
  const { type, signature, id, citations } = asObject(block) ?? {};
  if (type === 'thinking') return signature === '';
  if (type === 'tool_use') return typeof id === 'string' && FOREIGN_ID.test(id);
  return (asArray(citations) ?? []).some((citation) => asObject(citation)?.encrypted_index === '');
}
