// The argument text of a tool call as the `input` object this dialect wants, and ids it accepts.

import type { ToolCallPart } from '../../model/content.ts';
import { argumentsToWrite } from '../../model/json/exact-numbers.ts';
import type { JsonObject } from '../../model/json/json.ts';

/** Name of the one argument that stands for the free text of a custom tool. */
export const FREE_TEXT = 'input';

export interface ToolInput {
  input: JsonObject;
  /** False where the text was no JSON object; `input` then holds it under `arguments`. */
  faithful: boolean;
}

export function toolInput(call: ToolCallPart): ToolInput {
  if (call.kind === 'custom') return { input: { [FREE_TEXT]: call.arguments }, faithful: true };
  if (call.arguments.trim() === '') return { input: {}, faithful: true };
  const input = argumentsToWrite(call.arguments);
  return input === undefined
    ? { input: { arguments: call.arguments }, faithful: false }
    : { input, faithful: true };
}

/** Ids must match `[a-zA-Z0-9_-]+`; some servers write others (`functions.search:0`). Calls and results agree. */
export function toolId(id: string): string {
  return id === '' ? 'call' : id.replace(/[^a-zA-Z0-9_-]/g, '_');
}
