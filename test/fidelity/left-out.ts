// Every variant of a JSON value with one field left out, however deep: shows whether anything depends on that field.
import { isObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';

export interface Variant {
  /** As in `messages[].content[].cache_control`. */
  pattern: string;
  name: string;
  value: JsonValue;
  whole: JsonObject;
  without: JsonObject;
  /** The whole without what holds the field, from the innermost on. */
  withoutHolder: JsonObject[];
}

interface LeftOut {
  pattern: string;
  name: string;
  value: JsonValue;
  without: JsonValue;
  withoutHolder: JsonValue[];
}

/** The user's own JSON, in which nothing has a meaning of the wire's. */
const OPAQUE =
  /^(properties|input|arguments|args|schema|parameters|input_schema|parametersJsonSchema|responseJsonSchema|responseSchema|response|metadata)$/;

function* leftOut(value: JsonValue, path: string): Generator<LeftOut> {
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) {
      const rest = value.filter((_, other) => other !== at);
      yield* within(leftOut(item, `${path}[]`), (inner) => value.with(at, inner), rest);
    }
    return;
  }
  if (!isObject(value)) return;
  // What tells one kind of object from another is part of the place.
  const kind = typeof value.type === 'string' ? `(${value.type})` : '';
  for (const [name, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const { [name]: _, ...rest } = value;
    const pattern = path === '' ? name : `${path}${kind}.${name}`;
    yield { pattern, name, value: item, without: rest, withoutHolder: [] };
    if (!OPAQUE.test(name))
      yield* within(leftOut(item, pattern), (inner) => ({ ...value, [name]: inner }), rest);
  }
}

function* within(
  found: Iterable<LeftOut>,
  wrap: (inner: JsonValue) => JsonValue,
  rest: JsonValue,
): Generator<LeftOut> {
  for (const each of found) {
    const withoutHolder = [...each.withoutHolder.map(wrap), rest];
    yield { ...each, without: wrap(each.without), withoutHolder };
  }
}

/** Each field of each object. */
export function* variantsOf(whole: JsonObject): Generator<Variant> {
  for (const { without, withoutHolder, ...each } of leftOut(whole, '')) {
    if (isObject(without)) yield { ...each, whole, without, withoutHolder: withoutHolder.filter(isObject) };
  }
}

export function isEmpty(value: JsonValue): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}
