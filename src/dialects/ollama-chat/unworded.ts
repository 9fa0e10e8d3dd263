// What a server says beside the answer that no client is told: named, so that its loss is.
import { asArray, asObject, type JsonObject } from '../../model/json.ts';

export const ID = 'ollama-chat';

/** Tells each of one line or body by name. https://docs.ollama.com/api/chat */
export function tellUnworded(body: JsonObject, tell: (name: string) => void): void {
  if (isThere(body.logprobs)) tell('logprobs');
  if (isThere(asObject(body.message)?.images)) tell('images');
}

function isThere(list: JsonObject[string]): boolean {
  return list !== undefined && (asArray(list)?.length ?? 0) > 0;
}
