// Function calls in the form that OpenAI's two dialects share.
import { exactText } from '../../model/json/exact-numbers.ts';
import type { JsonValue } from '../../model/json/json.ts';

/** Arguments are JSON text, but some servers send the object itself, or null for none. */
export function argumentText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : exactText(value);
}
