// Checks that a client can answer a function call: that it has a name, and arguments that are a JSON object (GUARANTEES 7).
import { brokenArguments, namelessCall } from '../../dialects/shared/tools/call-arguments.ts';
import { type Finish, mayBeCutShort } from '../../model/finish.ts';
import { parseObject } from '../../model/json/json.ts';
import { JsonScanner } from '../../model/json/scanner.ts';
import type { NeutralResponse } from '../../model/response.ts';

/**
 * Throws `upstream_malformed` where the answer holds a call that no client could answer.
 * @returns whether the answer ends within a call.
 */
export function requireValidCalls({ parts, finish }: NeutralResponse): boolean {
  const mayBeCut = mayBeCutShort(finish);
  let isCut = false;
  for (const part of parts) {
    if (part.type !== 'tool-call' || part.kind !== 'function') continue;
    if (part.name === '') throw namelessCall();
    const isValid = part.arguments.trim() === '' || parseObject(part.arguments) !== undefined;
    if (!isValid && !(mayBeCut && mayGoOn(part.arguments))) throw brokenArguments(part.name);
    isCut ||= !isValid;
  }
  return isCut;
}

/** The ending of an answer within a call. For a reason that clients do not know, they would take the call for complete, and run it. */
export function endingWithinCall(finish: Finish): Finish {
  return finish.unified === 'other' ? { ...finish, unified: 'max_tokens', isCut: true } : finish;
}

/**
 * The ending of an answer that the provider says waits for calls, but that has none (Claude:
 * https://github.com/anthropics/claude-code/issues/40240). Clients would wait for results, or ask for ever, so what was said becomes the
 * whole turn.
 */
export function endingWithoutCalls(finish: Finish): Finish {
  return finish.unified === 'tool_use' ? { ...finish, unified: 'end_turn' } : finish;
}

/** Whether the client has calls to answer. */
export function hasCalls({ parts }: NeutralResponse): boolean {
  return parts.some((part) => part.type === 'tool-call' && part.kind !== 'server');
}

/** Whether this could be the beginning of valid arguments. */
function mayGoOn(beginning: string): boolean {
  const json = new JsonScanner();
  json.push(beginning);
  return json.isObject() && !json.broken();
}
