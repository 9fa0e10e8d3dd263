// A small JSON Schema checker of the tests' own, written apart from the generator it judges.
import { asArray, asObject, isObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';

/** What in `value` breaks `schema`; empty when nothing does. */
export function violations(
  value: JsonValue | undefined,
  schema: JsonObject,
  root = schema,
  at = '$',
): string[] {
  const found: string[] = [];
  const demand = (holds: boolean, what: string) => {
    if (!holds) found.push(`${at}: ${what}`);
  };
  const within = (part: JsonObject) => violations(value, part, root, at);
  if (typeof schema.$ref === 'string') return within(follow(schema.$ref, root));
  if (schema.const !== undefined) demand(Bun.deepEquals(value, schema.const), 'const');
  const allowed = asArray(schema.enum);
  if (allowed !== undefined)
    demand(
      allowed.some((each) => Bun.deepEquals(each, value)),
      'enum',
    );
  const types = typeof schema.type === 'string' ? [schema.type] : (asArray(schema.type) ?? []);
  if (types.length > 0)
    demand(
      types.some((type) => hasType(value, type)),
      `type ${types.join('|')}`,
    );
  for (const part of objects(schema.allOf)) found.push(...within(part));
  for (const key of ['anyOf', 'oneOf']) {
    const parts = objects(schema[key]);
    if (parts.length > 0)
      demand(
        parts.some((part) => within(part).length === 0),
        key,
      );
  }
  if (typeof value === 'number') checkNumber(value, schema, demand);
  if (typeof value === 'string') checkString(value, schema, demand);
  if (Array.isArray(value)) {
    demand(value.length >= Number(schema.minItems ?? 0), 'minItems');
    demand(value.length <= Number(schema.maxItems ?? Number.POSITIVE_INFINITY), 'maxItems');
    const items = asObject(schema.items);
    for (const [index, each] of value.entries()) {
      if (items !== undefined) found.push(...violations(each, items, root, `${at}[${index}]`));
    }
  }
  if (isObject(value)) {
    for (const key of asArray(schema.required) ?? [])
      demand(value[String(key)] !== undefined, `required ${key}`);
    const properties = asObject(schema.properties) ?? {};
    for (const [key, each] of Object.entries(value)) {
      const part = asObject(properties[key]);
      if (part !== undefined) found.push(...violations(each, part, root, `${at}.${key}`));
      else demand(schema.additionalProperties !== false, `extra ${key}`);
    }
  }
  return found;
}

type Demand = (holds: boolean, what: string) => void;

function checkNumber(value: number, schema: JsonObject, demand: Demand): void {
  demand(value >= Number(schema.minimum ?? Number.NEGATIVE_INFINITY), 'minimum');
  demand(value <= Number(schema.maximum ?? Number.POSITIVE_INFINITY), 'maximum');
  demand(value > Number(schema.exclusiveMinimum ?? Number.NEGATIVE_INFINITY), 'exclusiveMinimum');
  demand(value < Number(schema.exclusiveMaximum ?? Number.POSITIVE_INFINITY), 'exclusiveMaximum');
  if (typeof schema.multipleOf === 'number') demand(value % schema.multipleOf === 0, 'multipleOf');
}

function checkString(value: string, schema: JsonObject, demand: Demand): void {
  demand(value.length >= Number(schema.minLength ?? 0), 'minLength');
  demand(value.length <= Number(schema.maxLength ?? Number.POSITIVE_INFINITY), 'maxLength');
  if (typeof schema.pattern === 'string') demand(new RegExp(schema.pattern, 'u').test(value), 'pattern');
}

function hasType(value: JsonValue | undefined, type: JsonValue): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'null':
      return value === null;
    default:
      return typeof value === type;
  }
}

function follow(reference: string, root: JsonObject): JsonObject {
  const target = reference
    .slice('#/'.length)
    .split('/')
    .reduce<JsonObject | undefined>((at, key) => asObject(at?.[key]), root);
  if (target === undefined) throw new Error(`${reference} points nowhere`);
  return target;
}

function objects(value: JsonValue | undefined): JsonObject[] {
  return (asArray(value) ?? []).filter(isObject);
}
