// Code that a client has the provider run: each dialect's tool becomes the provider's own, and is lost where it needs files or a
// place that only another provider has, or where the provider runs no code; what was run reaches the client in its own form, and
// comes back in the next turn.
import { describe, expect, test } from 'bun:test';
import { createOpenAI } from '@ai-sdk/openai';
import { streamText } from 'ai';
import { encodeStreamed, encodeWhole } from '../../scripts/fidelity/probe-answer.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';
import { responseToEvents } from '../../src/model/replay.ts';

const HELLO = [{ role: 'user', content: 'hi' }];
const ASKS: Partial<Record<DialectId, JsonObject>> = {
  'anthropic-messages': { model: 'm', max_tokens: 99, messages: HELLO },
  'openai-responses': { model: 'm', input: HELLO },
  gemini: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
};
const MODELS: Partial<Record<ProviderDialectId, string>> = {
  'anthropic-messages': 'claude-sonnet-4-5',
  'openai-responses': 'gpt-5',
  gemini: 'gemini-2.5-flash',
};

function asked(
  client: DialectId,
  tools: JsonObject[],
  wire: ProviderDialectId,
  model = MODELS[wire] ?? 'm',
  quirks = {},
  more: JsonObject = {},
) {
  const route = { operation: 'generate', model: 'm', stream: false } as const;
  const request = DIALECTS[client].client.parseRequest({ ...ASKS[client], ...more, tools }, route);
  const { body, headers, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks });
  return {
    body,
    tools: body.tools,
    headers,
    names: losses.map(({ feature, outcome }) => `${outcome} ${feature}`),
  };
}

const CLAUDES = { type: 'code_execution_20250825', name: 'code_execution' };
const OPENAIS = { type: 'code_interpreter', container: { type: 'auto' } };
const GOOGLES = { codeExecution: {} };

test.each([
  ['anthropic-messages', CLAUDES, 'openai-responses', OPENAIS],
  ['anthropic-messages', CLAUDES, 'gemini', GOOGLES],
  ['openai-responses', OPENAIS, 'anthropic-messages', CLAUDES],
  ['openai-responses', OPENAIS, 'gemini', GOOGLES],
  ['gemini', { code_execution: {} }, 'anthropic-messages', CLAUDES],
  ['gemini', GOOGLES, 'openai-responses', OPENAIS],
] as const)('of %s, %j, is that of %s', (client, tool, wire, own) => {
  const { tools, headers, names } = asked(client, [tool], wire);
  expect(tools).toEqual([own]);
  // None is a beta any more.
  expect(headers).toBeUndefined();
  expect(names).toEqual([expect.stringMatching(/^approximated tools\.code_?(execution|interpreter)$/i)]);
});

test.each<[what: string, more: JsonObject]>([
  ['a container', { container: 'container_1' }],
  ['a container, in its newer form', { container: { id: 'container_1' } }],
  ['skills', { container: { skills: [{ type: 'anthropic', skill_id: 'pptx', version: 'latest' }] } }],
  [
    'a file',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'container_upload', file_id: 'file_1' },
            { type: 'text', text: 'Sum it' },
          ],
        },
      ],
    },
  ],
])("Claude's is lost where it needs what only Anthropic has: %s", (_, more) => {
  const { tools, names } = asked('anthropic-messages', [CLAUDES], 'openai-responses', 'gpt-5', {}, more);
  expect(tools).toBeUndefined();
  expect(names).toContain('lost tools.code_execution');
  expect(
    asked('anthropic-messages', [CLAUDES], 'openai-responses', 'gpt-5', {}, { container: null }).tools,
  ).toEqual([OPENAIS]);
});

test('what only one of them knows is named', () => {
  const callers = asked(
    'anthropic-messages',
    [{ ...CLAUDES, allowed_callers: ['direct'] }],
    'openai-responses',
  );
  expect(callers.names).toEqual(['approximated tools.code_execution']);
  const memory = { ...OPENAIS, container: { type: 'auto', file_ids: [], memory_limit: '4g' } };
  expect(asked('openai-responses', [memory], 'anthropic-messages').names).toEqual([
    'approximated tools.code_interpreter',
    'lost tools.code_interpreter.container.memory_limit',
  ]);
});

test.each<
  [why: string, tool: JsonObject, wire: ProviderDialectId, model: string | undefined, quirks: JsonObject]
>([
  [
    'files',
    { ...OPENAIS, container: { type: 'auto', file_ids: ['file_1'] } },
    'anthropic-messages',
    undefined,
    {},
  ],
  ['a place', { ...OPENAIS, container: 'cntr_1' }, 'gemini', undefined, {}],
  ['no code at Chat Completions', OPENAIS, 'openai-chat', undefined, {}],
  ["another vendor's model", OPENAIS, 'anthropic-messages', 'kimi-k2.6', {}],
  ['Claude at Google', OPENAIS, 'anthropic-messages', 'claude-sonnet-4-5', { cloudMethods: true }],
  ['Claude at Amazon', OPENAIS, 'bedrock-invoke', 'anthropic.claude-sonnet-4-5-20250929-v1:0', {}],
  ['an older Gemini', OPENAIS, 'gemini', 'gemini-1.5-pro', {}],
])('is lost: %s', (_, tool, wire, model, quirks) => {
  const { tools, names } = asked('openai-responses', [tool], wire, model, quirks);
  expect(tools).toBeUndefined();
  expect(names).toEqual(['lost tools.code_interpreter']);
});

test('is lost where a function of the client has its name', () => {
  const mine = { type: 'function', name: 'code_execution', parameters: { type: 'object', properties: {} } };
  const { names } = asked('openai-responses', [mine, OPENAIS], 'anthropic-messages');
  expect(names).toEqual(['lost tools.code_interpreter']);
});

test('is not sent, nor is a search, where no tool may be called: Google knows that of functions alone', () => {
  const search = { type: 'web_search' };
  const find = { type: 'function', name: 'find', parameters: { type: 'object' } };
  const none = (tools: JsonObject[], wire: ProviderDialectId, model = MODELS[wire]) =>
    asked('openai-responses', tools, wire, model, {}, { tool_choice: 'none' });
  expect(none([OPENAIS, search], 'gemini')).toMatchObject({
    tools: undefined,
    names: ['approximated tool_choice'],
  });
  expect(none([search, find], 'gemini')).toMatchObject({
    tools: [{ functionDeclarations: [{ name: 'find' }] }],
    names: ['approximated tool_choice'],
  });
  expect(none([search], 'openai-chat', 'gpt-4o-search-preview')).toMatchObject({
    tools: undefined,
    names: ['approximated tool_choice'],
  });
  expect(none([search, find], 'anthropic-messages').tools).toMatchObject([
    { name: 'web_search' },
    { name: 'find' },
  ]);
});

function answered(client: DialectId, wire: ProviderDialectId, body: JsonObject) {
  const response = PROVIDER_SIDES[wire].parseResponse(body);
  const whole = encodeWhole(client, response);
  const streamed = encodeStreamed(client, response);
  expect(streamed.lost.toSorted()).toEqual(whole.lost.toSorted());
  return { whole: whole.body, streamed: streamed.body, lost: whole.lost };
}

const SAID = 'It is 1';
const message = (...content: JsonObject[]): JsonObject => ({
  ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn' },
  ...{ content: [...content, { type: 'text', text: SAID }], usage: { input_tokens: 1, output_tokens: 1 } },
});
const response = (...output: JsonObject[]): JsonObject => ({
  ...{ id: 'resp_1', object: 'response', status: 'completed', model: 'm' },
  output: [
    ...output,
    { id: 'msg_1', type: 'message', role: 'assistant', content: [{ type: 'output_text', text: SAID }] },
  ],
});
const candidate = (...parts: JsonObject[]): JsonObject => ({
  ...{ responseId: 'r', modelVersion: 'm' },
  candidates: [{ content: { role: 'model', parts: [...parts, { text: SAID }] }, finishReason: 'STOP' }],
});
const ANSWER = { 'anthropic-messages': message, 'openai-responses': response, gemini: candidate };
type Speaker = keyof typeof ANSWER;

/** What comes before the text. */
const before: Record<Speaker, (body: JsonObject) => JsonValue[]> = {
  'anthropic-messages': ({ content }) => asArray(content)?.slice(0, -1) ?? [],
  'openai-responses': ({ output }) => asArray(output)?.slice(0, -1) ?? [],
  gemini: ({ candidates }) =>
    asArray(asObject(asObject(asArray(candidates)?.[0])?.content)?.parts)?.filter(
      (part) => asObject(part)?.text === undefined,
    ) ?? [],
};

const CODE = 'print(1)';
interface Run {
  name?: string;
  input?: JsonObject;
  stdout?: string;
  stderr?: string;
}

const blocks = (
  id: string,
  { name = 'code_execution', input = { code: CODE }, stdout = '', stderr = '' }: Run,
): JsonObject[] => [
  { type: 'server_tool_use', id, name, input },
  {
    ...{ type: `${name}_tool_result`, tool_use_id: id },
    content: { type: `${name}_result`, stdout, stderr, return_code: stderr === '' ? 0 : 1, content: [] },
  },
];
const item = (id: string, logs: string, more: JsonObject = {}): JsonObject => ({
  ...{ id, type: 'code_interpreter_call', status: 'completed', code: CODE, container_id: '' },
  outputs: logs === '' ? [] : [{ type: 'logs', logs }],
  ...more,
});
const parts = (output: string, outcome = 'OUTCOME_OK', code = CODE) => [
  { executableCode: { language: 'PYTHON', code } },
  { codeExecutionResult: { outcome, output } },
];

const FORMS: [what: string, forms: Record<Speaker, JsonObject[]>][] = [
  [
    'code that prints',
    {
      'anthropic-messages': blocks('srvtoolu_1', { stdout: '1' }),
      'openai-responses': [item('ci_1', '1', { container_id: 'cntr_1' })],
      gemini: parts('1'),
    },
  ],
  [
    'code that prints nothing',
    {
      'anthropic-messages': blocks('srvtoolu_1', {}),
      'openai-responses': [item('ci_1', '', { container_id: 'cntr_1' })],
      gemini: parts(''),
    },
  ],
  [
    'code that fails',
    {
      'anthropic-messages': blocks('srvtoolu_1', { stderr: 'no' }),
      'openai-responses': [item('ci_1', 'no', { container_id: 'cntr_1', status: 'failed' })],
      gemini: parts('no', 'OUTCOME_FAILED'),
    },
  ],
  [
    "a command of Bash's",
    {
      'anthropic-messages': blocks('srvtoolu_1', {
        ...{ name: 'bash_code_execution', input: { command: 'ls' }, stdout: 'a' },
      }),
      'openai-responses': [item('ci_1', 'a', { container_id: 'cntr_1', code: '%%bash\nls' })],
      gemini: parts('a', 'OUTCOME_OK', '%%bash\nls'),
    },
  ],
];
const FILE = '/tmp/a.txt';
FORMS.push([
  'a file that is written',
  {
    'anthropic-messages': [
      {
        ...{ type: 'server_tool_use', id: 'srvtoolu_1', name: 'text_editor_code_execution' },
        input: { command: 'create', path: FILE, file_text: 'a' },
      },
      {
        ...{ type: 'text_editor_code_execution_tool_result', tool_use_id: 'srvtoolu_1' },
        content: { type: 'text_editor_code_execution_create_result', is_file_update: false },
      },
    ],
    'openai-responses': [item('ci_1', '', { container_id: 'cntr_1', code: `%%writefile ${FILE}\na` })],
    gemini: parts('', 'OUTCOME_OK', `%%writefile ${FILE}\na`),
  },
]);
const SPEAKERS: Speaker[] = ['anthropic-messages', 'openai-responses', 'gemini'];

describe('what was run', () => {
  for (const wire of SPEAKERS)
    for (const client of SPEAKERS)
      test.each(FORMS)(`%s, by a provider of ${wire}, reaches clients of ${client}`, (_, forms) => {
        const { whole, streamed, lost } = answered(client, wire, ANSWER[wire](...forms[wire]));
        expect(lost).toEqual([]);
        for (const body of [whole, streamed]) {
          const told = before[client](body);
          expect(told).toHaveLength(forms[client].length);
          if (client === wire) expect(told).toEqual(forms[wire]);
          else expect(withoutIds(told)).toEqual(withoutIds(forms[client]));
        }
      });

  test('by Claude at the same time is told with what each printed', () => {
    const [first, one] = blocks('srvtoolu_1', { stdout: '1' });
    const [second, two] = blocks('srvtoolu_2', { stdout: '2' });
    const body = message(...[first, second, one, two].filter((block) => block !== undefined));
    for (const told of Object.values(answered('gemini', 'anthropic-messages', body)).slice(0, 2))
      expect(before.gemini(asObject(told) ?? {})).toEqual([...parts('1'), ...parts('2')]);
    for (const told of Object.values(answered('openai-responses', 'anthropic-messages', body)).slice(0, 2))
      expect(before['openai-responses'](asObject(told) ?? {})).toEqual([
        item('ci_srvtoolu_1', '1'),
        item('ci_srvtoolu_2', '2'),
      ]);
  });

  test.each<[what: string, input: JsonObject, result: JsonObject, told: JsonObject[]]>([
    [
      'what it saw of it',
      { command: 'view', path: "/tmp/it's" },
      { type: 'text_editor_code_execution_view_result', file_type: 'text', content: 'a' },
      parts('a', 'OUTCOME_OK', String.raw`%%bash${'\n'}cat '/tmp/it'\''s'`),
    ],
    [
      'what it changed',
      { command: 'str_replace', path: FILE, old_str: 'a"', new_str: 'b' },
      { type: 'text_editor_code_execution_str_replace_result', lines: ['-a"', '+b'] },
      parts(
        '-a"\n+b',
        'OUTCOME_OK',
        String.raw`from pathlib import Path
file = Path("/tmp/a.txt")
file.write_text(file.read_text().replace("a\"", "b", 1))`,
      ),
    ],
    [
      'that it could not',
      { command: 'create', path: FILE, file_text: '' },
      {
        ...{ type: 'text_editor_code_execution_tool_result_error', error_code: 'unavailable' },
        error_message: 'no',
      },
      parts('no', 'OUTCOME_FAILED', `%%writefile ${FILE}\n`),
    ],
    [
      'that it could not, by a code alone',
      { command: 'create', path: FILE, file_text: '' },
      { type: 'text_editor_code_execution_tool_result_error', error_code: 'unavailable' },
      parts('unavailable', 'OUTCOME_FAILED', `%%writefile ${FILE}\n`),
    ],
  ])("of a file in Claude's editor is told as code that does the same: %s", (_, input, content, told) => {
    const name = 'text_editor_code_execution';
    const body = message(
      { type: 'server_tool_use', id: 'srvtoolu_1', name, input },
      { type: `${name}_tool_result`, tool_use_id: 'srvtoolu_1', content },
    );
    const { whole, lost } = answered('gemini', 'anthropic-messages', body);
    expect(before.gemini(whole)).toEqual(told);
    expect(lost).toEqual([]);
  });

  test('of a file that is written, with what was printed, is told with it', () => {
    const code = `%%writefile ${FILE}\na`;
    const { whole, streamed } = answered(
      'anthropic-messages',
      'gemini',
      candidate(...parts('Writing', 'OUTCOME_OK', code)),
    );
    for (const body of [whole, streamed])
      expect(withoutIds(before['anthropic-messages'](body))).toEqual(
        withoutIds(blocks('srvtoolu_1', { input: { code }, stdout: 'Writing' })),
      );
  });

  test('and drew an image is told with it where the client can show it', () => {
    const drawn = item('ci_1', '1', { container_id: 'cntr_1' });
    const body = response({ ...drawn, outputs: [{ type: 'image', url: 'data:image/png;base64,aGk=' }] });
    const { whole, streamed } = answered('gemini', 'openai-responses', body);
    const image = { inlineData: { mimeType: 'image/png', data: 'aGk=' } };
    for (const told of [whole, streamed]) expect(before.gemini(told)).toEqual([...parts(''), image]);
    const { lost } = answered('anthropic-messages', 'openai-responses', body);
    expect(lost).toEqual(['tools.code_interpreter.image']);
  });

  test("and was signed by Google names the signature as lost to other dialects' clients", () => {
    const [call, result] = parts('1');
    const signed = { ...call, thoughtSignature: 'c2ln' };
    for (const client of ['anthropic-messages', 'openai-responses'] as const) {
      const { whole, lost } = answered(client, 'gemini', candidate(signed, result ?? {}));
      expect(withoutIds(before[client](whole))).toEqual(withoutIds(FORMS[0]?.[1][client] ?? []));
      expect(lost).toEqual(['thought_signature']);
    }
  });

  test('and was given an id that Anthropic would refuse has another one', () => {
    const [call, result] = parts('1');
    const id = 'a:1';
    const body = candidate(
      { executableCode: { ...call?.executableCode, id } },
      { codeExecutionResult: { ...result?.codeExecutionResult, id } },
    );
    const [told, said] = before['anthropic-messages'](answered('anthropic-messages', 'gemini', body).whole);
    expect(asObject(told)?.id).toMatch(/^srvtoolu_code-[a-zA-Z0-9_-]+$/);
    expect(asObject(said)?.tool_use_id).toBe(asObject(told)?.id ?? null);
  });

  test('by OpenAI, and of which the output was not kept, or is of another kind, says so', () => {
    const ran = item('ci_1', '', { container_id: 'cntr_1' });
    const told = (outputs: JsonValue) =>
      answered('gemini', 'openai-responses', response({ ...ran, outputs }));
    expect(before.gemini(told(null).whole)).toEqual(parts('(The output was not kept.)'));
    const other = told([{ type: 'logs', logs: '1' }, { type: 'table' }]);
    expect(before.gemini(other.whole)).toEqual(parts('1'));
    expect(other.lost).toEqual(['tools.code_interpreter.outputs']);
  });

  test("and looked at an image in Claude's editor names it as lost", () => {
    const name = 'text_editor_code_execution';
    const body = message(
      { type: 'server_tool_use', id: 'srvtoolu_1', name, input: { command: 'view', path: FILE } },
      {
        ...{ type: `${name}_tool_result`, tool_use_id: 'srvtoolu_1' },
        content: { type: `${name}_view_result`, file_type: 'image', content: 'aGk=' },
      },
    );
    const { whole, lost } = answered('gemini', 'anthropic-messages', body);
    expect(before.gemini(whole)).toEqual(parts('', 'OUTCOME_OK', `%%bash\ncat '${FILE}'`));
    expect(lost).toEqual([`tools.${name}.content`]);
  });

  test('and left files, or what only its provider can read, names these as lost', () => {
    const [call, result] = blocks('srvtoolu_1', { stdout: '1' });
    const told = (content: JsonObject) =>
      answered(
        'openai-responses',
        'anthropic-messages',
        message(call ?? {}, { ...result, content: { ...asObject(result?.content), ...content } }),
      );
    const files = told({ content: [{ type: 'code_execution_output', file_id: 'file_1' }] });
    expect(files.lost).toEqual(['tools.code_execution.content']);
    const sealed = told({ type: 'encrypted_code_execution_result', stdout: null, encrypted_stdout: 'x' });
    expect(sealed.lost).toEqual(['tools.code_execution.encrypted_stdout']);
    expect(JSON.stringify(sealed.whole)).toContain('encrypted.)');
  });

  test.each<[client: Speaker, wire: Speaker, name: string, body: JsonObject]>([
    ['gemini', 'anthropic-messages', 'code_execution', message(...blocks('srvtoolu_1', {}).slice(0, 1))],
    ['anthropic-messages', 'gemini', 'code_execution', candidate(...parts('').slice(0, 1))],
    [
      'anthropic-messages',
      'openai-responses',
      'code_interpreter',
      response(item('ci_1', '', { status: 'incomplete', container_id: 'cntr_1' })),
    ],
    ['openai-responses', 'gemini', 'code_execution', candidate(...parts('').slice(0, 1))],
  ])('and did not end is lost by name: to %s by %s', (client, wire, name, body) => {
    const { whole, lost } = answered(client, wire, body);
    expect(before[client](whole)).toEqual([]);
    expect(lost).toEqual([`tools.${name}`]);
  });

  test('is lost by name to clients of Chat Completions', () => {
    const { lost } = answered('openai-chat', 'gemini', candidate(...parts('1')));
    expect(lost).toEqual(['tools.code_execution']);
  });
});

/** Ids and containers are of their own provider. */
function withoutIds(told: readonly JsonValue[]): JsonValue[] {
  return told.map((each) => {
    const { id: _, tool_use_id: __, container_id: ___, ...rest } = asObject(each) ?? {};
    return rest;
  });
}

describe('what was run in the turn before', () => {
  const TOOLS: Record<Speaker, JsonObject> = {
    'anthropic-messages': CLAUDES,
    'openai-responses': OPENAIS,
    gemini: GOOGLES,
  };
  /** The client's next request: what it was told, and a question. */
  function next(
    client: Speaker,
    told: readonly JsonValue[],
    wire: ProviderDialectId,
    tools = [TOOLS[client]],
  ) {
    const go = 'go on';
    const asks: Record<Speaker, JsonObject> = {
      'anthropic-messages': {
        messages: [
          ...HELLO,
          { role: 'assistant', content: [...told, { type: 'text', text: SAID }] },
          { role: 'user', content: go },
        ],
      },
      'openai-responses': {
        input: [...HELLO, ...told, { role: 'assistant', content: SAID }, { role: 'user', content: go }],
      },
      gemini: {
        contents: [
          { role: 'user', parts: [{ text: 'hi' }] },
          { role: 'model', parts: [...told, { text: SAID }] },
          { role: 'user', parts: [{ text: go }] },
        ],
      },
    };
    const { body, names } = asked(client, tools, wire, undefined, {}, asks[client]);
    const turns = asArray(body.messages) ?? asArray(body.input) ?? asArray(body.contents) ?? [];
    const answer = turns.slice(1, -1).flatMap((turn) => {
      const { role, content = turn, parts: list } = asObject(turn) ?? {};
      return role === undefined ? [turn] : (asArray(content) ?? asArray(list) ?? [content]);
    });
    return { answer, names, text: JSON.stringify(answer) };
  }

  const told = (client: Speaker, wire: Speaker, run: JsonObject[]) =>
    before[client](answered(client, wire, ANSWER[wire](...run)).whole);

  test.each(FORMS)('by Claude, %s, goes back to it from clients of Responses', (_, forms) => {
    const run = forms['anthropic-messages'];
    const { answer, names } = next(
      'openai-responses',
      told('openai-responses', 'anthropic-messages', run),
      'anthropic-messages',
    );
    expect(answer).toEqual([...run, { type: 'text', text: SAID }]);
    expect(names).toEqual(['approximated tools.code_interpreter']);
  });

  for (const client of ['anthropic-messages', 'openai-responses'] as const)
    test.each(FORMS)(`by Google, %s, goes back to it from clients of ${client}`, (_, forms) => {
      const { answer } = next(client, told(client, 'gemini', forms.gemini), 'gemini');
      expect(answer).toEqual([...forms.gemini, { text: SAID }]);
    });

  const IN_WORDS =
    '(Here this code was run, in a place that is gone:\nprint(1)\nIt ended, and printed:\n1)\n\n';
  test.each<[client: Speaker, ran: Speaker, wire: ProviderDialectId]>([
    ['anthropic-messages', 'openai-responses', 'openai-responses'],
    ['gemini', 'openai-responses', 'openai-responses'],
    ['gemini', 'anthropic-messages', 'anthropic-messages'],
    ['anthropic-messages', 'gemini', 'anthropic-messages'],
    ['openai-responses', 'openai-responses', 'anthropic-messages'],
    ['anthropic-messages', 'anthropic-messages', 'openai-responses'],
    ['anthropic-messages', 'openai-responses', 'openai-chat'],
    ['openai-responses', 'openai-responses', 'ollama-chat'],
    ['gemini', 'gemini', 'bedrock-converse'],
  ])('is told to %s by %s, and in words to %s, which cannot take it back', (client, ran, wire) => {
    const [, forms] = FORMS[0] ?? [];
    const { text, names } = next(client, told(client, ran, forms?.[ran] ?? []), wire);
    expect(text).toContain(JSON.stringify(IN_WORDS).slice(1, -1));
    expect(text).not.toContain('server_tool_use');
    expect(text).not.toContain('code_interpreter_call');
    expect(names).toContainEqual(
      expect.stringMatching(/^approximated assistant\.code_(execution|interpreter)$/),
    );
  });

  test('is told in words as failed, and without what it drew', () => {
    const failed = item('ci_1', 'no', { container_id: 'cntr_1', status: 'failed' });
    expect(next('openai-responses', [failed], 'openai-chat').text).toContain(
      String.raw`It failed, and printed:\nno)`,
    );
    const drawn = { ...item('ci_1', '', { container_id: 'cntr_1' }) };
    drawn.outputs = [{ type: 'image', url: 'data:image/png;base64,aGk=' }];
    expect(next('openai-responses', [drawn], 'openai-chat').names).toContain(
      'lost tools.code_interpreter.image',
    );
  });

  test('goes back to Google with what it drew, and is lost by name where it did not end', () => {
    const drawn = item('ci_1', '', { container_id: 'cntr_1' });
    drawn.outputs = [{ type: 'image', url: 'data:image/png;base64,aGk=' }, { type: 'table' }];
    const back = next('openai-responses', [drawn], 'gemini');
    expect(back.answer).toEqual([
      ...parts(''),
      { inlineData: { mimeType: 'image/png', data: 'aGk=' } },
      { text: SAID },
    ]);
    expect(back.names).toContain('lost tools.code_interpreter.outputs');
    const [open] = blocks('srvtoolu_1', {});
    expect(next('anthropic-messages', [open ?? {}], 'gemini').names).toContain('lost tools.code_execution');
  });

  test("of Google's goes back as it is where no code can be run any more", () => {
    expect(next('gemini', parts('1'), 'gemini', []).answer).toEqual([...parts('1'), { text: SAID }]);
  });

  test('goes as words where no code can be run any more', () => {
    const [, forms] = FORMS[0] ?? [];
    const ofClaude = told('openai-responses', 'anthropic-messages', forms?.['anthropic-messages'] ?? []);
    expect(next('openai-responses', ofClaude, 'anthropic-messages', []).text).not.toContain(
      'server_tool_use',
    );
    const ofGoogle = told('openai-responses', 'gemini', forms?.gemini ?? []);
    expect(next('openai-responses', ofGoogle, 'gemini', []).text).not.toContain('executableCode');
  });

  test('stands apart in words from another run, and from the text behind what it drew', () => {
    const drawn = { inlineData: { mimeType: 'image/png', data: 'QUJD' } };
    const { answer } = next('gemini', [...parts('1'), ...parts('1'), drawn], 'openai-responses');
    expect(answer).toEqual([IN_WORDS + IN_WORDS + SAID]);
  });

  test('goes as words to OpenAI where another ran it, though the client speaks its dialect', () => {
    const [, forms] = FORMS[0] ?? [];
    const made = told('openai-responses', 'gemini', forms?.gemini ?? []);
    const { edits, losses } = PROVIDER_SIDES['openai-responses'].passthrough;
    const own = item('ci_1', '1', { container_id: 'cntr_1' });
    const body = { model: 'gpt-5', input: [...HELLO, ...made, own] };
    expect(asArray(edits(body, {}).input)?.slice(1)).toEqual([
      { type: 'message', role: 'assistant', content: IN_WORDS.trimEnd() },
      own,
    ]);
    expect(losses?.(body, {})).toEqual([
      { feature: 'assistant.code_interpreter', outcome: 'approximated', how: 'given as text' },
    ]);
    expect(edits({ ...body, input: [...HELLO, own] }, {})).toEqual({});
  });
});

test('what code printed is asked of OpenAI, which does not tell it by itself', () => {
  const { body } = asked('anthropic-messages', [CLAUDES], 'openai-responses');
  expect(body.include).toContain('code_interpreter_call.outputs');
  expect(asked('anthropic-messages', [], 'openai-responses').body.include).not.toContain(
    'code_interpreter_call.outputs',
  );
});

test('the AI SDK knows of each run in a stream of Responses', async () => {
  const neutral = PROVIDER_SIDES.gemini.parseResponse(candidate(...parts('1')));
  const encoder = DIALECTS['openai-responses'].client.createStreamEncoder({
    ...{ requestId: 'r', model: 'm', created: 1, includeUsage: true },
  });
  const sse = responseToEvents(neutral)
    .map((event) => encoder.encode(event))
    .join('');
  const provider = createOpenAI({
    apiKey: 'unused',
    fetch: Object.assign(
      async () => new Response(sse, { headers: { 'content-type': 'text/event-stream' } }),
      { preconnect() {} },
    ),
  });
  const { steps } = streamText({
    model: provider.responses('gpt-5'),
    prompt: 'hi',
    tools: { code_interpreter: provider.tools.codeInterpreter() },
  });
  const [step] = await steps;
  expect(step?.toolCalls).toMatchObject([{ toolName: 'code_interpreter', input: { code: CODE } }]);
  expect(step?.toolResults).toMatchObject([{ output: { outputs: [{ type: 'logs', logs: '1' }] } }]);
});

describe('a tool that the provider runs, and that must be called', () => {
  const SEARCH = { type: 'web_search_20250305', name: 'web_search' };
  const PREVIEW = { type: 'web_search_preview' };
  const forced = (client: Speaker, tool: JsonObject, wire: ProviderDialectId) => {
    const choice = client === 'openai-responses' ? { type: tool.type } : { type: 'tool', name: tool.name };
    return asked(client, [tool], wire, undefined, {}, { tool_choice: choice });
  };

  test.each<[client: Speaker, tool: JsonObject, wire: ProviderDialectId, choice: JsonObject]>([
    // As Claude Code has the web searched.
    ['anthropic-messages', SEARCH, 'openai-responses', { type: 'web_search' }],
    ['anthropic-messages', CLAUDES, 'openai-responses', { type: 'code_interpreter' }],
    ['openai-responses', PREVIEW, 'anthropic-messages', { type: 'tool', name: 'web_search' }],
    ['openai-responses', OPENAIS, 'anthropic-messages', { type: 'tool', name: 'code_execution' }],
    ['openai-responses', PREVIEW, 'openai-responses', { type: 'web_search_preview' }],
    ['anthropic-messages', SEARCH, 'anthropic-messages', { type: 'tool', name: 'web_search' }],
  ])('of %s: %j, at %s', (client, tool, wire, choice) => {
    const { body, names } = forced(client, tool, wire);
    expect(body.tool_choice).toEqual(choice);
    expect(names).not.toContain('lost tool_choice');
  });

  test.each<[client: Speaker, tool: JsonObject, wire: ProviderDialectId]>([
    ['anthropic-messages', { ...SEARCH, blocked_domains: ['a.test'] }, 'openai-responses'],
    ['openai-responses', { type: 'file_search', vector_store_ids: ['vs_1'] }, 'anthropic-messages'],
    ['openai-responses', OPENAIS, 'gemini'],
    ['openai-responses', PREVIEW, 'openai-chat'],
    ['openai-responses', PREVIEW, 'bedrock-converse'],
  ])(
    'is chosen by nobody where it is not sent, or cannot be chosen: of %s, %j, at %s',
    (client, tool, wire) => {
      const { body, names } = forced(client, tool, wire);
      expect(body.tool_choice).toBeUndefined();
      expect(names).toContain('lost tool_choice');
    },
  );

  test.each<ProviderDialectId>(['anthropic-messages', 'openai-chat', 'bedrock-converse', 'gemini'])(
    'is chosen by nobody where none at all is sent, as one of those of which any is to be called, at %s',
    (wire) => {
      const files = { type: 'file_search', vector_store_ids: ['vs_1'] };
      const choice = { tool_choice: 'required' };
      const { body, names } = asked('openai-responses', [files], wire, undefined, {}, choice);
      expect([body.tools, body.tool_choice, body.toolConfig]).toEqual([undefined, undefined, undefined]);
      expect(names).toContain('lost tool_choice');
    },
  );

  test('is chosen by nobody where it is one of several MCP servers', () => {
    const server = (server_label: string) => ({
      ...{ type: 'mcp', server_label, server_url: `https://${server_label}.test/` },
      require_approval: 'never',
    });
    const choice = { tool_choice: { type: 'mcp' } };
    const servers = [server('one'), server('two')];
    const { body, names } = asked('openai-responses', servers, 'anthropic-messages', undefined, {}, choice);
    expect(body.tool_choice).toBeUndefined();
    expect(names).toContain('lost tool_choice');
  });
});
