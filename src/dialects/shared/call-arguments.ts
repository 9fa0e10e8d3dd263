// Arguments of a call: text in the neutral model, an object on the wire of most dialects.
import type { ToolCallPart } from '../../model/content.ts';
import { argumentsToWrite } from '../../model/json/exact-numbers.ts';
import type { JsonObject } from '../../model/json/json.ts';
import type { LossReport } from './loss-report.ts';
import { ONE_TEXT_ARGUMENT } from './substitutes.ts';

type Called = Pick<ToolCallPart, 'kind' | 'arguments'>;

/** The single argument of a function that replaces a free-text tool. */
export const FREE_TEXT = 'input';

/** Undefined if the text is not a JSON object. */
export function argumentObject({ kind, arguments: text }: Called): JsonObject | undefined {
  if (kind === 'custom') return { [FREE_TEXT]: text };
  return text.trim() === '' ? {} : argumentsToWrite(text);
}

/** Always an object; a substitute for text that is not one is reported. */
export function buildArguments(call: Called, losses: LossReport): JsonObject {
  if (call.kind === 'custom') losses.approximated('tools.custom', ONE_TEXT_ARGUMENT);
  const object = argumentObject(call);
  if (object !== undefined) return object;
  losses.approximated('tool_calls.arguments', 'not a JSON object: sent as {"arguments": text}');
  return { arguments: call.arguments };
}
