// Code that the provider runs for the model: OpenAI's `code_interpreter`, Anthropic's `code_execution`, Google's `codeExecution`. What a
// client asks for in its dialect becomes the provider's own.
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { CodeExecution, ServerTool } from '../../model/request.ts';
import type { LossReport } from './losses/loss-report.ts';
import { withoutFields } from './own-fields.ts';

/** @param settings without the fields that say which tool it is. */
export function parseCodeExecution(settings: JsonValue | undefined): CodeExecution {
  return { others: isObject(settings) ? Object.keys(withoutFields(settings, [])) : [] };
}

/** OpenAI's tool: the container is a new one, or one that the client names. */
export function parseCodeInterpreter({ container, ...settings }: JsonObject): CodeExecution {
  const others = Object.keys(withoutFields(settings, []));
  if (!isObject(container)) return { ...(container !== undefined && { isBound: true }), others };
  const { file_ids: files, ...more } = withoutFields(container, ['type']);
  const hasFiles = Array.isArray(files) && files.length > 0;
  const inContainer = Object.keys(more).map((name) => `container.${name}`);
  return { ...(hasFiles && { isBound: true }), others: [...others, ...inContainer] };
}

/** Whether the provider's own tool replaces this one, which is reported. */
export function codeInstead({ name, code }: ServerTool, losses: LossReport): boolean {
  if (code === undefined || code.isBound === true) return false;
  losses.approximated(`tools.${name}`, "the provider's own code execution");
  for (const other of code.others) losses.lost(`tools.${name}.${other}`);
  return true;
}
