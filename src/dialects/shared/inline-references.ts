// A JSON Schema whose references are replaced by what they refer to, for providers that refuse references or definitions.
import { asString, type JsonObject } from '../../model/json/json.ts';
import { followReference } from '../../model/json/pointer.ts';
import { mapSchemas } from './map-schema.ts';

/** How many references may be replaced: definitions that refer to each other many times would grow without end. */
const MOST_REPLACED = 10_000;

/**
 * @param cut called where a reference leads back to itself, nowhere, or too far: what stands beside it is all that is left.
 * @returns without definitions at the top.
 */
export function inlineReferences(schema: JsonObject, cut: () => void): JsonObject {
  let left = MOST_REPLACED;
  const replaced = (each: JsonObject, open: ReadonlySet<string>): JsonObject => {
    const reference = asString(each.$ref);
    if (reference === undefined) return each;
    const { $ref: _, ...beside } = each;
    const named = followReference(reference, schema);
    if (named === undefined || open.has(reference) || --left < 0) {
      cut();
      return beside;
    }
    return { ...written(named, new Set([...open, reference])), ...beside };
  };
  const written = (each: JsonObject, open: ReadonlySet<string>): JsonObject =>
    mapSchemas(each, (inner) => replaced(inner, open));
  const { $defs: _, definitions: __, ...rest } = schema;
  return written(rest, new Set());
}
