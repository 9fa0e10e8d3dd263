// Applies one change to every schema within a JSON Schema.
import { asArray, asObject, isObject, type JsonObject, type JsonValue } from '../../../model/json/json.ts';

/** Keywords that hold schemas by name. */
const NAMED = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'] as const;
const LISTS = ['anyOf', 'oneOf', 'allOf', 'prefixItems', 'items'] as const;
const SINGLE = [
  ...['items', 'additionalItems', 'additionalProperties', 'unevaluatedItems', 'unevaluatedProperties'],
  ...['contains', 'propertyNames', 'not', 'if', 'then', 'else'],
] as const;

/**
 * The schema with `change` applied to each schema within it and then to itself; the same object if nothing changes.
 * @param change returns the same object if it changes nothing.
 */
export function mapSchemas(schema: JsonObject, change: (schema: JsonObject) => JsonObject): JsonObject {
  const mapped: JsonObject = {};
  const each = (value: JsonValue | undefined) => (isObject(value) ? mapSchemas(value, change) : value);
  for (const keyword of NAMED) {
    const named = asObject(schema[keyword]);
    if (named === undefined) continue;
    const entries = Object.entries(named);
    const next = entries.map(([name, value]): [string, JsonValue | undefined] => [name, each(value)]);
    if (next.some(([, value], at) => value !== entries[at]?.[1])) mapped[keyword] = Object.fromEntries(next);
  }
  for (const keyword of LISTS) {
    const list = asArray(schema[keyword]);
    const next = list?.map((value) => each(value) ?? value);
    if (next?.some((value, at) => value !== list?.[at])) mapped[keyword] = next;
  }
  for (const keyword of SINGLE) {
    const next = each(schema[keyword]);
    if (!Array.isArray(next) && next !== schema[keyword]) mapped[keyword] = next;
  }
  return change(Object.keys(mapped).length === 0 ? schema : { ...schema, ...mapped });
}
