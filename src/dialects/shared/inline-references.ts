// A JSON Schema whose references are replaced by what they refer to, for providers that refuse references or definitions.
import { asString, type JsonObject } from '../../model/json/json.ts';
import { followReference } from '../../model/json/pointer.ts';
import { mapSchemas } from './map-schema.ts';
import { DEEPEST, type ReportedGrowth } from './schema-growth.ts';

/**
 * What stands beside a reference is all that is left of one that leads back to itself, nowhere, or too far.
 * @returns without definitions at the top.
 */
export function inlineReferences(schema: JsonObject, growth: ReportedGrowth): JsonObject {
  const replaced = (each: JsonObject, open: ReadonlySet<string>): JsonObject => {
    const reference = asString(each.$ref);
    if (reference === undefined) return each;
    const { $ref: _, ...beside } = each;
    const named = followReference(reference, schema);
    const isEndless = open.has(reference) || open.size >= DEEPEST;
    if (named === undefined || isEndless || !growth.allows(named, 1)) {
      growth.cut();
      return beside;
    }
    return { ...written(named, new Set([...open, reference])), ...beside };
  };
  const written = (each: JsonObject, open: ReadonlySet<string>): JsonObject =>
    mapSchemas(each, (inner) => replaced(inner, open));
  const { $defs: _, definitions: __, ...rest } = schema;
  return written(rest, new Set());
}
