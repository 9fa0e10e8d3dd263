// Parts by which the model uses tools that Google runs: `executableCode` with `codeExecutionResult`, and `toolCall`
// with `toolResponse`. A result is kept as the whole part, since only this dialect can replay it.
import type { ServerToolResultPart, ToolCallPart } from '../../model/content.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import { ownSignature, signatureForClient } from './signature.ts';
import { extensionOf, ID, ownFields } from './wire.ts';

const CODE_EXECUTION = 'code_execution';

type ServerCall = Omit<ToolCallPart, 'type' | 'kind'>;

/** @param newId makes an id for a call that has none. */
export function serverCall(
  part: JsonObject,
  signature: OpaqueToken | undefined,
  newId: () => string,
): ServerCall | undefined {
  const code = asObject(part.executableCode);
  const call = code ?? asObject(part.toolCall);
  if (call === undefined) return undefined;
  const field = code === undefined ? 'toolCall' : 'executableCode';
  const args =
    code === undefined ? (asObject(call.args) ?? {}) : { language: call.language, code: call.code };
  return {
    id: asString(call.id) || newId(),
    name: code === undefined ? (asString(call.toolType) ?? 'tool').toLowerCase() : CODE_EXECUTION,
    arguments: JSON.stringify(args),
    ...(signature === undefined ? {} : { signature }),
    ...extensionOf({ [field]: call }),
  };
}

/** @param callId the id of the preceding call, for results that name none. */
export function serverResult(part: JsonObject, callId: () => string): ServerToolResultPart | undefined {
  const result = asObject(part.codeExecutionResult) ?? asObject(part.toolResponse);
  if (result === undefined) return undefined;
  return { type: 'server-tool-result', callId: asString(result.id) || callId(), dialect: ID, value: part };
}

/** The wire part of a call that this dialect made; undefined for another dialect's. */
export function buildServerCall(call: ServerCall, to: 'client' | 'provider'): JsonObject | undefined {
  const fields = ownFields(call.extension);
  const known = fields.executableCode ?? fields.toolCall;
  if (known === undefined) return undefined;
  if (to === 'client') return { ...fields, ...signatureForClient(call.signature) };
  const signature = ownSignature(call.signature);
  return { ...fields, ...(signature === undefined ? {} : { thoughtSignature: signature }) };
}
