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
  const choices: PropertyChoices = new Map();
  const required = gather(schema, { root: schema, choices, followed: new Map() });
  const kept = Object.entries(schema).filter(([name]) => !CONDITIONS.has(name));
  return {
    ...Object.fromEntries(kept),
    type: 'object',
    properties: Object.fromEntries([...choices].map(([name, each]) => [name, either(each)])),
    ...(required.size > 0 && { required: [...required] }),
  };
}

interface Gathered {
  /** Where references lead. */
  root: JsonObject;
  choices: PropertyChoices;
  /** What is demanded behind each reference. Each is followed once: a few that lead to each other twice have thousands of ways. */
  followed: Map<string, ReadonlySet<string>>;
}

const NOTHING: ReadonlySet<string> = new Set();

/** Adds the fields of a schema and of all that it leads to. @returns the names that it demands. */
function gather(schema: JsonObject, gathered: Gathered): ReadonlySet<string> {
  addProperties(gathered.choices, schema);
  const required = new Set(textsOf(schema.required));
  for (const choice of CHOICES) {
    const demanded = (asArray(schema[choice]) ?? []).map((branch) => gatherBranch(branch, gathered));
    for (const name of requiredBy(demanded, choice === 'allOf')) required.add(name);
  }
  return required;
}

function gatherBranch(branch: JsonValue, gathered: Gathered): ReadonlySet<string> {
  const { root, followed } = gathered;
  const schema = asObject(branch) ?? {};
  const reference = asString(schema.$ref);
  if (reference === undefined) return gather(schema, gathered);
  const known = followed.get(reference);
  if (known !== undefined) return known;
  // What leads in a circle demands nothing.
  followed.set(reference, NOTHING);
  const demanded = gather(followReference(reference, root) ?? {}, gathered);
  followed.set(reference, demanded);
  return demanded;
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
function requiredBy(branches: readonly ReadonlySet<string>[], all: boolean): string[] {
  if (all) return branches.flatMap((names) => [...names]);
  const [first = NOTHING, ...others] = branches;
  return [...first].filter((name) => others.every((names) => names.has(name)));
}

function textsOf(value: JsonValue | undefined): string[] {
  return (asArray(value) ?? []).filter((each) => typeof each === 'string');
}
