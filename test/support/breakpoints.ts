// Cache breakpoints in the requests that providers get: they move on with each turn, and are no part of the prompt.
import { isObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';

/** A copy without `cache_control` and `cachePoint`; a text alone is the string that it may be given as. */
export function withoutBreakpoints(body: JsonObject): JsonObject {
  return strip(JSON.parse(JSON.stringify(body)) as JsonObject) as JsonObject;
}

function strip(value: JsonValue): JsonValue {
  if (Array.isArray(value))
    return value.filter((each) => !isObject(each) || each.cachePoint === undefined).map(strip);
  if (!isObject(value)) return value;
  const stripped: JsonObject = {};
  for (const [name, field] of Object.entries(value)) {
    if (name === 'cache_control' || field === undefined) continue;
    const rest = strip(field);
    stripped[name] = name === 'content' || name === 'system' ? (textAlone(rest) ?? rest) : rest;
  }
  return stripped;
}

function textAlone(content: JsonValue): JsonValue | undefined {
  const [block, ...others] = Array.isArray(content) ? content : [];
  if (!isObject(block) || others.length > 0) return undefined;
  return block.type === 'text' && Object.keys(block).length === 2 ? block.text : undefined;
}
