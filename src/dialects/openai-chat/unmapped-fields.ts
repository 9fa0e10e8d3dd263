// What a server sends besides the answer and no other dialect has a form for: findings of content filters and moderation, further choices,
// calls of the server's own kind, new fields of messages, and lists beside them (Perplexity's images and further questions). Ids, times,
// prices and versions are left out as each server's envelope, and so are objects that only one server has: all recorded ones (`timings`,
// `x_groq`, `sla_metrics`) count or measure.
import {
  asArray,
  asNumber,
  asObject,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import type { Extension } from '../../model/content.ts';
import { foreignCallType } from './tool-call.ts';
import { isEmptyValue } from '../shared/losses/unread-fields.ts';
import { extensionOf } from './wire.ts';

/** Fields of a message that are read, or that say nothing about the answer. */
const READ: ReadonlySet<string> = new Set([
  ...['role', 'content', 'refusal', 'tool_calls', 'function_call', 'annotations', 'audio', 'images'],
  ...['reasoning', 'reasoning_content', 'reasoning_details', 'reasoning_text', 'reasoning_opaque'],
  ...['name', 'provider_metadata', 'padding', 'channel', 'token_id', 'token_ids'],
]);

/** Lists of a body or a choice that are read, or that repeat the prompt or the answer as tokens. */
const READ_LISTS: ReadonlySet<string> = new Set([
  ...['choices', 'citations', 'search_results', 'web_search', 'prompt_filter_results'],
  ...['prompt', 'prompt_logprobs', 'prompt_token_ids', 'token_ids', 'routed_experts'],
]);

/** Reports each such field of a chunk or body by name, together with what could be sent back to a client of this dialect. */
export function reportUnmapped(
  body: JsonObject,
  choice: JsonObject | undefined,
  report: (name: string, value: JsonObject) => void,
): void {
  const { content_filter_results: filtered } = choice ?? {};
  if (isObject(filtered) && found(filtered)) report('content_filter_results', filtered);
  const { prompt_filter_results: prompts, moderation } = body;
  if (isObject(moderation)) report('moderation', moderation);
  if (Array.isArray(prompts) && found(prompts)) report('prompt_filter_results', { results: prompts });
  if (hasFurther(asArray(body.choices))) report('choices', {});
  reportLists(body, '', report);
  if (choice !== undefined) reportLists(choice, 'choices.', report);
  const said = choice?.delta ?? choice?.message;
  if (!isObject(said)) return;
  for (const call of asArray(said.tool_calls) ?? []) {
    const type = isObject(call) ? foreignCallType(call) : undefined;
    if (type !== undefined) report(`tool_calls.${type}`, { value: call });
  }
  for (const name in said)
    if (!READ.has(name) && !isEmptyValue(said[name])) report(`message.${name}`, { value: said[name] });
}

function reportLists(
  fields: JsonObject,
  path: string,
  report: (name: string, value: JsonObject) => void,
): void {
  for (const name in fields) {
    const value = fields[name];
    if (Array.isArray(value) && value.length > 0 && !READ_LISTS.has(name))
      report(`${path}${name}`, { value });
  }
}

function hasFurther(choices: readonly JsonValue[] | undefined): boolean {
  for (const item of choices ?? []) if ((asNumber(asObject(item)?.index) ?? 0) > 0) return true;
  return false;
}

/** @param logprobs of texts that the answer does not contain. */
export function answerExtension(
  body: JsonObject,
  choice: JsonObject,
  logprobs: JsonObject | undefined,
): { extension?: Extension } {
  const fields: JsonObject = logprobs === undefined ? {} : { logprobs };
  reportUnmapped(body, choice, (name, value) => {
    fields[name] = value;
  });
  return extensionOf(fields);
}

/** Whether a filter found anything: servers report on every answer even that they found nothing. */
function found(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.some(found);
  if (!isObject(value)) return false;
  if (value.filtered === true || value.detected === true) return true;
  return Object.values(value).some((inner) => inner !== undefined && found(inner));
}
