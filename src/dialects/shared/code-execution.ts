// Code that the provider runs for the model: `code_interpreter` of OpenAI's, `code_execution` of Anthropic's, `codeExecution` of
// Google's. One that is asked for in the client's dialect becomes the provider's own.
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { CodeExecution, ServerTool } from '../../model/request.ts';
import type { LossReport } from './losses/loss-report.ts';
import { withoutFields } from './own-fields.ts';

/** @param settings without those that say which tool it is. */
export function parseCodeExecution(settings: JsonValue | undefined): CodeExecution {
  return { others: isObject(settings) ? Object.keys(withoutFields(settings, [])) : [] };
}

/** OpenAI's, in a container of a name, or in a new one. */
export function parseCodeInterpreter({ container, ...settings }: JsonObject): CodeExecution {
  const others = Object.keys(withoutFields(settings, []));
  if (!isObject(container)) return { ...(container !== undefined && { isBound: true }), others };
  const { file_ids: files, ...more } = withoutFields(container, ['type']);
  const hasFiles = Array.isArray(files) && files.length > 0;
  const inContainer = Object.keys(more).map((name) => `container.${name}`);
  return { ...(hasFiles && { isBound: true }), others: [...others, ...inContainer] };
}

/** Whether the provider's own takes its place, which is reported. */
export function codeInstead({ name, code }: ServerTool, losses: LossReport): boolean {
  if (code === undefined || code.isBound === true) return false;
  losses.approximated(`tools.${name}`, "the provider's own code execution");
  for (const other of code.others) losses.lost(`tools.${name}.${other}`);
  return true;
}
