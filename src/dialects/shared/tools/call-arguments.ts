// Arguments of a call: a text in the neutral model, an object on the wire of most dialects.
import type { ToolCallPart } from '../../../model/content.ts';
import { GatewayError } from '../../../model/errors.ts';
import { argumentsToWrite } from '../../../model/json/exact-numbers.ts';
import { type JsonObject, parseObject } from '../../../model/json/json.ts';
import type { LossReport } from '../losses/loss-report.ts';
import { ONE_TEXT_ARGUMENT } from '../losses/substitutes.ts';

type Called = Pick<ToolCallPart, 'kind' | 'arguments'>;

/** The single argument of a function that replaces a free-text tool. */
export const FREE_TEXT = 'input';

/** Undefined if the text is not a JSON object. */
export function argumentObject({ kind, arguments: text }: Called): JsonObject | undefined {
  if (kind === 'custom') return { [FREE_TEXT]: text };
  return text.trim() === '' ? {} : argumentsToWrite(text);
}

/** How arguments begin if a model, or the server's parser of its calls, wrote the object in another form. */
export const MISWRITTEN = /^\s*["n]/;

/**
 * Makes the object that was meant of `null` (no arguments) and of an object encoded twice (Granite at vLLM:
 * https://github.com/vllm-project/vllm/pull/54964); other text stays as it is.
 */
export function objectArguments(text: string): string {
  if (!MISWRITTEN.test(text)) return text;
  try {
    const inner: unknown = JSON.parse(text);
    if (inner === null || inner === 'null') return '{}';
    return typeof inner === 'string' && parseObject(inner) !== undefined ? inner : text;
  } catch {
    return text;
  }
}

/** The name reported for a call whose arguments the token limit cut off, where only a complete object can be expressed. */
export const CUT_CALL = 'tool_calls';

/** The failure of an answer with a call that no client could answer. */
export function namelessCall(): GatewayError {
  const problem = 'the provider sent a tool call without the name of the tool; ask again';
  return new GatewayError('upstream_malformed', problem);
}

export function brokenArguments(name: string): GatewayError {
  return new GatewayError(
    'upstream_malformed',
    `the provider sent arguments of a call of ${name} that are not a JSON object; ask again`,
  );
}

/** Always an object; a substitute for text that is not one is reported. */
export function buildArguments(call: Called, losses: LossReport): JsonObject {
  const isText = call.kind === 'custom';
  if (isText) losses.approximated('tools.custom', ONE_TEXT_ARGUMENT);
  const object = argumentObject(isText ? call : { ...call, arguments: objectArguments(call.arguments) });
  if (object !== undefined) return object;
  losses.approximated('tool_calls.arguments', 'not a JSON object: sent as {"arguments": text}');
  return { arguments: call.arguments };
}
