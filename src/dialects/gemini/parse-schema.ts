// Gemini's Schema (an OpenAPI subset with upper-case types) → JSON Schema.
// https://ai.google.dev/api/caching#Schema
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { camelFields, listOf } from './wire.ts';

/** Types by the numbers that clients of Google's RPC libraries send (recorded). */
const TYPE_NAMES = [undefined, 'string', 'number', 'integer', 'boolean', 'array', 'object', 'null'];

/** Bounds that are 64-bit numbers on the wire, and therefore sent as text. */
const COUNTS = ['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties'];

const SAME = ['title', 'description', 'format', 'pattern', 'default', 'minimum', 'maximum'];

export function parseSchema(wire: JsonObject): JsonObject {
  const fields = camelFields(wire);
  const schema: JsonObject = {};
  const type = typeName(fields.type);
  const nullable = fields.nullable === true;
  if (type !== undefined) schema.type = nullable ? [type, 'null'] : type;
  for (const name of SAME) if (fields[name] !== undefined) schema[name] = fields[name];
  // As a format, `enum` says nothing more.
  if (schema.format === 'enum') delete schema.format;
  for (const name of COUNTS) {
    const count = fields[name];
    if (count !== undefined) schema[name] = typeof count === 'string' ? Number(count) : count;
  }
  if (fields.example !== undefined) schema.examples = [fields.example];
  if (fields.enum !== undefined) schema.enum = enumOf(listOf(fields.enum), type, nullable);
  if (isObject(fields.items)) schema.items = parseSchema(fields.items);
  if (isObject(fields.properties)) {
    schema.properties = parseProperties(fields.properties, listOf(fields.propertyOrdering));
  }
  if (fields.required !== undefined) schema.required = listOf(fields.required);
  const variants = listOf(fields.anyOf).filter(isObject).map(parseSchema);
  if (variants.length > 0) {
    schema.anyOf = nullable && type === undefined ? [...variants, { type: 'null' }] : variants;
  }
  // Newer versions of the API have these two, in JSON Schema's own words.
  if (fields.additionalProperties !== undefined) {
    const { additionalProperties } = fields;
    schema.additionalProperties = isObject(additionalProperties)
      ? parseSchema(additionalProperties)
      : additionalProperties;
  }
  return schema;
}

/** Keywords that contain values, not schemas. */
const VALUES = new Set(['default', 'const', 'enum', 'example', 'examples']);
/** Keywords that contain schemas under names chosen by the client. */
const NAMED_SCHEMAS = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);

/** JSON Schema as clients send it: some (Gemini CLI) use the types of Google's own Schema in it, which only Google accepts. */
export function parseJsonSchema(schema: JsonObject): JsonObject {
  const parsed: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'type') parsed[name] = Array.isArray(value) ? value.map(lowerType) : lowerType(value);
    else parsed[name] = VALUES.has(name) ? value : parseWithin(name, value);
  }
  return parsed;
}

function parseWithin(name: string, value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return value.map((each) => (isObject(each) ? parseJsonSchema(each) : each));
  if (!isObject(value)) return value;
  if (!NAMED_SCHEMAS.has(name)) return parseJsonSchema(value);
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, each]) => [key, isObject(each) ? parseJsonSchema(each) : each]),
  );
}

function lowerType(type: JsonValue | undefined): JsonValue {
  const name = typeof type === 'string' ? type.toLowerCase() : undefined;
  return name !== undefined && TYPE_NAMES.includes(name) ? name : (type ?? null);
}

function typeName(type: JsonValue | undefined): string | undefined {
  if (typeof type === 'number') return TYPE_NAMES[type];
  if (typeof type !== 'string' || type === 'TYPE_UNSPECIFIED') return undefined;
  return type.toLowerCase();
}

/** On the wire values are text, whatever their type. */
function enumOf(values: JsonValue[], type: string | undefined, nullable: boolean): JsonValue[] {
  const isNumber = type === 'integer' || type === 'number';
  const typed = values.map((value) => (isNumber && typeof value === 'string' ? Number(value) : value));
  return nullable ? [...typed, null] : typed;
}

/** In the order that the client asked for. */
function parseProperties(properties: JsonObject, ordering: readonly JsonValue[]): JsonObject {
  const own = new Set(Object.keys(properties));
  const first = ordering.filter((name): name is string => typeof name === 'string' && own.has(name));
  const parsed = [...new Set([...first, ...own])].flatMap((name): [string, JsonObject][] => {
    const property = properties[name];
    return isObject(property) ? [[name, parseSchema(property)]] : [];
  });
  return Object.fromEntries(parsed);
}
