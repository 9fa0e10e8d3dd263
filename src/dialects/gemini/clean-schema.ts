// JSON Schema → Gemini's Schema, for servers without `parametersJsonSchema`: what they refuse is resolved, expressed differently, or moved
// into descriptions. https://ai.google.dev/api/caching#Schema
import {
  asArray,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import { followReference } from '../../model/json/pointer.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { createSchemaGrowth, DEEPEST, type SchemaGrowth } from '../shared/schemas/schema-growth.ts';

interface CleanSchema {
  schema: JsonObject;
  /** Keywords that had no exact form, sorted. */
  approximated: string[];
}

/** @param growth references beyond this limit are cut. */
export function cleanSchema(schema: JsonObject, growth: SchemaGrowth = createSchemaGrowth()): CleanSchema {
  const approximated = new Set<string>();
  const cleaned = clean(schema, {
    root: schema,
    open: new Set(),
    depth: 0,
    growth,
    note: (keyword) => approximated.add(keyword),
  });
  return { schema: cleaned, approximated: [...approximated].sort() };
}

/** The same, with deviations reported under `feature`. */
export function reportedSchema(
  given: JsonObject,
  feature: string,
  losses: LossReport,
  growth?: SchemaGrowth,
): JsonObject {
  const { schema, approximated } = cleanSchema(given, growth);
  if (approximated.length > 0)
    losses.approximated(feature, `schema keywords expressed differently: ${approximated.join(', ')}`);
  return schema;
}

interface Scope {
  root: JsonObject;
  /** References being resolved, outermost first: one that is in here already is recursive. */
  open: ReadonlySet<string>;
  /** In how many schemas this one is nested. */
  depth: number;
  growth: SchemaGrowth;
  note(keyword: string): void;
}

/** Keywords with the same form in both. */
const SAME = ['title', 'pattern', 'default', 'minimum', 'maximum', 'nullable', 'propertyOrdering'];
const COUNTS = ['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties'];
/** Formats that do not make the request fail. */
const FORMATS: Record<string, readonly string[]> = {
  STRING: ['date-time', 'enum'],
  NUMBER: ['float', 'double'],
  INTEGER: ['int32', 'int64'],
};
/** Keywords that do not constrain values. */
const SILENT = new Set(['$schema', '$id', '$anchor', '$comment', '$defs', 'definitions', 'deprecated']);
const READ = new Set([
  ...SAME,
  ...COUNTS,
  ...['type', 'description', 'format', 'enum', 'const', 'example', 'examples', 'items', 'prefixItems'],
  ...['properties', 'required', 'additionalProperties', 'anyOf', 'oneOf', 'allOf', '$ref'],
  ...['exclusiveMinimum', 'exclusiveMaximum'],
]);

function clean(given: JsonObject, outer: Scope): JsonObject {
  const { fields, scope: own, isRecursive } = resolve(given, outer);
  const scope = { ...own, depth: outer.depth + 1 };
  if (isRecursive || scope.depth > DEEPEST) {
    scope.note('$ref');
    return described({ type: 'OBJECT' }, fields, ['of the same shape again']);
  }
  const source = mergeAllOf(fields, scope);
  const notes: string[] = [];
  const schema: JsonObject = {};
  const { type, nullable, others } = typesOf(source);
  if (type !== undefined) schema.type = type;
  for (const name of [...SAME, ...COUNTS]) if (source[name] !== undefined) schema[name] = source[name];
  if (nullable) schema.nullable = true;
  readFormat(source, schema, notes, scope);
  readBounds(source, schema, notes, scope);
  readEnum(source, schema, notes, scope);
  const example = source.example ?? asArray(source.examples)?.[0];
  if (example !== undefined) schema.example = example;
  if (schema.type === 'ARRAY') readItems(source, schema, scope);
  readObject(source, schema, notes, scope);
  for (const keyword of Object.keys(source)) {
    if (!READ.has(keyword) && !SILENT.has(keyword)) scope.note(keyword);
  }
  const variants = [...others, ...(asArray(source.anyOf) ?? []), ...(asArray(source.oneOf) ?? [])];
  return described(withVariants(schema, variants, scope), source, notes);
}

/**
 * The schema at the end of a chain of references, merged with what stands beside them.
 * @returns `isRecursive` also if it would be too long or too deep.
 */
function resolve(
  given: JsonObject,
  outer: Scope,
): { fields: JsonObject; scope: Scope; isRecursive: boolean } {
  let fields = given;
  let scope = outer;
  for (;;) {
    const reference = asString(fields.$ref);
    if (reference === undefined) return { fields, scope, isRecursive: false };
    const { $ref: _, ...beside } = fields;
    const isEndless = scope.open.has(reference) || scope.open.size >= DEEPEST;
    const target = followReference(reference, scope.root);
    if (isEndless || (target !== undefined && !scope.growth.allows(target, 1)))
      return { fields: beside, scope, isRecursive: true };
    if (target === undefined) scope.note('$ref');
    fields = { ...target, ...beside };
    scope = { ...scope, open: new Set([...scope.open, reference]) };
  }
}

/** Merges all of them into one schema; in a conflict the later one wins. */
function mergeAllOf(fields: JsonObject, scope: Scope): JsonObject {
  const all = asArray(fields.allOf)?.filter(isObject) ?? [];
  if (all.length === 0) return fields;
  if (all.length > 1) scope.note('allOf');
  const { allOf: _, ...own } = fields;
  const merged = new Map<string, JsonValue | undefined>();
  const properties = new Map<string, JsonValue | undefined>();
  const required = new Set<JsonValue>();
  for (const part of [...all, own]) {
    const resolved = resolve(part, scope);
    if (resolved.isRecursive) scope.note('$ref');
    const next = mergeAllOf(resolved.fields, resolved.scope);
    for (const [keyword, value] of Object.entries(next)) merged.set(keyword, value);
    for (const [name, value] of Object.entries(asObject(next.properties) ?? {})) properties.set(name, value);
    for (const name of asArray(next.required) ?? []) required.add(name);
  }
  if (properties.size > 0) merged.set('properties', Object.fromEntries(properties));
  if (required.size > 0) merged.set('required', [...required]);
  return Object.fromEntries(merged);
}

/** A single type becomes `type`; of several, each becomes a variant. */
function typesOf(source: JsonObject): { type?: string; nullable: boolean; others: JsonObject[] } {
  const all = (Array.isArray(source.type) ? source.type : [source.type]).filter(
    (type): type is string => typeof type === 'string',
  );
  const nullable = all.includes('null');
  const types = all.filter((type) => type !== 'null');
  if (types.length > 1) return { nullable, others: types.map((type) => ({ type })) };
  const type = types[0] ?? impliedType(source);
  return type === undefined ? { nullable, others: [] } : { type: type.toUpperCase(), nullable, others: [] };
}

function impliedType(source: JsonObject): string | undefined {
  if (source.properties !== undefined) return 'object';
  if (source.items !== undefined || source.prefixItems !== undefined) return 'array';
  const values = source.const === undefined ? (asArray(source.enum) ?? []) : [source.const];
  const kinds = new Set(values.filter((value) => value !== null).map((value) => typeof value));
  if (kinds.size !== 1) return undefined;
  const [kind] = kinds;
  return kind === 'object' || kind === 'undefined' ? undefined : kind;
}

function readFormat(source: JsonObject, schema: JsonObject, notes: string[], scope: Scope): void {
  const format = asString(source.format);
  if (format === undefined) return;
  if (FORMATS[String(schema.type)]?.includes(format) === true) schema.format = format;
  else {
    scope.note('format');
    notes.push(`format: ${format}`);
  }
}

function readBounds(source: JsonObject, schema: JsonObject, notes: string[], scope: Scope): void {
  const bounds = [
    ['exclusiveMinimum', 'minimum', 1, 'greater than'],
    ['exclusiveMaximum', 'maximum', -1, 'less than'],
  ] as const;
  for (const [keyword, bound, step, words] of bounds) {
    const limit = source[keyword];
    if (typeof limit !== 'number') continue;
    if (schema.type === 'INTEGER' && Number.isInteger(limit)) schema[bound] = limit + step;
    else {
      scope.note(keyword);
      notes.push(`${words} ${limit}`);
    }
  }
}

/** Only text can be enumerated. */
function readEnum(source: JsonObject, schema: JsonObject, notes: string[], scope: Scope): void {
  const values = source.const === undefined ? asArray(source.enum) : [source.const];
  if (values === undefined) return;
  const some = values.filter((value) => value !== null);
  if (some.length < values.length) schema.nullable = true;
  if (some.length === 0) return;
  if (some.every((value) => typeof value === 'string' && value !== '') && schema.type === 'STRING') {
    schema.enum = some;
    return;
  }
  scope.note(source.const === undefined ? 'enum' : 'const');
  notes.push(`one of: ${some.map((value) => JSON.stringify(value)).join(', ')}`);
}

/** Arrays must state what they contain. */
function readItems(source: JsonObject, schema: JsonObject, scope: Scope): void {
  const places = asArray(source.prefixItems) ?? asArray(source.items);
  if (places !== undefined) {
    scope.note('prefixItems');
    schema.items = typed(withVariants({}, places, scope), scope);
  } else if (isObject(source.items)) schema.items = typed(clean(source.items, scope), scope);
  else {
    scope.note('items');
    schema.items = { type: 'STRING' };
  }
}

/** Each value must state its type ("schema didn't specify the schema type field"), so one of any type becomes text. */
function typed(schema: JsonObject, scope: Scope): JsonObject {
  if (schema.type !== undefined || schema.anyOf !== undefined) return schema;
  scope.note('type');
  return { ...schema, type: 'STRING' };
}

function readObject(source: JsonObject, schema: JsonObject, notes: string[], scope: Scope): void {
  const properties: JsonObject = Object.fromEntries(
    Object.entries(asObject(source.properties) ?? {}).map(([name, property]) => [
      name,
      typed(isObject(property) ? clean(property, scope) : {}, scope),
    ]),
  );
  const names = Object.keys(properties);
  if (names.length > 0) schema.properties = properties;
  const required = (asArray(source.required) ?? []).filter(
    (name) => typeof name === 'string' && Object.hasOwn(properties, name),
  );
  if (required.length > 0) schema.required = required;
  const rest = source.additionalProperties;
  // `false` only forbids extra properties, which models do not add anyway.
  if (isObject(rest) && Object.keys(rest).length > 0) {
    scope.note('additionalProperties');
    const type = asString(rest.type);
    notes.push(
      type === undefined ? 'any further keys' : `any further keys, each with a value of type ${type}`,
    );
  }
}

function withVariants(schema: JsonObject, given: readonly JsonValue[], scope: Scope): JsonObject {
  const variants = given.filter(isObject);
  if (variants.length === 0) return schema;
  const kept = variants.filter((variant) => variant.type !== 'null');
  if (kept.length < variants.length) schema.nullable = true;
  const cleaned = kept.map((variant) => clean(variant, scope));
  // Variants that only list required properties have no form here.
  if (schema.type !== undefined || cleaned.some((variant) => variant.type === undefined && !variant.anyOf)) {
    scope.note('anyOf');
    return schema;
  }
  const [only] = cleaned;
  if (cleaned.length === 1 && only !== undefined) return { ...only, ...schema };
  return cleaned.length === 0 ? schema : { ...schema, anyOf: cleaned };
}

function described(schema: JsonObject, source: JsonObject, notes: readonly string[]): JsonObject {
  const own = asString(source.description) ?? asString(schema.description);
  const text = [
    ...(own === undefined ? [] : [own]),
    ...(notes.length === 0 ? [] : [`(${notes.join('; ')})`]),
  ];
  return text.length === 0 ? schema : { ...schema, description: text.join(' ') };
}
