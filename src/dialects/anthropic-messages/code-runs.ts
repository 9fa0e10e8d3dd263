// Blocks of code that was run: Anthropic's own, and those of other dialects' providers.
// https://platform.claude.com/docs/en/agents-and-tools/tool-use/code-execution-tool
import type { ServerToolOutput, ToolCallPart } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject } from '../../model/json/json.ts';
import { bashCommandOf, codeOf, reportUntold, writtenFile } from '../shared/code-execution.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { toolId } from './tool-id.ts';

export const CODE_EXECUTION = 'code_execution';
const BASH = 'bash_code_execution';
const EDITOR = 'text_editor_code_execution';
const RUNS: ReadonlySet<string> = new Set([CODE_EXECUTION, BASH, EDITOR]);

/** Whether the call ran code, or edited a file, which is told as code. */
export function codeRunIn({ type, name }: JsonObject): { runsCode?: true } {
  const isRun = type === 'server_tool_use' && typeof name === 'string' && RUNS.has(name);
  return isRun ? { runsCode: true } : {};
}

/** What code that looked at search results printed, only Anthropic can read. */
const SEALED = '(The output is encrypted.)';

/** What code said, in the block of its result. */
export function codeOutputOf({ type, content }: JsonObject): { output?: ServerToolOutput } {
  const name = asString(type)?.replace(/_tool_result$/, '') ?? '';
  const result = asObject(content);
  if (!RUNS.has(name) || result === undefined) return {};
  if (result.type === `${name}_tool_result_error`)
    return {
      output: { text: asString(result.error_message) ?? asString(result.error_code) ?? '', isError: true },
    };
  if (name === EDITOR) return { output: editOutputOf(result) };
  if (result.type !== `${name}_result` && result.type !== `encrypted_${name}_result`) return {};
  const { encrypted_stdout: sealed, stdout, stderr, return_code: code, content: files } = result;
  const said = [sealed ? SEALED : stdout, stderr].filter((text) => typeof text === 'string' && text !== '');
  const others = [
    ...(sealed ? ['encrypted_stdout'] : []),
    // Files in the provider's store.
    ...((asArray(files) ?? []).length > 0 ? ['content'] : []),
  ];
  const output: ServerToolOutput = { text: said.join('\n') };
  if (code !== 0) output.isError = true;
  if (others.length > 0) output.others = others;
  return { output };
}

/** What was seen of the file, or changed in it. */
function editOutputOf({ file_type: type, content, lines }: JsonObject): ServerToolOutput {
  // An image or a PDF.
  if (type !== undefined && type !== 'text') return { text: '', others: ['content'] };
  return { text: asString(content) ?? (asArray(lines) ?? []).join('\n') };
}

/** With a hyphen Claude gets none of it back, see isForeignServerCall; by the beginning programs know that no client has to run it. */
export function runIdForClient(id: string): string {
  return `srvtoolu_code-${toolId(id)}`;
}

/** Names what is lost of another dialect's run. */
export function reportRun(
  { name, signature, extension }: ToolCallPart,
  output: ServerToolOutput,
  losses: Pick<LossReport, 'lost' | 'foreign'>,
): void {
  losses.foreign(extension);
  if (signature !== undefined) losses.lost('thought_signature');
  reportUntold({ name }, output, false, losses);
}

/** Another dialect's run, or one of Anthropic's that a client of another dialect sends back. */
export function codeRunBlocks(
  id: string,
  call: Pick<ToolCallPart, 'arguments'>,
  { text, isError }: ServerToolOutput,
): [call: JsonObject, result: JsonObject] {
  const code = codeOf(call);
  const failed = isError === true;
  // What was printed, the editor's result has no place for.
  const file = failed || text === '' ? writtenFile(code) : undefined;
  if (file !== undefined) return writeBlocks(id, file, { text, ...(failed && { isError }) });
  const command = bashCommandOf(code);
  const name = command === undefined ? CODE_EXECUTION : BASH;
  const input = command === undefined ? { code } : { command };
  const content = {
    type: `${name}_result`,
    stdout: failed ? '' : text,
    stderr: failed ? text : '',
    return_code: failed ? 1 : 0,
    content: [],
  };
  return [
    { type: 'server_tool_use', id, name, input },
    { type: `${name}_tool_result`, tool_use_id: id, content },
  ];
}

/** A file that code has written, as one that the editor has. */
function writeBlocks(
  id: string,
  { path, content }: { path: string; content: string },
  { text, isError }: ServerToolOutput,
): [call: JsonObject, result: JsonObject] {
  const result = isError
    ? { type: `${EDITOR}_tool_result_error`, error_code: 'unavailable', error_message: text }
    : { type: `${EDITOR}_create_result`, is_file_update: false };
  return [
    { type: 'server_tool_use', id, name: EDITOR, input: { command: 'create', path, file_text: content } },
    { type: `${EDITOR}_tool_result`, tool_use_id: id, content: result },
  ];
}
