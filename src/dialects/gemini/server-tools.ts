// Parts by which the model uses tools that Google runs: `executableCode` with `codeExecutionResult`, and `toolCall`
// with `toolResponse`. A result is kept as the whole part, for this dialect; other dialects can express what code printed, too.
import type {
  Extension,
  Part,
  ServerToolOutput,
  ServerToolResultPart,
  ToolCallPart,
} from '../../model/content.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import { codeOf } from '../shared/code-execution.ts';
import { ownSignature, signatureForClient } from './signature.ts';
import { extensionOf, ID, keptAs, ownFields } from './wire.ts';

const CODE_EXECUTION = 'code_execution';
const CODE = 'executableCode';
const RESULT = 'codeExecutionResult';
const OK = 'OUTCOME_OK';

type ServerCall = Omit<ToolCallPart, 'type' | 'kind'>;

/** @param newId makes an id for a call that has none. */
export function serverCall(
  part: JsonObject,
  signature: OpaqueToken | undefined,
  newId: () => string,
): ServerCall | undefined {
  const code = asObject(part[CODE]);
  const call = code ?? asObject(part.toolCall);
  if (call === undefined) return undefined;
  const field = code === undefined ? 'toolCall' : CODE;
  const args =
    code === undefined ? (asObject(call.args) ?? {}) : { language: call.language, code: call.code };
  return {
    id: asString(call.id) || newId(),
    name: code === undefined ? (asString(call.toolType) ?? 'tool').toLowerCase() : CODE_EXECUTION,
    arguments: JSON.stringify(args),
    ...(signature === undefined ? {} : { signature }),
    ...(code !== undefined && { runsCode: true as const }),
    ...kept(field, call),
  };
}

/** @param callId the id of the preceding call, for results that name none. */
export function serverResult(part: JsonObject, callId: () => string): ServerToolResultPart | undefined {
  const result = asObject(part[RESULT]) ?? asObject(part.toolResponse);
  if (result === undefined) return undefined;
  const id = asString(result.id) || callId();
  return { type: 'server-tool-result', callId: id, dialect: ID, value: part, ...outputOf(part) };
}

/** Other dialects get the code in a form of their own, of other tools nothing. */
function kept(field: string, call: JsonObject): { extension?: Extension } {
  return field === CODE ? { extension: keptAs(field, call) } : extensionOf({ [field]: call });
}

function outputOf({ [RESULT]: value }: JsonObject): { output?: ServerToolOutput } {
  const result = asObject(value);
  if (result === undefined) return {};
  const failed = result.outcome !== undefined && result.outcome !== OK;
  return { output: { text: asString(result.output) ?? '', ...(failed && { isError: true as const }) } };
}

/** The parts of another dialect's run. */
export function codeRunParts(
  call: Pick<ToolCallPart, 'arguments'>,
  { text, isError, images = [] }: ServerToolOutput,
): JsonObject[] {
  return [
    { [CODE]: { language: 'PYTHON', code: codeOf(call) } },
    { [RESULT]: { outcome: isError === true ? 'OUTCOME_FAILED' : OK, output: text } },
    ...images.map(({ mediaType, data }) => ({ inlineData: { mimeType: mediaType, data } })),
  ];
}

/** The wire part of a call that this dialect made; undefined for another dialect's. */
export function buildServerCall(call: ServerCall, to: 'client' | 'provider'): JsonObject | undefined {
  const fields = ownFields(call.extension);
  const known = fields[CODE] ?? fields.toolCall;
  if (known === undefined) return undefined;
  if (to === 'client') return { ...fields, ...signatureForClient(call.signature) };
  const signature = ownSignature(call.signature);
  return { ...fields, ...(signature === undefined ? {} : { thoughtSignature: signature }) };
}

/** Another dialect's run of code, which is told together with its result: that names no call here. */
export function isForeignRun(part: Part): part is ToolCallPart & { runsCode: true } {
  return part.type === 'tool-call' && part.runsCode === true && part.extension?.dialect !== ID;
}
