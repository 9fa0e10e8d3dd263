// What a server sends beside the answer and no client receives is reported by name as a loss.
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { isEmptyValue } from '../shared/losses/unread-fields.ts';

/** Fields of a message that are read. */
const READ: ReadonlySet<string> = new Set([
  ...['role', 'content', 'thinking', 'tool_calls', 'images', 'tool_name'],
]);

/** Fields of a line that are read or belong to its envelope. */
const READ_OF_LINE: ReadonlySet<string> = new Set([
  ...[
    'model',
    'created_at',
    'message',
    'done',
    'done_reason',
    'logprobs',
    'error',
    'remote_model',
    'remote_host',
  ],
]);

/** Reports each field of one line or body by name. https://docs.ollama.com/api/chat */
export function reportUnmapped(body: JsonObject, report: (name: string) => void): void {
  const message = asObject(body.message);
  if (isThere(message?.images)) report('images');
  for (const name in body) if (!READ_OF_LINE.has(name) && !isMeasure(body[name])) report(name);
  for (const name in message) if (!READ.has(name) && !isEmptyValue(message[name])) report(`message.${name}`);
}

export function isThere(list: JsonObject[string]): boolean {
  return list !== undefined && (asArray(list)?.length ?? 0) > 0;
}

/** Numbers are counts and times, which are not part of what is answered. */
function isMeasure(value: JsonValue | undefined): boolean {
  return typeof value === 'number' || isEmptyValue(value);
}
