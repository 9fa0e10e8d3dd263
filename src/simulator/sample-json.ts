// A value that satisfies a JSON Schema: what the simulator puts into tool arguments and structured output.
// Covers what tools and output formats use; `pattern` only where a plain candidate happens to match, `not` and `if`
// are ignored. Schemas come from clients: a few words can ask for any number of values, hence the limit.
import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../model/json/json.ts';
import { followReference } from '../model/json/pointer.ts';
import { createSearch } from '../transformers/pattern/search.ts';

// Recursive schemas (trees) stop growing at this depth: optional content is left out, and the null or leaf branch is taken.
const DEEPEST = 5;
/** The most characters in a whole sample, and of the schema read to build it. */
const MOST_CHARACTERS = 1_000_000;
/** Charged for each value in addition to its characters. */
const VALUE_CHARACTERS = 1_000;
const PATTERN_CHARACTERS = 20_000;

/** If the sample grows too large, the rest of it is null and no longer satisfies the schema. */
export function sampleJson(schema: JsonObject): JsonValue {
  return sample(schema, { root: schema, name: 'value', depth: 0, room: { left: MOST_CHARACTERS } });
}

interface Place {
  root: JsonObject;
  /** The name of the property that the value is for; sample strings show it. */
  name: string;
  depth: number;
  /** Characters left for the whole sample. */
  room: { left: number };
}

function sample(schema: JsonObject, place: Place): JsonValue {
  if (place.depth > 4 * DEEPEST || place.room.left <= 0) return null;
  place.room.left -= VALUE_CHARACTERS + sizeOf(schema);
  const reference = asString(schema.$ref);
  if (reference !== undefined) return sample(followReference(reference, place.root) ?? {}, deeper(place));
  const given = [schema.const, asArray(schema.enum)?.[0], schema.default, asArray(schema.examples)?.[0]];
  const value = given.find((one) => one !== undefined);
  if (value !== undefined) {
    place.room.left -= JSON.stringify(value).length;
    return value;
  }
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
      return sampleString(schema, place);
  }
}

/** The size of the schema itself, without nested schemas. */
function sizeOf(schema: JsonObject): number {
  let size = 0;
  for (const value of Object.values(schema)) {
    if (typeof value === 'string' || Array.isArray(value)) size += value.length;
    else if (isObject(value)) size += Object.keys(value).length;
  }
  return size;
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

/** Fills all required properties; if none is required, the first one, so that the value is not empty. */
function sampleObject(schema: JsonObject, place: Place): JsonObject {
  const properties = asObject(schema.properties) ?? {};
  const required = (asArray(schema.required) ?? []).filter((key) => typeof key === 'string');
  const [first] = Object.keys(properties);
  const keys = required.length > 0 || first === undefined || place.depth > DEEPEST ? required : [first];
  const value: JsonObject = {};
  for (const key of keys) {
    place.room.left -= key.length;
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
  const length = Math.min(wanted, most, Math.max(0, Math.ceil(place.room.left / VALUE_CHARACTERS)));
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

function sampleString(schema: JsonObject, { name, room }: Place): string {
  const format = FORMATS[asString(schema.format) ?? ''];
  if (format !== undefined) return format;
  const least = Math.min(asNumber(schema.minLength) ?? 0, Math.max(0, room.left));
  const most = asNumber(schema.maxLength) ?? Number.POSITIVE_INFINITY;
  const fit = (text: string) => text.padEnd(least, '.').slice(0, most);
  const plain = fit(`sample ${name}`);
  room.left -= plain.length;
  const pattern = asString(schema.pattern);
  if (pattern === undefined || pattern.length > 200 || plain.length > LONGEST_SEARCHED) return plain;
  if (room.left < MOST_CHARACTERS / 2) return plain;
  room.left -= PATTERN_CHARACTERS;
  const matches = searchFor(pattern);
  if (matches === undefined) return plain;
  return [plain, ...['sample', name, 'A', 'a', '1', '2025-06-15'].map(fit)].find(matches) ?? plain;
}

// Without a `minLength`, no candidate is longer than this.
const LONGEST_SEARCHED = 100;

/** Whether a text matches the pattern; undefined where that cannot be found out in time proportional to its length. */
function searchFor(pattern: string): ((text: string) => boolean) | undefined {
  try {
    return createSearch(new RegExp(pattern, 'u'));
  } catch {
    return undefined;
  }
}

/** The first alternative that is not null or, at the deepest level, one that ends the recursion, if any. */
function choose(alternatives: JsonObject[], place: Place): JsonObject | undefined {
  const isLeaf = (schema: JsonObject) =>
    schema.$ref === undefined && typeOf(schema) !== 'object' && typeOf(schema) !== 'array';
  const isNull = (schema: JsonObject) => typeOf(schema) === 'null';
  const leaf = alternatives.find(isNull) ?? alternatives.find(isLeaf);
  if (place.depth > DEEPEST && leaf !== undefined) return leaf;
  return alternatives.find((schema) => !isNull(schema)) ?? alternatives[0];
}

/** One schema that requires what all of them require. */
function merge(base: JsonObject, others: JsonObject[], root: JsonObject): JsonObject {
  const merged = { ...base };
  const properties = { ...asObject(base.properties) };
  const required = [...(asArray(base.required) ?? [])];
  const add = (source: JsonObject) => {
    Object.assign(merged, source);
    Object.assign(properties, asObject(source.properties));
    for (const key of asArray(source.required) ?? []) required.push(key);
  };
  // A long schema may be referenced many times, and is counted once.
  const seen = new Set<JsonObject>();
  for (const { $ref, ...other } of others) {
    const reference = asString($ref);
    const source = reference === undefined ? undefined : followReference(reference, root);
    if (source !== undefined && !seen.has(source)) add(source);
    if (source !== undefined) seen.add(source);
    add(other);
  }
  merged.$ref = undefined;
  merged.properties = Object.keys(properties).length === 0 ? undefined : properties;
  merged.required = required.length === 0 ? undefined : required;
  return merged;
}

function objects(value: JsonValue | undefined): JsonObject[] {
  return (asArray(value) ?? []).map((each) => asObject(each)).filter((each) => each !== undefined);
}

function deeper(place: Place): Place {
  return { ...place, depth: place.depth + 1 };
}
