// JSON Schemas in the subset that Moonshot's servers accept ("not a valid moonshot flavored json schema"). A single tool outside of it
// causes every request to be refused. https://github.com/MoonshotAI/walle/blob/main/docs/mfjs-spec.md, and what the server checks beyond
// that: https://github.com/MoonshotAI/kimi-cli/issues/2061 (references), https://github.com/MoonshotAI/kimi-cli/pull/2030 (types of enums)
import { asArray, asObject, isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { currentDraft } from '../shared/schemas/current-draft.ts';
import { inlineReferences, RecursiveDefinitions } from '../shared/schemas/inline-references.ts';
import { mapSchemas } from '../shared/schemas/map-schema.ts';
import { isEmpty } from '../shared/own-fields.ts';
import type { ReportedGrowth } from '../shared/schemas/schema-growth.ts';

/** Keywords that may stand beside a choice or several types; definitions are accepted only at the top. */
const ANNOTATIONS = new Set(['description', 'title', 'default', '$defs']);

/** Keywords that constrain values of these types only. */
const CONSTRAINTS: readonly (readonly [types: readonly JsonValue[], keywords: readonly string[]])[] = [
  [['string'], ['minLength', 'maxLength', 'pattern', 'format']],
  [
    ['number', 'integer'],
    ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ],
  [['array'], ['items', 'prefixItems', 'contains', 'minItems', 'maxItems', 'uniqueItems']],
  [
    ['object'],
    [
      ...['properties', 'required', 'additionalProperties', 'patternProperties', 'propertyNames'],
      ...['minProperties', 'maxProperties'],
    ],
  ],
];
const TYPES_OF = new Map(
  CONSTRAINTS.flatMap(([types, keywords]) => keywords.map((keyword) => [keyword, types] as const)),
);

export function mfjsSchema(schema: JsonObject, growth: ReportedGrowth): JsonObject {
  const inlined = currentDraft(inlineReferences(schema, growth, new RecursiveDefinitions()));
  const rewritten = mapSchemas(inlined, (each) => accepted(each, growth));
  return mapSchemas(rewritten, (each) => explicit(each, growth));
}

function accepted(given: JsonObject, growth: ReportedGrowth): JsonObject {
  if (given.$ref !== undefined) return given;
  const schema = withSchemasForTrue(withRequiredDefined(given));
  const typed = withTypedEnum(schema);
  return pushedIntoChoices(Array.isArray(typed.type) ? asChoice(typed, typed.type, growth) : typed, growth);
}

/** "property schema for 'a' must be an object" */
function withSchemasForTrue(schema: JsonObject): JsonObject {
  const properties = asObject(schema.properties);
  if (properties === undefined || Object.values(properties).every(isObject)) return schema;
  const whole = Object.entries(properties).map(([name, value]) => [name, isObject(value) ? value : {}]);
  return { ...schema, properties: Object.fromEntries(whole) };
}

/** "required property 'a' is not defined in properties". If there are no properties, another branch or level defines it. */
function withRequiredDefined(schema: JsonObject): JsonObject {
  const required = asArray(schema.required);
  const properties = asObject(schema.properties);
  if (required === undefined || properties === undefined) return schema;
  const known = required.filter((name) => typeof name === 'string' && Object.hasOwn(properties, name));
  return known.length === required.length ? schema : { ...schema, required: known };
}

/** "At path 'properties.a': type is not defined" */
function withTypedEnum(schema: JsonObject): JsonObject {
  const values = asArray(schema.enum);
  if (values === undefined) return schema;
  if (values.length === 0) {
    const { enum: _, ...rest } = schema;
    return rest;
  }
  if (schema.type !== undefined && !values.includes(null)) return schema;
  const types = [...new Set(values.map(typeOf))];
  return { ...schema, type: types.length === 1 ? (types[0] ?? 'string') : types };
}

/** Matches any value, since an empty schema is refused. */
const ANY: JsonObject = {
  anyOf: [
    ...['string', 'number', 'boolean', 'array'].map((type) => ({ type })),
    { type: 'object', required: [] },
  ],
};

/**
 * "At path 'properties.a': type is not defined" (https://github.com/duolahypercho/codex-router/issues/726), and "required must be an
 * array", for objects without any (https://github.com/NousResearch/hermes-agent/issues/66835).
 */
function explicit(schema: JsonObject, growth: ReportedGrowth): JsonObject {
  if (schema.anyOf !== undefined || schema.$ref !== undefined) return schema;
  let type = schema.type ?? impliedType(schema);
  if (type === undefined) {
    if (growth.allows(ANY, 1)) return { ...schema, ...ANY };
    growth.cut();
    type = 'string';
  }
  const lacksRequired = type === 'object' && schema.required === undefined;
  if (schema.type !== undefined && !lacksRequired) return schema;
  return { ...schema, type, ...(lacksRequired && { required: [] }) };
}

function impliedType({ const: only, allOf, ...schema }: JsonObject): JsonValue | undefined {
  if (only !== undefined) return typeOf(only);
  const keyword = Object.keys(schema).find((name) => TYPES_OF.has(name));
  if (keyword !== undefined) return TYPES_OF.get(keyword)?.[0];
  return asArray(allOf)?.flatMap((part) => asObject(part)?.type ?? [])[0];
}

function typeOf(value: JsonValue): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** "keyword minLength is not allowed in combination with multiple types": each type becomes a choice, with what applies to it. */
function asChoice(schema: JsonObject, types: readonly JsonValue[], growth: ReportedGrowth): JsonObject {
  const [only] = types;
  if (types.length === 1 && only !== undefined) return { ...schema, type: only };
  const { type: _, ...untyped } = schema;
  // A choice beside the types says more than the types do.
  if (untyped.anyOf !== undefined || untyped.oneOf !== undefined) return untyped;
  const { enum: values, ...rest } = untyped;
  const { annotations, others } = divided(rest);
  const common = Object.fromEntries(Object.entries(others).filter(([name]) => !TYPES_OF.has(name)));
  const repeats = isEmpty(common) || growth.allows(common, types.length - 1);
  if (!repeats) growth.cut();
  const branches = types.map((type): JsonObject => {
    if (type === 'null') return { type };
    const applying = Object.entries(others).filter(([name]) => TYPES_OF.get(name)?.includes(type) ?? repeats);
    const own = asArray(values)?.filter((value) => matches(value, type));
    return {
      type,
      ...Object.fromEntries(applying),
      ...(own !== undefined && own.length > 0 && { enum: own }),
    };
  });
  return { ...annotations, anyOf: branches };
}

function divided(schema: JsonObject): { annotations: JsonObject; others: JsonObject } {
  const entries = Object.entries(schema);
  return {
    annotations: Object.fromEntries(entries.filter(([name]) => ANNOTATIONS.has(name))),
    others: Object.fromEntries(entries.filter(([name]) => !ANNOTATIONS.has(name))),
  };
}

function matches(value: JsonValue, type: JsonValue): boolean {
  return typeOf(value) === type || (type === 'integer' && Number.isInteger(value));
}

/** "when using anyOf, type should be defined in anyOf items instead of the parent schema", and so should everything else they share. */
function pushedIntoChoices(schema: JsonObject, growth: ReportedGrowth): JsonObject {
  const { oneOf, ...others } = schema;
  // The server does not read `oneOf`, so it becomes `anyOf`.
  const whole =
    asArray(oneOf) !== undefined && others.anyOf === undefined ? { ...others, anyOf: oneOf } : others;
  const choices = asArray(whole.anyOf)?.filter(isObject);
  if (choices === undefined) return schema;
  const { anyOf: _, ...rest } = whole;
  if (choices.length === 0) return rest;
  const { annotations, others: shared } = divided(rest);
  if (!isEmpty(shared) && !growth.allows(shared, choices.length - 1)) {
    growth.cut();
    return rest;
  }
  return { ...annotations, anyOf: choices.map((choice) => merged(shared, choice, growth)) };
}

function merged(shared: JsonObject, choice: JsonObject, growth: ReportedGrowth): JsonObject {
  if (choice.$ref !== undefined) {
    // "when using $ref, type should be defined in the referenced schema instead of the parent schema"
    if (Object.keys(shared).some((name) => name !== 'type')) growth.cut();
    return choice;
  }
  // A choice among choices has no type of its own.
  if (Array.isArray(choice.anyOf)) return pushedIntoChoices({ ...shared, ...choice }, growth);
  // Its type differs from the parent's, so what the parent says does not apply.
  if (choice.type !== undefined && shared.type !== undefined && choice.type !== shared.type) return choice;
  const properties = { ...asObject(shared.properties), ...asObject(choice.properties) };
  const required = [...(asArray(shared.required) ?? []), ...(asArray(choice.required) ?? [])];
  return withRequiredDefined({
    ...shared,
    ...choice,
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required: [...new Set(required)] }),
  });
}
