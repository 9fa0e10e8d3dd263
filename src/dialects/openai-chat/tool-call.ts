// One tool call of a message ↔ ToolCallPart.
import type { ReasoningPart, ToolCallPart } from '../../model/content.ts';
import { asObject, asString, isObject, type JsonObject } from '../../model/json/json.ts';
import type { Tool } from '../../model/request.ts';
import { argumentText } from '../openai/calls.ts';
import { objectArguments } from '../shared/tools/call-arguments.ts';
import {
  argumentsFromWire,
  callIdFromWire,
  callIdToWire,
  isSeal,
  type OpaqueToken,
  openToken,
  ownToken,
  thoughtFromBytesWire,
  thoughtToBytesWire,
} from '../../model/opaque-token.ts';
import { ID } from './wire.ts';

/**
 * The call in a `tool_calls` entry; undefined if it names no tool.
 * @param fallbackId for servers that give no id.
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
    arguments: isCustom ? argumentText(called.input) : objectArguments(argumentText(called.arguments)),
    kind: isCustom ? 'custom' : 'function',
  };
  const signature = thoughtSignature(call);
  if (signature !== undefined) part.signature = signature;
  const cacheControl = asObject(call.cache_control);
  if (cacheControl !== undefined) part.cacheControl = cacheControl;
  return part;
}

/** The type of a `tool_calls` entry of the server's own kind, such as a tool that it ran itself; undefined for calls. */
export function foreignCallType({ type, function: called, custom }: JsonObject): string | undefined {
  if (typeof type !== 'string' || type === '' || type === 'function' || type === 'custom') return undefined;
  return isObject(called) || isObject(custom) ? undefined : type;
}

/** A call in a client's history, whose id may contain a token of another dialect, see `clientCallId`. */
export function parseClientCall(wire: JsonObject, fallbackId: string): ToolCallPart | undefined {
  const part = parseToolCall(wire, fallbackId);
  if (part === undefined) return undefined;
  const { id, token } = callIdFromWire(part.id);
  if (token !== undefined)
    return { ...part, id, arguments: argumentsFromWire(part.arguments, part.id, id), signature: token };
  const { signature, ...call } = part;
  return carriedThought(wire) === undefined ? part : call;
}

/** Where Gemini's endpoint of this dialect keeps the signature. https://ai.google.dev/gemini-api/docs/thought-signatures */
export function thoughtSignature(call: JsonObject): OpaqueToken | undefined {
  const signature = signatureText(call);
  return signature === undefined ? undefined : ownToken(ID, signature);
}

/** LiteLLM's SDK, and those built on it, repeat or keep the signature in a field of their own. */
function signatureText(call: JsonObject): string | undefined {
  return (
    asString(asObject(asObject(call.extra_content)?.google)?.thought_signature) ??
    asString(asObject(call.provider_specific_fields)?.thought_signature)
  );
}

/**
 * What a client is to send back with a call: the call's own signature or, with the answer's first call, the thought before it.
 * @param thoughts of the answer so far.
 */
export function buildCallSeal(
  { signature }: Pick<ToolCallPart, 'signature'>,
  isFirst: boolean,
  thoughts: readonly { part: ReasoningPart }[],
): JsonObject {
  return signature === undefined && isFirst ? carryThought(thoughts) : buildThoughtSignature(signature);
}

/**
 * The thought after which a provider of another dialect called a tool, in the field of Gemini's signatures: clients that send thoughts back
 * as plain text (AI SDK 7's openai-compatible) keep that field.
 */
function carryThought(thoughts: readonly { part: ReasoningPart }[]): JsonObject {
  // Clients join the texts of several thoughts, which then match no signature.
  if (thoughts.length > 1) return {};
  const thought = thoughts[0]?.part;
  if (thought === undefined) return {};
  const token = thought.redacted ?? thought.signature;
  if (token === undefined || !isSeal(token) || openToken(ID, token) !== undefined) return {};
  const isRedacted = thought.redacted !== undefined;
  return withSignature(thoughtToBytesWire({ text: thought.text, token, isRedacted }));
}

/** Reads what `carryThought` put on a call. */
export function carriedThought(call: JsonObject): ReasoningPart | undefined {
  const carried = thoughtFromBytesWire(signatureText(call) ?? '');
  if (carried?.token === undefined) return undefined;
  const { text, token, isRedacted } = carried;
  return { type: 'reasoning', text, ...(isRedacted ? { redacted: token } : { signature: token }) };
}

/** Empty if the token is another dialect's. */
export function buildThoughtSignature(signature: OpaqueToken | undefined): JsonObject {
  const own = signature && openToken(ID, signature);
  return own === undefined ? {} : withSignature(own);
}

function withSignature(signature: string): JsonObject {
  return { extra_content: { google: { thought_signature: signature } } };
}

/** The id of a call for a client, which also carries another dialect's token. */
export function clientCallId(id: string, signature: OpaqueToken | undefined): string {
  const isOwn = signature !== undefined && openToken(ID, signature) !== undefined;
  return isOwn ? id : callIdToWire(id, signature);
}

/** The functions whose call a client reads in `function_call`, which has room for one call and no id. */
export function legacyNames(tools: readonly Tool[] = []): ReadonlySet<string> {
  const names = tools.flatMap((tool) =>
    tool.type === 'function' && tool.legacy === true ? [tool.name] : [],
  );
  return names.length === 0 ? NONE : new Set(names);
}

const NONE: ReadonlySet<string> = new Set();

/** Empty arguments become `{}`, since clients parse them. */
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
