// Argument schemas for servers that accept one object and no choice (`anyOf`, `oneOf`, `allOf`) at the top level. Tools of MCP servers
// often have such choices.
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../../model/json/json.ts';
import { followReference } from '../../../model/json/pointer.ts';
import { isEmpty } from '../own-fields.ts';
import type { LossReport } from '../losses/loss-report.ts';

const CHOICES = ['anyOf', 'oneOf', 'allOf'] as const;
/** Keywords that are also refused at the top level; nothing can replace them. */
const CONDITIONS: ReadonlySet<string> = new Set([...CHOICES, 'not', 'enum', 'if', 'then', 'else']);

/**
 * Arguments are an object even if the schema does not say so, or allows null as well; OpenAI, Anthropic, Google and Ollama refuse a schema
 * of any other type.
 */
export function typedSchema(schema: JsonObject): JsonObject {
  const whole = outermost(schema);
  const { type } = whole;
  if (type === undefined) return { type: 'object', ...whole };
  return asArray(type)?.includes('object') === true ? { ...whole, type: 'object' } : whole;
}

/** Whether values of the schema may be objects. */
export function isOfObjects({ type, properties }: JsonObject): boolean {
  return type === 'object' || asArray(type)?.includes('object') === true || Boolean(properties);
}

/** The schema of a tool's arguments. Some servers require one even of a tool without arguments. */
export function argumentSchema(parameters: JsonObject | undefined): JsonObject {
  return parameters === undefined ? { type: 'object', properties: {} } : typedSchema(parameters);
}

/** Generators may put even the outermost schema behind a reference; it is moved to where servers look for it. */
export function outermost(schema: JsonObject): JsonObject {
  const { $ref, ...beside } = schema;
  const reference = asString($ref);
  const named = reference === undefined ? {} : (followReference(reference, schema) ?? {});
  return isEmpty(named) || named.$ref !== undefined ? schema : { ...named, ...beside };
}

/** The schema as a single object, reported if it was a choice; otherwise unchanged, except that it stands at the top. */
export function objectSchema(given: JsonObject, losses?: LossReport): JsonObject {
  const schema = outermost(given);
  if (!Object.keys(schema).some((name) => CONDITIONS.has(name))) return schema;
  losses?.approximated('tools.parameters', 'one object with the fields of all alternatives');
  const choices: PropertyChoices = new Map();
  const required = gather(schema, { root: schema, choices, followed: new Map(), written: 0, carried: 0 });
  const kept = Object.entries(schema).filter(([name]) => !CONDITIONS.has(name));
  return {
    ...Object.fromEntries(kept),
    type: 'object',
    properties: Object.fromEntries([...choices].map(([name, each]) => [name, either(each)])),
    ...(required.size > 0 && { required: [...required] }),
  };
}

interface Gathered {
  /** The schema that references point into. */
  root: JsonObject;
  choices: PropertyChoices;
  /** The names that each reference requires. Each is followed once: a few that refer to each other form thousands of paths. */
  followed: Map<string, ReadonlySet<string>>;
  /** How many names the lists of required fields hold in all. */
  written: number;
  /** How many names were copied from branches to the schemas that hold them. */
  carried: number;
}

/**
 * How many names may be copied, given how many were written; the rest is not required. Thousands of references may each lead to the same
 * thousands of names.
 */
const mostCarried = (written: number) => 10_000 + 10 * written;

const NOTHING: ReadonlySet<string> = new Set();

/** Adds the fields of a schema and of everything that it refers to. @returns the names that it requires. */
function gather(schema: JsonObject, gathered: Gathered): ReadonlySet<string> {
  addProperties(gathered.choices, schema);
  const own = textsOf(schema.required);
  const required = new Set(own);
  gathered.written += own.length;
  for (const choice of CHOICES) {
    const demanded = (asArray(schema[choice]) ?? []).map((branch) => gatherBranch(branch, gathered));
    for (const name of requiredBy(demanded, choice === 'allOf', gathered)) required.add(name);
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
  // A circular reference requires nothing.
  followed.set(reference, NOTHING);
  const demanded = gather(followReference(reference, root) ?? {}, gathered);
  followed.set(reference, demanded);
  return demanded;
}

/** Field name → JSON text of a schema → that schema. Keyed by JSON, since thousands of branches may give a field the same schema. */
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

/** If the only schema is itself a choice, its members take its place. */
function unfolded(known: Map<string, JsonValue>): Map<string, JsonValue> {
  const [only] = known.values();
  const { anyOf, ...rest } = asObject(only) ?? {};
  if (!Array.isArray(anyOf) || Object.keys(rest).length > 0) return known;
  return new Map(anyOf.map((choice) => [JSON.stringify(choice), choice]));
}

/** A field that branches describe differently may have any of these schemas. */
function either(choices: ReadonlyMap<string, JsonValue>): JsonValue {
  const [first = {}, ...others] = choices.values();
  return others.length === 0 ? first : { anyOf: [first, ...others] };
}

/** The names that every branch requires; for `allOf`, those that any branch does. */
function requiredBy(branches: readonly ReadonlySet<string>[], all: boolean, gathered: Gathered): string[] {
  const [first = NOTHING, ...others] = branches;
  for (const { size } of branches) gathered.carried += all ? size : first.size;
  if (gathered.carried > mostCarried(gathered.written)) return [];
  if (all) return branches.flatMap((names) => [...names]);
  return [...first].filter((name) => others.every((names) => names.has(name)));
}

function textsOf(value: JsonValue | undefined): string[] {
  return (asArray(value) ?? []).filter((each) => typeof each === 'string');
}
