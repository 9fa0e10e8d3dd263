// Schemas of arguments for servers that take one object there, and no choice among several (`anyOf`, `oneOf`,
// `allOf`) at the top: tools of MCP servers often have one.
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import { followReference } from '../../model/json/pointer.ts';
import { isEmpty } from './own-fields.ts';
import type { LossReport } from './loss-report.ts';

const CHOICES = ['anyOf', 'oneOf', 'allOf'] as const;
/** Refused at the top as well; nothing can stand in for them. */
const CONDITIONS: ReadonlySet<string> = new Set([...CHOICES, 'not', 'enum', 'if', 'then', 'else']);

/**
 * Arguments are an object even where the schema does not say so, or says that there may be none: OpenAI, Anthropic,
 * Google and Ollama refuse a schema of any other type.
 */
export function typedSchema(schema: JsonObject): JsonObject {
  const whole = outermost(schema);
  const { type } = whole;
  if (type === undefined) return { type: 'object', ...whole };
  return asArray(type)?.includes('object') === true ? { ...whole, type: 'object' } : whole;
}

/** Generators may name the outermost schema too, and refer to it: it is said where the servers look for it. */
export function outermost(schema: JsonObject): JsonObject {
  const { $ref, ...beside } = schema;
  const reference = asString($ref);
  const named = reference === undefined ? {} : (followReference(reference, schema) ?? {});
  return isEmpty(named) || named.$ref !== undefined ? schema : { ...named, ...beside };
}

/** The schema as one object, reported where it was none; the same schema where it was. */
export function objectSchema(schema: JsonObject, losses?: LossReport): JsonObject {
  if (!Object.keys(schema).some((name) => CONDITIONS.has(name))) return schema;
  losses?.approximated('tools.parameters', 'one object with the fields of all alternatives');
  return merged(schema, { root: schema, followed: new Map() });
}

/** Where references lead. Each is followed once: in a few lines thousands may lead to the same schema. */
interface References {
  root: JsonObject;
  followed: Map<string, JsonObject>;
}

function merged(schema: JsonObject, references: References): JsonObject {
  const choices: PropertyChoices = new Map();
  const required = new Set(textsOf(schema.required));
  addProperties(choices, schema);
  for (const choice of CHOICES) {
    const branches = (asArray(schema[choice]) ?? []).map((branch) => branchOf(branch, references));
    for (const branch of branches) addProperties(choices, branch);
    for (const name of requiredBy(branches, choice === 'allOf')) required.add(name);
  }
  const kept = Object.entries(schema).filter(([name]) => !CONDITIONS.has(name));
  return {
    ...Object.fromEntries(kept),
    type: 'object',
    properties: Object.fromEntries([...choices].map(([name, each]) => [name, either(each)])),
    ...(required.size > 0 && { required: [...required] }),
  };
}

function branchOf(branch: JsonValue, references: References): JsonObject {
  const { root, followed } = references;
  const schema = asObject(branch) ?? {};
  const reference = asString(schema.$ref);
  if (reference === undefined) return merged(schema, references);
  const known = followed.get(reference);
  if (known !== undefined) return known;
  // What leads in a circle adds nothing.
  followed.set(reference, {});
  const whole = merged(followReference(reference, root) ?? {}, references);
  followed.set(reference, whole);
  return whole;
}

/** By the name of a field, what the branches say of it, by its JSON: there may be thousands of branches. */
type PropertyChoices = Map<string, Map<string, JsonValue>>;

function addProperties(choices: PropertyChoices, schema: JsonObject): void {
  for (const [name, value] of Object.entries(asObject(schema.properties) ?? {})) {
    if (value === undefined) continue;
    const spelled = JSON.stringify(value);
    const known = choices.get(name);
    if (known === undefined) choices.set(name, new Map([[spelled, value]]));
    else if (!known.has(spelled))
      choices.set(name, (known.size === 1 ? unfolded(known) : known).set(spelled, value));
  }
}

/** A choice that stands alone, as its members. */
function unfolded(known: Map<string, JsonValue>): Map<string, JsonValue> {
  const [only] = known.values();
  const { anyOf, ...rest } = asObject(only) ?? {};
  if (!Array.isArray(anyOf) || Object.keys(rest).length > 0) return known;
  return new Map(anyOf.map((choice) => [JSON.stringify(choice), choice]));
}

/** A field that two branches describe differently may be either. */
function either(choices: ReadonlyMap<string, JsonValue>): JsonValue {
  const [first = {}, ...others] = choices.values();
  return others.length === 0 ? first : { anyOf: [first, ...others] };
}

/** What every branch demands; with `allOf`, what any does. */
function requiredBy(branches: readonly JsonObject[], all: boolean): string[] {
  const lists = branches.map(({ required }) => textsOf(required));
  const [first = [], ...others] = lists;
  if (all) return lists.flat();
  const demanded = others.map((list) => new Set(list));
  return first.filter((name) => demanded.every((names) => names.has(name)));
}

function textsOf(value: JsonValue | undefined): string[] {
  return (asArray(value) ?? []).filter((each) => typeof each === 'string');
}
