// JSON Schemas as OpenAI accepts them, for arguments of functions and for structured answers.
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { FunctionTool } from '../../model/request.ts';
import { currentDraft } from '../shared/schemas/current-draft.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { mapSchemas } from '../shared/schemas/map-schema.ts';
import {
  argumentSchema,
  isOfObjects,
  objectSchema,
  outermost,
  typedSchema,
} from '../shared/schemas/object-schema.ts';

/**
 * A function's `parameters` and `strict`. If the server checks strict schemas, one that cannot be closed is sent as an ordinary one.
 * @param isOneObject whether the server accepts only an object, not a choice among several.
 */
export function functionFields(
  { parameters, strict }: FunctionTool,
  { checksStrict, isOneObject }: { checksStrict: boolean; isOneObject: boolean },
  losses: LossReport,
): { parameters: JsonObject; strict?: boolean } {
  if (parameters === undefined)
    return { parameters: emptySchema(strict), ...(strict !== undefined && { strict }) };
  const closed = checksStrict && strict === true ? strictSchema(parameters, losses) : parameters;
  const given = closed ?? parameters;
  return {
    parameters: functionSchema(typedSchema(isOneObject ? objectSchema(given, losses) : given)),
    ...(strict !== undefined && { strict: strict && closed !== undefined }),
  };
}

/** "object schema missing properties", "array schema missing items": what is left out may be anything, which is made explicit. */
function functionSchema(schema: JsonObject): JsonObject {
  const whole = wholeSchema(schema);
  const lacks = whole.type === 'object' && whole.properties === undefined;
  return lacks ? { ...whole, properties: {} } : whole;
}

/** An answer's schema; undefined where it is not an object: "schema must be a JSON Schema of 'type: \"object\"'". */
export function answerSchema(schema: JsonObject): JsonObject | undefined {
  const whole = wholeSchema(outermost(schema));
  if (whole.type === undefined && whole.properties !== undefined) return { type: 'object', ...whole };
  return whole.type === 'object' ? whole : undefined;
}

/**
 * The schema of a tool without parameters, which Moonshot, for one, requires (https://github.com/leookun/cursor-byok/issues/362). For a
 * strict tool it is closed, since OpenAI, Groq and Cerebras refuse it otherwise: https://console.groq.com/docs/structured-outputs,
 * https://github.com/elizaOS/eliza/pull/17060
 */
function emptySchema(isStrict: boolean | undefined): JsonObject {
  return { ...argumentSchema(undefined), ...(isStrict === true && { additionalProperties: false }) };
}

function wholeSchema(schema: JsonObject): JsonObject {
  return mapSchemas(currentDraft(schema), withItems);
}

function withItems(schema: JsonObject): JsonObject {
  const { type, items } = schema;
  const isList = type === 'array' || asArray(type)?.includes('array') === true;
  return isList && items === undefined ? { ...schema, items: {} } : schema;
}

const STRICT = 'tools.strict';

/** Why a tool is not strict. */
const NOT_KEPT = 'the provider enforces only closed schemas in which every field is required';

/** Keywords that OpenAI's constrained output does not support, though Anthropic's may. */
const NOT_STRICT = ['allOf', 'oneOf', 'not', 'if', 'then', 'else', 'patternProperties', 'prefixItems'];

/** Formats that it checks; it refuses others: "'uri' is not a valid format". https://github.com/cyanheads/git-mcp-server/issues/47 */
const FORMATS = new Set<JsonValue>([
  ...['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'],
]);

/**
 * Look-around, which OpenAI refuses in a `pattern`, though Pydantic's decimals have it.
 * https://github.com/pydantic/pydantic-ai/pull/5519,
 * https://github.com/existential-birds/daydream/issues/304
 */
const LOOKS_AROUND = /\(\?<?[=!]/;

/**
 * A strict tool's schema as OpenAI accepts it; undefined, and reported, if it cannot be strict there. Defaults are left out: Azure refuses
 * them, and they have no effect on required fields, which all fields are.
 * https://github.com/openai/openai-agents-python/issues/4390
 */
export function strictSchema(schema: JsonObject, losses: LossReport): JsonObject | undefined {
  const bare = mapSchemas(schema, bareSchema);
  if (!isStrictSchema(bare)) {
    losses.lost(STRICT, NOT_KEPT);
    return undefined;
  }
  if (bare !== schema)
    losses.approximated(
      STRICT,
      'defaults, as every field is required, unknown formats and patterns that look around are left out',
    );
  return bare;
}

function bareSchema(schema: JsonObject): JsonObject {
  const { default: given, format, pattern } = schema;
  const isKnown = format === undefined || FORMATS.has(format);
  const isPlain = !LOOKS_AROUND.test(asString(pattern) ?? '');
  if (given === undefined && isKnown && isPlain) return schema;
  const bare = { ...schema };
  delete bare.default;
  if (!isKnown) delete bare.format;
  if (!isPlain) delete bare.pattern;
  return bare;
}

/**
 * Each object must be closed, and all of its fields required. Anthropic allows optional fields, and references with descriptions.
 * https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
function isStrictSchema(schema: JsonObject): boolean {
  // Arguments are an object, even if the schema does not say so.
  let isStrict = schema.$ref !== undefined || isClosed({ ...schema, type: 'object' });
  mapSchemas(schema, (each) => {
    const isReference = each !== schema && each.$ref !== undefined;
    if (isReference && Object.keys(each).length > 1) isStrict = false;
    if (NOT_STRICT.some((keyword) => each[keyword] !== undefined) || !isClosed(each)) isStrict = false;
    return each;
  });
  return isStrict;
}

function isClosed(schema: JsonObject): boolean {
  if (!isOfObjects(schema)) return true;
  const { properties, required, additionalProperties } = schema;
  const all = new Set(asArray(required));
  return (
    additionalProperties === false && Object.keys(asObject(properties) ?? {}).every((name) => all.has(name))
  );
}

/** The keywords that all servers of OpenAI's models enforce; they refuse a strict schema with any other. */
const KEPT: ReadonlySet<string> = new Set([
  ...['type', 'title', 'description', 'enum', 'const', '$ref', '$defs', 'anyOf'],
  ...['properties', 'required', 'additionalProperties', 'items'],
]);

/** The greatest depth of objects, and the most fields and values of `enum` in all of them together. */
const DEEPEST = 5;
const MOST_FIELDS = 100;
const MOST_VALUES = 500;

/**
 * Whether an answer in exactly this form may be required, for clients whose own vendors enforce any schema that they accept: unless told
 * to, OpenAI only tries. Keywords that only OpenAI checks (`pattern`, `format`, `minimum`, `minItems`) do not qualify, nor do its wider
 * limits: Azure refuses them, and so does OpenAI for fine-tuned models, so such a schema remains a wish.
 * https://platform.openai.com/docs/guides/structured-outputs#supported-schemas,
 * https://learn.microsoft.com/azure/ai-services/openai/how-to/structured-outputs#json-schema-support-and-limitations
 */
export function canBeKept(schema: JsonObject): boolean {
  if (schema.type !== 'object' || schema.anyOf !== undefined || schema.$ref !== undefined) return false;
  if (!isStrictSchema(schema) || depthOf(schema) > DEEPEST) return false;
  let isKnown = true;
  let fields = 0;
  let values = 0;
  mapSchemas(schema, (each) => {
    if (Object.keys(each).some((keyword) => !KEPT.has(keyword))) isKnown = false;
    if (each.type === undefined && each.$ref === undefined && each.anyOf === undefined) isKnown = false;
    values += asArray(each.enum)?.length ?? 0;
    const named = Object.values(asObject(each.properties) ?? {});
    fields += named.length;
    if ([...named, each.items].some((value) => typeof value === 'boolean' || Array.isArray(value)))
      isKnown = false;
    return each;
  });
  return isKnown && fields <= MOST_FIELDS && values <= MOST_VALUES;
}

/** The levels of objects and lists in a schema, whose other values are words. */
function depthOf(value: JsonValue | undefined): number {
  if (Array.isArray(value)) return Math.max(0, ...value.map(depthOf));
  const schema = asObject(value);
  if (schema === undefined) return 0;
  const inner = Math.max(0, ...Object.values(schema).map(depthOf));
  return asObject(schema.properties) === undefined ? inner : inner + 1;
}
