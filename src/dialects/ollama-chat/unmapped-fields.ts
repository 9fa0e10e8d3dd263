// What a server sends beside the answer that no client receives: it is named, so that its loss is reported.
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';
import { isEmptyValue } from '../shared/losses/unread-fields.ts';

/** Fields of a message that are read. */
const READ: ReadonlySet<string> = new Set([
  ...['role', 'content', 'thinking', 'tool_calls', 'images', 'tool_name'],
]);

/** Reports each field of one line or body by name. https://docs.ollama.com/api/chat */
export function reportUnmapped(body: JsonObject, report: (name: string) => void): void {
  const message = asObject(body.message);
  if (isThere(message?.images)) report('images');
  for (const name in message) if (!READ.has(name) && !isEmptyValue(message[name])) report(`message.${name}`);
}

export function isThere(list: JsonObject[string]): boolean {
  return list !== undefined && (asArray(list)?.length ?? 0) > 0;
}
