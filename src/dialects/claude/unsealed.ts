// What only Claude could have sealed, but came unsealed in the history of a request in Messages' form: thinking of a provider
// that does not sign, and sources that were sent in the form of a web search.
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { traitsOf } from './models.ts';

/** Whether Claude would refuse the request for it. Other vendors' models get back what they sent themselves. */
export function holdsUnsealed({ messages }: JsonObject, model: string): boolean {
  const isThere = (asArray(messages) ?? []).some((message) => {
    const { role, content } = asObject(message) ?? {};
    return role === 'assistant' && (asArray(content) ?? []).some(isUnsealed);
  });
  return isThere && traitsOf(model).opensSeals;
}

function isUnsealed(block: JsonValue): boolean {
  const { type, signature, citations } = asObject(block) ?? {};
  if (type === 'thinking') return signature === '';
  return (asArray(citations) ?? []).some((citation) => asObject(citation)?.encrypted_index === '');
}
