// The prompt in the requests that providers get: what their caches compare, without the breakpoints, which move on with each turn.
import { asArray, asObject, isObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';

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

/** What the model reads, in pieces, in its order. */
export function promptOf(body: JsonObject): string[] {
  const { tools, toolConfig, system, instructions, systemInstruction, request } = body;
  const inner = asObject(request);
  if (inner !== undefined) return promptOf(inner);
  const pieces = [tools, toolConfig, system, instructions, systemInstruction].map((each) =>
    JSON.stringify(each ?? null),
  );
  for (const item of asArray(body.messages ?? body.input ?? body.contents) ?? []) {
    const { content, parts, role, ...fields } = asObject(item) ?? {};
    const blocks =
      typeof content === 'string' ? [{ type: 'text', text: content }] : asArray(content ?? parts);
    for (const block of blocks ?? [null]) pieces.push(JSON.stringify([role, block, fields]));
  }
  return pieces;
}
