// A value that satisfies a JSON Schema: what the simulator puts into tool arguments and structured output.
// Covers what tools and output formats use; `pattern` only where a plain candidate happens to match, `not`
// and `if` are ignored.
import {
  asArray,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
} from '../model/json/json.ts';

// Recursive schemas (trees) stop growing here: optional content is left out, the null or leaf branch is taken.
const DEEPEST = 5;

/** `name` is the property that the value is for; it shows in sample strings. */
export function sampleJson(schema: JsonObject, name = 'value'): JsonValue {
  return sample(schema, { root: schema, name, depth: 0 });
}

interface Place {
  root: JsonObject;
  name: string;
  depth: number;
}

function sample(schema: JsonObject, place: Place): JsonValue {
  if (place.depth > 4 * DEEPEST) return null;
  const reference = asString(schema.$ref);
  if (reference !== undefined) return sample(resolve(reference, place.root), deeper(place));
  if (schema.const !== undefined) return schema.const;
  const [firstAllowed] = asArray(schema.enum) ?? [];
  if (firstAllowed !== undefined) return firstAllowed;
  if (schema.default !== undefined) return schema.default;
  const [example] = asArray(schema.examples) ?? [];
  if (example !== undefined) return example;
  const allOf = objects(schema.allOf);
  if (allOf.length > 0)
    return sample(merge({ ...schema, allOf: undefined }, allOf, place.root), deeper(place));
  const alternatives = [...objects(schema.anyOf), ...objects(schema.oneOf)];
  const chosen = choose(alternatives, place);
  if (chosen !== undefined) {
    const rest = { ...schema, anyOf: undefined, oneOf: undefined };
    return sample(merge(rest, [chosen], place.root), deeper(place));
  }
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, place);
    case 'array':
      return sampleArray(schema, place);
    case 'integer':
    case 'number':
      return sampleNumber(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return sampleString(schema, place.name);
  }
}

function typeOf(schema: JsonObject): string {
  const types = asArray(schema.type);
  if (types !== undefined) return asString(types.find((type) => type !== 'null') ?? types[0]) ?? 'string';
  const type = asString(schema.type);
  if (type !== undefined) return type;
  if (schema.properties !== undefined || schema.required !== undefined) return 'object';
  if (schema.items !== undefined || schema.prefixItems !== undefined) return 'array';
  if (schema.minimum !== undefined || schema.maximum !== undefined) return 'number';
  return 'string';
}

/** All required properties; where none is, the first one, so that the value says something. */
function sampleObject(schema: JsonObject, place: Place): JsonObject {
  const properties = asObject(schema.properties) ?? {};
  const required = (asArray(schema.required) ?? []).filter((key) => typeof key === 'string');
  const [first] = Object.keys(properties);
  const keys = required.length > 0 || first === undefined || place.depth > DEEPEST ? required : [first];
  const value: JsonObject = {};
  for (const key of keys) {
    value[key] = sample(asObject(properties[key]) ?? {}, { ...deeper(place), name: key });
  }
  return value;
}

function sampleArray(schema: JsonObject, place: Place): JsonValue[] {
  const leading = objects(schema.prefixItems);
  const items = asObject(schema.items);
  const least = asNumber(schema.minItems) ?? 0;
  const most = asNumber(schema.maxItems) ?? Number.POSITIVE_INFINITY;
  const wanted = place.depth > DEEPEST ? least : Math.max(least, leading.length, items === undefined ? 0 : 1);
  const length = Math.min(wanted, most);
  return Array.from({ length }, (_, index) => sample(leading[index] ?? items ?? {}, deeper(place)));
}

function sampleNumber(schema: JsonObject): number {
  const step = asNumber(schema.multipleOf) ?? (typeOf(schema) === 'integer' ? 1 : undefined);
  const exclusiveLeast = asNumber(schema.exclusiveMinimum);
  const exclusiveMost = asNumber(schema.exclusiveMaximum);
  const least = asNumber(schema.minimum) ?? exclusiveLeast;
  const most = asNumber(schema.maximum) ?? exclusiveMost;
  const isInside = (value: number) =>
    (least === undefined || value >= least) &&
    (most === undefined || value <= most) &&
    value !== exclusiveLeast &&
    value !== exclusiveMost;
  const candidates = [1, 0];
  if (step !== undefined) {
    const lowest = Math.ceil((least ?? 0) / step) * step;
    candidates.unshift(lowest, lowest + step);
    if (isInside(1) && 1 % step === 0) candidates.unshift(1);
    if (most !== undefined)
      candidates.push(Math.floor(most / step) * step - step, Math.floor(most / step) * step);
    return candidates.find((value) => isInside(value) && value % step === 0) ?? lowest;
  }
  if (least !== undefined && most !== undefined) candidates.push((least + most) / 2);
  candidates.push((least ?? 0) + 1, (most ?? 0) - 1);
  return candidates.find(isInside) ?? least ?? most ?? 1;
}

const FORMATS: Record<string, string> = {
  date: '2025-06-15',
  time: '12:30:00Z',
  'date-time': '2025-06-15T12:30:00Z',
  duration: 'PT1H',
  email: 'sample@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/sample',
  url: 'https://example.com/sample',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function sampleString(schema: JsonObject, name: string): string {
  const format = FORMATS[asString(schema.format) ?? ''];
  if (format !== undefined) return format;
  const least = asNumber(schema.minLength) ?? 0;
  const most = asNumber(schema.maxLength) ?? Number.POSITIVE_INFINITY;
  const fit = (text: string) => text.padEnd(least, '.').slice(0, most);
  const candidates = [`sample ${name}`, 'sample', name, 'A', 'a', '1', '2025-06-15'].map(fit);
  const pattern = compile(asString(schema.pattern));
  return candidates.find((text) => pattern === undefined || pattern.test(text)) ?? fit(`sample ${name}`);
}

function compile(pattern: string | undefined): RegExp | undefined {
  // A pattern that long comes from no tool we know, and matching it could take for ever.
  if (pattern === undefined || pattern.length > 200) return undefined;
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return undefined;
  }
}

/** The first alternative that is not null; deep down, one that ends the recursion where there is one. */
function choose(alternatives: JsonObject[], place: Place): JsonObject | undefined {
  const isLeaf = (schema: JsonObject) =>
    schema.$ref === undefined && typeOf(schema) !== 'object' && typeOf(schema) !== 'array';
  const isNull = (schema: JsonObject) => typeOf(schema) === 'null';
  const leaf = alternatives.find(isNull) ?? alternatives.find(isLeaf);
  if (place.depth > DEEPEST && leaf !== undefined) return leaf;
  return alternatives.find((schema) => !isNull(schema)) ?? alternatives[0];
}

/** One schema that asks for what all of them ask for. */
function merge(base: JsonObject, others: JsonObject[], root: JsonObject): JsonObject {
  let merged = base;
  for (const other of others) {
    const reference = asString(other.$ref);
    const source =
      reference === undefined ? other : { ...resolve(reference, root), ...other, $ref: undefined };
    const required = [...(asArray(merged.required) ?? []), ...(asArray(source.required) ?? [])];
    merged = {
      ...merged,
      ...source,
      properties: { ...asObject(merged.properties), ...asObject(source.properties) },
      required,
    };
    if (Object.keys(asObject(merged.properties) ?? {}).length === 0) merged.properties = undefined;
    if (required.length === 0) merged.required = undefined;
  }
  return merged;
}

/** The schema behind `#/a/b`; an empty one where it points outside the document or nowhere. */
function resolve(reference: string, root: JsonObject): JsonObject {
  if (!reference.startsWith('#')) return {};
  let found: JsonValue | undefined = root;
  for (const step of reference.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    found = asObject(found)?.[key];
  }
  return asObject(found) ?? {};
}

function objects(value: JsonValue | undefined): JsonObject[] {
  return (asArray(value) ?? []).map((each) => asObject(each)).filter((each) => each !== undefined);
}

function deeper(place: Place): Place {
  return { ...place, depth: place.depth + 1 };
}
