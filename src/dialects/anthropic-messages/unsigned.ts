// Thinking without a signature in a request's history: of a provider that gives none, see encode-stream.ts.
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { traitsOf } from '../claude/models.ts';

/** Whether Claude would refuse the request for it. Other vendors' models are asked with what they gave themselves. */
export function holdsUnsigned({ messages }: JsonObject, model: string): boolean {
  const isThere = (asArray(messages) ?? []).some((message) => {
    const { role, content } = asObject(message) ?? {};
    return role === 'assistant' && (asArray(content) ?? []).some(isUnsigned);
  });
  return isThere && traitsOf(model).opensSeals;
}

function isUnsigned(block: JsonValue): boolean {
  const { type, signature } = asObject(block) ?? {};
  return type === 'thinking' && signature === '';
}
