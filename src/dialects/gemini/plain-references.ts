// JSON Schema in the form that Google accepts: a reference must lead to a definition at the top, and only keywords with `$` may stand
// beside it. Generators refer to wherever a schema was used first, and add a description.
// https://ai.google.dev/api/generate-content#FIELDS.response_json_schema, https://ai.google.dev/api/caching#Schema
import { asArray, asObject, asString, type JsonObject } from '../../model/json/json.ts';
import { followReference } from '../../model/json/pointer.ts';
import { currentDraft } from '../shared/schemas/current-draft.ts';
import { createNaming } from '../shared/schemas/definition-names.ts';
import { mapSchemas } from '../shared/schemas/map-schema.ts';
import { createSchemaGrowth } from '../shared/schemas/schema-growth.ts';

/** Returns the same object if nothing changes. */
export function plainReferences(schema: JsonObject): JsonObject {
  return mapSchemas(underDefinitions(currentDraft(schema)), withPlainReference);
}

/** Wraps a reference in a choice of one, beside which anything may stand. */
function withPlainReference(schema: JsonObject): JsonObject {
  const { $ref, ...rest } = schema;
  if ($ref === undefined || Object.keys(rest).every((keyword) => keyword.startsWith('$'))) return schema;
  if (rest.anyOf === undefined) return { ...rest, anyOf: [{ $ref }] };
  // If the schema already has such a list, all of it must hold.
  return { ...rest, allOf: [...(asArray(rest.allOf) ?? []), { $ref }] };
}

const TO_DEFINITION = /^#\/\$defs\/[^/]+$/;

/** What references lead to elsewhere becomes a definition, since Google would report a "reference to undefined schema". */
function underDefinitions(schema: JsonObject): JsonObject {
  const { $defs, definitions, ...root } = schema;
  const added = new Map<string, JsonObject>();
  const names = new Map<string, string>();
  const nameFor = createNaming(Object.keys(asObject($defs) ?? {}));
  const growth = createSchemaGrowth();
  const refer = (each: JsonObject): JsonObject => {
    const reference = asString(each.$ref);
    if (reference === undefined || TO_DEFINITION.test(reference)) return each;
    const known = names.get(reference);
    if (known !== undefined) return { ...each, $ref: `#/$defs/${known}` };
    const named = reference === '#' ? root : followReference(reference, schema);
    if (named === undefined || !growth.allows(named, 1)) return each;
    const name = nameFor(reference);
    names.set(reference, name);
    added.set(name, named);
    return { ...each, $ref: `#/$defs/${name}` };
  };
  const { $defs: kept, ...rest } = mapSchemas($defs === undefined ? root : { ...root, $defs }, refer);
  if (added.size === 0) return schema;
  // Added definitions may refer to further ones, which this loop then reaches: thousands may each lead to the next.
  for (const [name, named] of added) added.set(name, mapSchemas(named, refer));
  return { ...rest, $defs: { ...asObject(kept), ...Object.fromEntries(added) } };
}
