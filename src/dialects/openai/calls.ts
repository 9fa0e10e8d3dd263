// Calls of functions and the schemas of their arguments, as OpenAI's two dialects have them alike.
import { exactText } from '../../model/json/exact-numbers.ts';
import type { JsonObject, JsonValue } from '../../model/json/json.ts';

/** Arguments are JSON text; some servers send the object itself, or null for none. */
export function argumentText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : exactText(value);
}

/** OpenAI refuses an object schema without `properties`. */
export function withProperties(schema: JsonObject): JsonObject {
  const lacks = schema.type === 'object' && schema.properties === undefined;
  return lacks ? { ...schema, properties: {} } : schema;
}
