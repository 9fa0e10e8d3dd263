// Code that the provider runs for the model: OpenAI's `code_interpreter`, Anthropic's `code_execution`, Google's `codeExecution`. What a
// client asks for in its dialect becomes the provider's own, and what the provider ran is told in the client's form.
import type { ServerToolOutput, ToolCallPart } from '../../model/content.ts';
import { asString, isObject, type JsonObject, type JsonValue, parseObject } from '../../model/json/json.ts';
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

/** Names what is not told of a run. @param showsImages whether what it drew is. */
export function reportUntold(
  { name }: Pick<ToolCallPart, 'name'>,
  { images, others = [] }: ServerToolOutput,
  showsImages: boolean,
  losses: Pick<LossReport, 'lost'>,
): void {
  if (images !== undefined && !showsImages) losses.lost(`tools.${name}.image`);
  for (const other of others) losses.lost(`tools.${name}.${other}`);
}

/** How notebooks, in which OpenAI's code runs, begin a cell of Bash's. */
const BASH_CELL = '%%bash\n';

/** How they begin a cell that is written to the file of that name. */
const FILE_CELL = /^%%writefile (.+)\n/;

/** The code that a call ran. A command of Bash's, as Claude's mostly are, is a cell of a notebook, and so is what Claude's editor did. */
export function codeOf({ arguments: text }: Pick<ToolCallPart, 'arguments'>): string {
  const given = parseObject(text) ?? {};
  const { code, command, path } = given;
  if (typeof path === 'string') return cellOfEdit(path, given);
  return asString(code) ?? (typeof command === 'string' ? BASH_CELL + command : '');
}

/** Code that does the same. */
function cellOfEdit(
  path: string,
  { command, file_text: content, old_str: old, new_str: by }: JsonObject,
): string {
  if (command === 'create') return `%%writefile ${path}\n${asString(content) ?? ''}`;
  if (command !== 'str_replace') return `${BASH_CELL}cat '${path.replaceAll("'", String.raw`'\''`)}'`;
  const [file, ...words] = [path, asString(old) ?? '', asString(by) ?? ''].map((each) =>
    JSON.stringify(each),
  );
  return `from pathlib import Path\nfile = Path(${file})\nfile.write_text(file.read_text().replace(${words.join(', ')}, 1))`;
}

/** The file that a cell writes; undefined for other code. */
export function writtenFile(code: string): { path: string; content: string } | undefined {
  const [beginning, path] = FILE_CELL.exec(code) ?? [];
  return path === undefined || beginning === undefined
    ? undefined
    : { path, content: code.slice(beginning.length) };
}

/** The command of Bash's; undefined for other code. */
export function bashCommandOf(code: string): string | undefined {
  return code.startsWith(BASH_CELL) ? code.slice(BASH_CELL.length) : undefined;
}
