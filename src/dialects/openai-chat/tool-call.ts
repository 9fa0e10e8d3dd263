// One tool call of a message ↔ ToolCallPart.
import type { ToolCallPart } from '../../model/content.ts';
import { asObject, asString, type JsonObject, type JsonValue } from '../../model/json.ts';

/**
 * The call in a `tool_calls` entry, or undefined where it names no tool.
 * @param fallbackId for servers that give none.
 */
export function parseToolCall(call: JsonObject, fallbackId: string): ToolCallPart | undefined {
  const custom = asObject(call.custom);
  const isCustom = custom !== undefined && asString(custom.name) !== '' && call.type !== 'function';
  const called = isCustom ? custom : asObject(call.function);
  const name = asString(called?.name);
  if (called === undefined || !name) return undefined;
  const part: ToolCallPart = {
    type: 'tool-call',
    id: asString(call.id) || fallbackId,
    name,
    arguments: argumentText(isCustom ? called.input : called.arguments),
    kind: isCustom ? 'custom' : 'function',
  };
  const signature = thoughtSignature(call);
  if (signature !== undefined) part.signature = signature;
  const cacheControl = asObject(call.cache_control);
  if (cacheControl !== undefined) part.cacheControl = cacheControl;
  return part;
}

/** Arguments are JSON text; some servers send the object itself, or null for none. */
export function argumentText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** Where Gemini's endpoint of this dialect keeps the signature. https://ai.google.dev/gemini-api/docs/thought-signatures */
export function thoughtSignature(call: JsonObject): string | undefined {
  return asString(asObject(asObject(call.extra_content)?.google)?.thought_signature);
}

/** The same for building. */
export function buildThoughtSignature(signature: string | undefined): JsonObject {
  return signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } };
}

/** A call whose arguments are empty has `{}`: clients parse the text. */
export function buildToolCall(part: ToolCallPart): JsonObject {
  if (part.kind === 'custom') {
    return { id: part.id, type: 'custom', custom: { name: part.name, input: part.arguments } };
  }
  return {
    id: part.id,
    type: 'function',
    function: { name: part.name, arguments: part.arguments === '' ? '{}' : part.arguments },
  };
}
