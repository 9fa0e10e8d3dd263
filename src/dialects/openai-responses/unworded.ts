// What a message says beside its text and sources that the neutral model has no word for.
import { asArray, asObject, asString, type JsonObject } from '../../model/json.ts';
import type { Extension } from '../../model/content.ts';
import { extensionOf } from './wire.ts';

/** Tells each of an item by name: the phase of a message, and log probabilities, where the request asked for them. */
export function tellUnworded(item: JsonObject, tell: (name: string, value: JsonObject) => void): void {
  if (item.type !== undefined && item.type !== 'message') return;
  const phase = asString(item.phase);
  if (phase !== undefined) tell('phase', { phase });
  const content = asArray(item.content) ?? [];
  if (content.some((part) => (asArray(asObject(part)?.logprobs) ?? []).length > 0)) tell('logprobs', {});
}

export function answerExtension(output: readonly JsonObject[]): { extension?: Extension } {
  const fields: JsonObject = {};
  for (const item of output) {
    tellUnworded(item, (name, value) => {
      fields[name] = value;
    });
  }
  return extensionOf(fields);
}
