// What a server says beside the answer that no client is told: named, so that its loss is.
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';

export const ID = 'ollama-chat';

/** Of a message. */
const READ: ReadonlySet<string> = new Set([
  ...['role', 'content', 'thinking', 'tool_calls', 'images', 'tool_name'],
]);

/** Tells each of one line or body by name. https://docs.ollama.com/api/chat */
export function tellUnworded(body: JsonObject, tell: (name: string) => void): void {
  const message = asObject(body.message);
  if (isThere(message?.images)) tell('images');
  for (const name in message) if (!READ.has(name) && saysMore(message[name])) tell(`message.${name}`);
}

export function isThere(list: JsonObject[string]): boolean {
  return list !== undefined && (asArray(list)?.length ?? 0) > 0;
}

function saysMore(value: JsonObject[string]): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  return asArray(value)?.length !== 0;
}
