// One tool call of a message ↔ ToolCallPart.
import type { ToolCallPart } from '../../model/content.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { Tool } from '../../model/request.ts';
import { argumentText } from '../openai/calls.ts';
import {
  callIdFromWire,
  callIdToWire,
  type OpaqueToken,
  openToken,
  ownToken,
} from '../../model/opaque-token.ts';

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

/** The call of a client's history: its id may hold a token of another dialect, see `clientCallId`. */
export function parseClientCall(call: JsonObject, fallbackId: string): ToolCallPart | undefined {
  const part = parseToolCall(call, fallbackId);
  if (part === undefined) return undefined;
  const { id, token } = callIdFromWire(part.id);
  return { ...part, id, ...(token !== undefined && { signature: token }) };
}

/** Where Gemini's endpoint of this dialect keeps the signature. https://ai.google.dev/gemini-api/docs/thought-signatures */
export function thoughtSignature(call: JsonObject): OpaqueToken | undefined {
  const signature = asString(asObject(asObject(call.extra_content)?.google)?.thought_signature);
  return signature === undefined ? undefined : ownToken('openai-chat', signature);
}

/** The same for building; nothing where the token is another dialect's. */
export function buildThoughtSignature(signature: OpaqueToken | undefined): JsonObject {
  const own = signature && openToken('openai-chat', signature);
  return own === undefined ? {} : { extra_content: { google: { thought_signature: own } } };
}

/** The id of a call for a client; another dialect's token is carried in it. */
export function clientCallId(id: string, signature: OpaqueToken | undefined): string {
  const isOwn = signature !== undefined && openToken('openai-chat', signature) !== undefined;
  return isOwn ? id : callIdToWire(id, signature);
}

/** The functions whose call a client reads in `function_call`, which holds one and no id. */
export function legacyNames(tools: readonly Tool[] = []): ReadonlySet<string> {
  const names = tools.flatMap((tool) =>
    tool.type === 'function' && tool.legacy === true ? [tool.name] : [],
  );
  return names.length === 0 ? NONE : new Set(names);
}

const NONE: ReadonlySet<string> = new Set();

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
