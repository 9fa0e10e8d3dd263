// Requests that say something in words that only Mistral's server knows, by which they are rebuilt for others.
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Quirks } from '../quirks.ts';

/** https://docs.mistral.ai/api/endpoint/chat */
const PARTS: readonly unknown[] = ['thinking', 'document_url'];

/**
 * Mistral's SDKs, and Pydantic AI's and LangChain's models of it, force a call by `any`, as they do for each output that has a
 * type; others know `required` alone (https://github.com/vllm-project/vllm/issues/16887). A turn of the model has thinking among its parts,
 * and says of each that it is no prefix. https://github.com/mistralai/client-python
 */
export function saysMistrals(body: JsonObject, quirks: Quirks): boolean {
  if (quirks.refusesMistrals !== true) return false;
  return (
    body.tool_choice === 'any' ||
    body.random_seed !== undefined ||
    asArray(body.messages)?.some(hasMistrals) === true
  );
}

/** `prefix: true` is DeepSeek's, too. */
function hasMistrals(message: JsonValue): boolean {
  const { content, prefix } = asObject(message) ?? {};
  return prefix === false || asArray(content)?.some((part) => PARTS.includes(asObject(part)?.type)) === true;
}
