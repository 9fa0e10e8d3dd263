// JSON Schema where Google takes it: beside a reference only keywords with `$` are allowed, but generators add a description
// wherever a named schema is used. https://ai.google.dev/api/generate-content#FIELDS.response_json_schema
import { asArray, type JsonObject } from '../../model/json/json.ts';
import { currentDraft } from '../shared/current-draft.ts';
import { mapSchemas } from '../shared/map-schema.ts';

/** Wraps references in a choice of one, which may have anything beside it. Returns the same object if nothing changes. */
export function plainReferences(schema: JsonObject): JsonObject {
  return mapSchemas(currentDraft(schema), (each) => {
    const { $ref, ...rest } = each;
    if ($ref === undefined || Object.keys(rest).every((keyword) => keyword.startsWith('$'))) return each;
    if (rest.anyOf === undefined) return { ...rest, anyOf: [{ $ref }] };
    // If it already has a choice, both must hold.
    return { ...rest, allOf: [...(asArray(rest.allOf) ?? []), { $ref }] };
  });
}
