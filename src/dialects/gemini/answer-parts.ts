// The wire form of an answer's events and parts for a client.
import type { ToolCallPart } from '../../model/content.ts';
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import { buildServerCall } from './server-tools.ts';
import { signatureForClient, thoughtForClient } from './signature.ts';
import { argumentObject } from '../shared/call-arguments.ts';
import { ID } from './wire.ts';

/** The name reported for a call whose arguments the token limit truncated: it has no form here. */
export const CUT_CALL = 'tool_calls';

/**
 * Thinking that only its provider can read: a thought without text. A signature of thinking without text is not marked
 * as a thought on the wire, so that the two can be distinguished when they come back.
 */
export function redactedPart(token: OpaqueToken): JsonObject {
  return { text: '', thought: true, ...thoughtForClient('', token, true) };
}

/** The signature of the thought, or other part, sent before it. `text`: the thought's. */
export function signaturePart(token: OpaqueToken, text: string): JsonObject {
  return { text: '', ...(text === '' ? {} : { thought: true }), ...thoughtForClient(text, token) };
}

/** Another provider's thought, whose signature the next call carries too. */
export interface ThoughtBefore {
  text: string;
  token: OpaqueToken;
}

/**
 * The part of a call, null for one of another dialect's own tools, which a client would try to run; undefined
 * where this dialect cannot express the arguments.
 */
export function callPart(
  call: Omit<ToolCallPart, 'type'>,
  thought?: ThoughtBefore,
): JsonObject | null | undefined {
  if (call.kind === 'server') return buildServerCall(call, 'client') ?? null;
  const args = argumentObject(call);
  if (args === undefined) return undefined;
  const { id, name, signature } = call;
  const carried = thought === undefined ? undefined : thoughtForClient(thought.text, thought.token);
  return { functionCall: { id, name, args }, ...(carried ?? signatureForClient(signature)) };
}

export function mediaDataPart(mimeType: string, data: string): JsonObject {
  return { inlineData: { mimeType, data } };
}

/** A part for which this dialect's own decoder had no neutral form. */
export function replayedPart(dialect: string, value: JsonValue | undefined): JsonObject | undefined {
  return dialect === ID && isObject(value) ? value : undefined;
}
