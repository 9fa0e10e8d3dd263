// JSON Schema where Google takes it: a reference may have nothing beside it but what begins with `$`, and generators describe
// each place where a named schema is used. https://ai.google.dev/api/generate-content#FIELDS.response_json_schema
import type { JsonObject } from '../../model/json/json.ts';
import { currentDraft } from '../shared/current-draft.ts';
import { mapSchemas } from '../shared/map-schema.ts';

/** A choice of one says the same, and may have anything beside it. The same object where nothing changes. */
export function plainReferences(schema: JsonObject): JsonObject {
  return mapSchemas(currentDraft(schema), (each) => {
    const { $ref, ...rest } = each;
    if ($ref === undefined || Object.keys(rest).every((keyword) => keyword.startsWith('$'))) return each;
    // Where it has a choice of its own already, both hold.
    return rest.anyOf === undefined ? { ...rest, anyOf: [{ $ref }] } : { ...rest, allOf: [{ $ref }] };
  });
}
