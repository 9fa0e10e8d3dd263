// Arguments of a call: text in the neutral model, an object on the wire.
import { argumentsToWrite } from '../../model/json/exact-numbers.ts';
import type { JsonObject } from '../../model/json/json.ts';

/** The one argument of a function that stands for a tool of free text. */
export const FREE_TEXT = 'input';

/** Undefined where the text is not a JSON object, and so cannot be said here. */
export function argumentObject(text: string, kind: 'function' | 'custom' | 'server'): JsonObject | undefined {
  if (kind === 'custom') return { [FREE_TEXT]: text };
  return text.trim() === '' ? {} : argumentsToWrite(text);
}
