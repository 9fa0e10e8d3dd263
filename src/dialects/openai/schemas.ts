// JSON Schemas as OpenAI takes them, for arguments of functions and for structured answers.
import { asArray, type JsonObject } from '../../model/json/json.ts';
import { currentDraft } from '../shared/current-draft.ts';
import { mapSchemas } from '../shared/map-schema.ts';
import { outermost } from '../shared/object-schema.ts';

/** "object schema missing properties", "array schema missing items": what is left out may be anything, and that is said. */
export function functionSchema(schema: JsonObject): JsonObject {
  const whole = wholeSchema(schema);
  const lacks = whole.type === 'object' && whole.properties === undefined;
  return lacks ? { ...whole, properties: {} } : whole;
}

/** The schema of an answer; undefined where that is no object: "schema must be a JSON Schema of 'type: \"object\"'". */
export function answerSchema(schema: JsonObject): JsonObject | undefined {
  const whole = wholeSchema(outermost(schema));
  if (whole.type === undefined && whole.properties !== undefined) return { type: 'object', ...whole };
  return whole.type === 'object' ? whole : undefined;
}

function wholeSchema(schema: JsonObject): JsonObject {
  return mapSchemas(currentDraft(schema), withItems);
}

function withItems(schema: JsonObject): JsonObject {
  const { type, items } = schema;
  const isList = type === 'array' || asArray(type)?.includes('array') === true;
  return isList && items === undefined ? { ...schema, items: {} } : schema;
}
