// The wire form of an answer's parts for a client.
import type { ServerToolResultPart, ToolCallPart } from '../../model/content.ts';
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import type { AnsweredCalls } from '../shared/answered-calls.ts';
import { reportUntold } from '../shared/code-execution.ts';
import type { AnswerLosses } from '../shared/losses/answer-losses.ts';
import { buildServerCall, codeRunParts } from './server-tools.ts';
import { signatureForClient, type Thought, thoughtForClient } from './signature.ts';
import { argumentObject } from '../shared/tools/call-arguments.ts';
import { ID } from './wire.ts';

/**
 * Thinking that only its provider can read, as a thought without text. (A signature of thinking without text is not marked as a thought on
 * the wire, so that the two can be distinguished when they come back.)
 */
export function redactedPart(token: OpaqueToken): JsonObject {
  return thoughtPart({ text: '', token, isRedacted: true });
}

/** The signature of a thought, by itself. It is marked as a thought if the thought has text or is redacted. */
export function thoughtPart(thought: Thought): JsonObject {
  const isMarked = thought.text !== '' || thought.isRedacted === true;
  return { text: '', ...(isMarked ? { thought: true } : {}), ...thoughtForClient(thought) };
}

/**
 * The part of a call, with another provider's `thought` before it, whole, since clients may drop thoughts. Null for a call to another dialect's own tool, which a
 * client would try to run; undefined if this dialect cannot express the arguments.
 */
export function callPart(call: Omit<ToolCallPart, 'type'>, thought?: Thought): JsonObject | null | undefined {
  if (call.kind === 'server') return buildServerCall(call, 'client') ?? null;
  const args = argumentObject(call);
  if (args === undefined) return undefined;
  const { id, name, signature } = call;
  const carried = thought === undefined ? undefined : thoughtForClient({ ...thought, isHidden: true });
  return { functionCall: { id, name, args }, ...(carried ?? signatureForClient(signature)) };
}

/** The parts of another dialect's run of code that ends with this result; none where there is no such run. */
export function runParts(
  part: ServerToolResultPart,
  runs: AnsweredCalls,
  losses: AnswerLosses,
): JsonObject[] {
  const run = runs.answered(part);
  if (run === undefined || part.output === undefined) return [];
  losses.serverCall(run, true);
  reportUntold(run, part.output, true, losses);
  return codeRunParts(run, part.output);
}

export function mediaDataPart(mimeType: string, data: string): JsonObject {
  return { inlineData: { mimeType, data } };
}

/** A part for which this dialect's own decoder had no neutral form. */
export function replayedPart(dialect: string, value: JsonValue | undefined): JsonObject | undefined {
  return dialect === ID && isObject(value) ? value : undefined;
}
