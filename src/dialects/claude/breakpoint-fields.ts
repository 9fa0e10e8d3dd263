// Adapts the breakpoints in a Messages request to platforms that accept fewer kinds of them than Anthropic itself.
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';

/** The fields of the request that change when each breakpoint is replaced by what `fit` returns for it (undefined: it is removed). */
export function fittedBreakpoints(
  body: JsonObject,
  fit: (breakpoint: JsonObject) => JsonObject | undefined,
): JsonObject {
  const fields: JsonObject = {};
  for (const field of ['tools', 'system', 'messages']) {
    const blocks = asArray(body[field]);
    const fitted = blocks && fitBlocks(blocks, fit);
    if (fitted !== blocks && fitted !== undefined) fields[field] = fitted;
  }
  return fields;
}

/** Returns the same list if nothing changes. */
function fitBlocks(
  blocks: JsonValue[],
  fit: (breakpoint: JsonObject) => JsonObject | undefined,
): JsonValue[] {
  const fitted = blocks.map((block) => fitBlock(block, fit));
  return fitted.every((block, at) => block === blocks[at]) ? blocks : fitted;
}

function fitBlock(block: JsonValue, fit: (breakpoint: JsonObject) => JsonObject | undefined): JsonValue {
  const fields = asObject(block);
  if (fields === undefined) return block;
  const { cache_control: mark, ...rest } = fields;
  const content = asArray(rest.content);
  const inner = content && fitBlocks(content, fit);
  const breakpoint = asObject(mark);
  const kept = breakpoint && fit(breakpoint);
  if (inner === content && kept === mark) return block;
  return {
    ...rest,
    ...(inner !== undefined && { content: inner }),
    ...(kept !== undefined && { cache_control: kept }),
  };
}

/**
 * Anthropic's breakpoint for the whole prompt becomes one on its last block: returns the changed `messages`, or nothing if the request has
 * no such breakpoint.
 */
export function cachedWhole({ cache_control: breakpoint, messages: list }: JsonObject): JsonObject {
  const messages = asArray(list) ?? [];
  const { content, ...last } = asObject(messages.at(-1)) ?? {};
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : (asArray(content) ?? []);
  const block = asObject(blocks.at(-1));
  if (breakpoint === undefined || block === undefined) return {};
  const marked = { cache_control: breakpoint, ...block };
  return { messages: [...messages.slice(0, -1), { ...last, content: [...blocks.slice(0, -1), marked] }] };
}
