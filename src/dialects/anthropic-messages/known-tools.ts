// Tools that Claude knows by their type alone and the client runs (shell, editor, memory), as functions for other models.
import { asObject, type JsonObject } from '../../model/json/json.ts';
import type { FunctionTool } from '../../model/request.ts';
import { withoutFields } from '../shared/own-fields.ts';
import { extensionOf } from './wire.ts';

const text = (description: string): JsonObject => ({ type: 'string', description });

const line = (description: string): JsonObject => ({ type: 'integer', description });

const RANGE: JsonObject = {
  type: 'array',
  items: { type: 'integer' },
  description:
    'For view, the first and the last line to show, counted from 1; -1 as the last shows all that follow.',
};

const INSERT_LINE = line('For insert, the line behind which the text is put; 0 puts it first.');

/** What the calls of each look like. */
interface Known {
  description: string;
  properties: JsonObject;
  required?: string[];
}

/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/bash-tool */
const SHELL: Known = {
  description:
    'Runs commands in a shell that stays open between calls, so that folder and variables are kept, and returns what they print.',
  properties: {
    command: text('The command to run; needed unless the shell is restarted.'),
    restart: { type: 'boolean', description: 'true starts the shell anew, and runs nothing.' },
  },
};

/**
 * What is inserted is in `insert_text`, and was in `new_str` when the first of these tools came out: clients read one of the two.
 * https://platform.claude.com/docs/en/agents-and-tools/tool-use/text-editor-tool
 * @param commands besides those that all versions have.
 */
function editor(commands: readonly string[]): Known {
  return {
    description:
      'Shows, creates and changes text files: view shows a file or lists a folder, create writes a file, str_replace replaces a text that occurs once, insert adds text behind a line.',
    properties: {
      command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert', ...commands] },
      path: text('The file or folder.'),
      view_range: RANGE,
      file_text: text('For create, what the file contains.'),
      old_str: text('For str_replace, the text to replace, exactly as it is in the file.'),
      new_str: text('For str_replace, the text in its place; for insert, the same as insert_text.'),
      insert_line: INSERT_LINE,
      insert_text: text('For insert, the text.'),
    },
    required: ['command', 'path'],
  };
}

/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/memory-tool */
const MEMORY: Known = {
  description:
    'Keeps notes in files below /memories beyond this conversation. Look there first for what is known of the task, and note progress as you go. view shows a file or lists a folder, create writes a file, str_replace replaces a text that occurs once, insert adds text behind a line, delete and rename take files and folders.',
  properties: {
    command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert', 'delete', 'rename'] },
    path: text('The file or folder, below /memories, for all but rename.'),
    view_range: RANGE,
    file_text: text('For create, what the file contains.'),
    old_str: text('For str_replace, the text to replace, exactly as it is in the file.'),
    new_str: text('For str_replace, the text in its place.'),
    insert_line: INSERT_LINE,
    insert_text: text('For insert, the text.'),
    old_path: text('For rename, the file or folder.'),
    new_path: text('For rename, what it is to be called.'),
  },
  required: ['command'],
};

const KNOWN: readonly [RegExp, Known][] = [
  [/^bash_\d+$/, SHELL],
  // The first two also undo.
  [/^text_editor_(20241022|20250124)$/, editor(['undo_edit'])],
  [/^text_editor_\d+$/, editor([])],
  [/^memory_\d+$/, MEMORY],
];

/** Undefined for tools of other types, among them those that control a screen: what their calls mean is trained, not described. */
export function functionOf(type: string, name: string, tool: JsonObject): FunctionTool | undefined {
  const known = KNOWN.find(([types]) => types.test(type))?.[1];
  if (known === undefined) return undefined;
  const { description, properties, required } = known;
  const cacheControl = asObject(tool.cache_control);
  return {
    type: 'function',
    name,
    description,
    parameters: { type: 'object', properties, ...(required !== undefined && { required }) },
    ...(cacheControl !== undefined && { cacheControl }),
    ...extensionOf(withoutFields(tool, ['type', 'name', 'cache_control'])),
  };
}
