// What a server says beside the answer that no other dialect has a word for: log probabilities, what content filters
// found, further choices. Ids, times, prices and versions are the envelope, which is each server's own.
import { asArray, asObject, isObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { Extension } from '../../model/content.ts';

/** Tells each of one chunk or body by name, with what a client of this dialect could be told again. */
export function tellUnworded(
  body: JsonObject,
  choice: JsonObject | undefined,
  tell: (name: string, value: JsonObject) => void,
): void {
  const { logprobs, content_filter_results: filtered } = choice ?? {};
  if (isObject(logprobs)) tell('logprobs', logprobs);
  if (isObject(filtered) && found(filtered)) tell('content_filter_results', filtered);
  const { prompt_filter_results: prompts } = body;
  if (Array.isArray(prompts) && found(prompts)) tell('prompt_filter_results', { results: prompts });
  if (hasFurther(asArray(body.choices))) tell('choices', {});
}

function hasFurther(choices: readonly JsonValue[] | undefined): boolean {
  for (const item of choices ?? []) if (Number(asObject(item)?.index ?? 0) > 0) return true;
  return false;
}

export function answerExtension(body: JsonObject, choice: JsonObject): { extension?: Extension } {
  let fields: JsonObject | undefined;
  tellUnworded(body, choice, (name, value) => {
    fields ??= {};
    fields[name] = value;
  });
  return fields === undefined ? {} : { extension: { dialect: 'openai-chat', fields } };
}

/** Whether a filter found anything: servers report on every answer that they found nothing. */
function found(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.some(found);
  if (!isObject(value)) return false;
  if (value.filtered === true || value.detected === true) return true;
  return Object.values(value).some((inner) => inner !== undefined && found(inner));
}
