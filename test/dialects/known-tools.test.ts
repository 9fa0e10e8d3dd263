// Claude's shell, editor and memory, which the client runs: Claude knows them by their type, other models get them as functions, and
// what controls a screen stays Claude's.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';

const SHELL = { type: 'bash_20250124', name: 'bash' };
const EDITOR = { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' };
const OLD_EDITOR = { type: 'text_editor_20250124', name: 'str_replace_editor' };
const MEMORY = { type: 'memory_20250818', name: 'memory' };
const SCREEN = {
  ...{ type: 'computer_20250124', name: 'computer' },
  ...{ display_width_px: 800, display_height_px: 600 },
};

function built(wire: ProviderDialectId, tools: JsonObject[], more: JsonObject = {}, model = 'm') {
  const messages = [{ role: 'user', content: 'hi' }];
  const request = DIALECTS['anthropic-messages'].client.parseRequest(
    { model, max_tokens: 99, messages, tools, ...more },
    { operation: 'generate', model, stream: false },
  );
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks: {} });
  return { body, losses: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

/** The functions that a body declares, by their names, with the schemas of their arguments. */
function functions(wire: ProviderDialectId, body: JsonObject): Record<string, JsonValue | undefined> {
  const config = asObject(body.toolConfig);
  const lists = asArray(body.tools ?? config?.tools) ?? [];
  const declared = lists.flatMap((entry) => {
    const tool = asObject(entry) ?? {};
    if (wire === 'gemini') return asArray(tool.functionDeclarations) ?? [];
    return [tool.function ?? tool.toolSpec ?? tool];
  });
  return Object.fromEntries(
    declared.map((each) => {
      const { name, parameters, parametersJsonSchema, inputSchema } = asObject(each) ?? {};
      return [String(name), parameters ?? parametersJsonSchema ?? asObject(inputSchema)?.json];
    }),
  );
}

const OTHERS = ['openai-chat', 'openai-responses', 'gemini', 'ollama-chat', 'bedrock-converse'] as const;

test.each(OTHERS)('%s gets them as functions, whose parameters are described', (wire) => {
  const { body, losses } = built(wire, [SHELL, EDITOR, MEMORY], {}, 'amazon.nova-pro-v1:0');
  const declared = functions(wire, body);
  expect(Object.keys(declared)).toEqual(['bash', 'str_replace_based_edit_tool', 'memory']);
  expect(declared.bash).toMatchObject({ properties: { command: { type: 'string' }, restart: {} } });
  expect(declared.str_replace_based_edit_tool).toMatchObject({
    properties: {
      command: { enum: ['view', 'create', 'str_replace', 'insert'] },
      ...{ path: {}, file_text: {}, old_str: {}, new_str: {}, insert_line: {}, insert_text: {} },
      view_range: { type: 'array', items: { type: 'integer' } },
    },
    required: ['command', 'path'],
  });
  expect(declared.memory).toMatchObject({
    properties: { old_path: {}, new_path: {} },
    required: ['command'],
  });
  expect(losses).toEqual([
    'approximated tools.bash',
    'approximated tools.str_replace_based_edit_tool',
    'approximated tools.memory',
  ]);
});

test('the first editors undo as well', () => {
  const { str_replace_editor: editor } = functions('openai-chat', built('openai-chat', [OLD_EDITOR]).body);
  expect(asArray(asObject(asObject(asObject(editor)?.properties)?.command)?.enum)).toContain('undo_edit');
});

test('one of them can be forced, and their calls are those of functions', () => {
  const messages = [
    { role: 'user', content: 'hi' },
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 'toolu_1', name: 'bash', input: { command: 'ls' } }],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'a.txt' }] },
  ];
  const { body } = built('openai-chat', [SHELL], { messages, tool_choice: { type: 'tool', name: 'bash' } });
  expect(body.tool_choice).toEqual({ type: 'function', function: { name: 'bash' } });
  expect(asArray(body.messages)?.slice(1)).toMatchObject([
    { tool_calls: [{ id: 'toolu_1', function: { name: 'bash', arguments: '{"command":"ls"}' } }] },
    { role: 'tool', content: 'a.txt' },
  ]);
});

test.each(OTHERS)('%s gets no control of a screen, whose calls only Claude is trained for', (wire) => {
  const { body, losses } = built(wire, [SHELL, SCREEN], {}, 'amazon.nova-pro-v1:0');
  expect(Object.keys(functions(wire, body))).toEqual(['bash']);
  expect(losses).toEqual(['approximated tools.bash', 'lost tools.computer']);
});

test('what only Claude can be told of them is lost', () => {
  const { losses } = built('openai-chat', [{ ...EDITOR, max_characters: 9000 }]);
  expect(losses).toEqual(['approximated tools.str_replace_based_edit_tool', 'lost max_characters']);
});

test('Claude gets its shell and its editor in Converse, too, and its memory as a function', () => {
  const { body, losses } = built(
    'bedrock-converse',
    [SHELL, EDITOR, MEMORY],
    {},
    'us.anthropic.claude-opus-4-8-v1',
  );
  expect(body.additionalModelRequestFields).toMatchObject({ tools: [SHELL, EDITOR] });
  expect(Object.keys(functions('bedrock-converse', body))).toEqual(['memory']);
  expect(losses).toEqual(['approximated tools.memory']);
});

test('Claude gets them as they are', () => {
  const tools = [SHELL, { ...EDITOR, max_characters: 9000 }, MEMORY, SCREEN];
  const model = 'claude-opus-4-8';
  expect(built('anthropic-messages', tools, {}, model)).toMatchObject({ body: { tools }, losses: [] });
});
