// JSON as it arrives from outside: typed only where it is touched.

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

export function asArray(value: JsonValue | undefined): JsonValue[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

export function asString(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** JSON text may hold a number that reads as Infinity (1e400), which JSON cannot express again. */
export function asNumber(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function asBoolean(value: JsonValue | undefined): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/**
 * How deeply lists and objects may be nested: more than anybody needs, and more than most servers read. Walking a tree recurses, and the
 * runtime writes a tree of tens of thousands of levels in time that grows with the square of that: 300 KB took 9 s.
 */
export const MOST_LEVELS = 1_000;

/** Like `JSON.parse`. Throws RangeError for what is nested more deeply than `MOST_LEVELS`. */
export function parseJson(text: string): JsonValue {
  return notTooDeep(JSON.parse(text) as JsonValue, text);
}

/** @param text of the value: a short one need not be checked. */
export function notTooDeep(value: JsonValue, text: string): JsonValue {
  if (text.length > 2 * MOST_LEVELS && isTree(value) && isDeeper(value, MOST_LEVELS))
    throw new RangeError(`JSON is nested more than ${MOST_LEVELS} levels deep`);
  return value;
}

function isTree(value: JsonValue | undefined): value is JsonValue[] | JsonObject {
  return typeof value === 'object' && value !== null;
}

/** Not called for leaves, of which embeddings have millions. */
function isDeeper(value: JsonValue[] | JsonObject, levels: number): boolean {
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (const item of value) if (isTree(item) && isDeeper(item, levels - 1)) return true;
    return false;
  }
  for (const key in value) {
    const field = value[key];
    if (isTree(field) && isDeeper(field, levels - 1)) return true;
  }
  return false;
}

/** The object in `text`; undefined if it is not JSON or not an object. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
