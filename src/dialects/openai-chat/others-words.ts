// Requests in words that only another vendor's server knows, by which they are rebuilt for one that refuses or ignores these.
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Quirks } from '../quirks.ts';

/**
 * Clients of one vendor say some things in its words, whichever serves: there they were refused (“Unrecognized request argument
 * supplied: thinking”, https://github.com/nashsu/llm_wiki/issues/336), or did nothing.
 */
export function saysOthers(body: JsonObject, _model: string, quirks: Quirks): boolean {
  const { words, textResults } = quirks;
  if (words === undefined) return false;
  return (
    asksToThinkOtherwise(body, quirks) ||
    (words !== 'mistral' && saysMistrals(body)) ||
    (textResults === true && asArray(body.messages)?.some(isResultWithMedia) === true)
  );
}

/** In OpenRouter's words, DeepSeek's, which are Moonshot's and GLM's, too, Qwen's, or Google's. */
function asksToThinkOtherwise(body: JsonObject, quirks: Quirks): boolean {
  const said = [
    asObject(body.reasoning) !== undefined && 'reasoning',
    asObject(body.thinking) !== undefined && 'thinking',
    typeof body.enable_thinking === 'boolean' && 'enable_thinking',
    asObject(asObject(body.extra_body)?.google) !== undefined && 'extra_body',
  ];
  if (!said.some(Boolean)) return false;
  const { reasoningField, modelThinking = [], thinkingFields = [] } = quirks;
  const own = [reasoningField, ...modelThinking.map(({ field }) => field)];
  const known = [...thinkingFields, ...own.map((field) => field?.split('.')[0])];
  return said.some((field) => field !== false && !known.includes(field));
}

/** https://docs.mistral.ai/api/endpoint/chat */
const MISTRALS_PARTS: readonly unknown[] = ['thinking', 'document_url'];

/**
 * Mistral's SDKs, and Pydantic AI's, LangChain's and the AI SDK's models of it, force a call by `any`, as they do for each output that
 * has a type; others know `required` alone (https://github.com/vllm-project/vllm/issues/16887). A turn of the model has thinking among
 * its parts, and says of each that it is no prefix; an image is its address. https://github.com/mistralai/client-python
 */
function saysMistrals(body: JsonObject): boolean {
  return (
    body.tool_choice === 'any' ||
    body.random_seed !== undefined ||
    asArray(body.messages)?.some(hasMistrals) === true
  );
}

/** `prefix: true` is DeepSeek's, too. */
function hasMistrals(message: JsonValue): boolean {
  const { content, prefix } = asObject(message) ?? {};
  return prefix === false || asArray(content)?.some(isMistrals) === true;
}

function isMistrals(part: JsonValue): boolean {
  const { type, image_url } = asObject(part) ?? {};
  return MISTRALS_PARTS.includes(type) || (type === 'image_url' && typeof image_url === 'string');
}

/** https://github.com/OpenHands/OpenHands/issues/7700 */
function isResultWithMedia(message: JsonValue): boolean {
  const { role, content } = asObject(message) ?? {};
  return role === 'tool' && asArray(content)?.some((part) => asObject(part)?.type !== 'text') === true;
}
