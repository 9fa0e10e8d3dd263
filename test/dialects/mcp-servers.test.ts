// MCP servers that a client has the provider call: OpenAI's `mcp` and Anthropic's `mcp_servers` become each other where no tool may be
// called that the client has excluded, or wants to be asked about; the calls reach the client, and come back in the next turn.
import { describe, expect, test } from 'bun:test';
import { encodeStreamed, encodeWhole } from '../../scripts/fidelity/probe-answer.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { fitToolNames, restoreToolNames } from '../../src/dialects/shared/tools/tool-names.ts';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';

const ANTHROPIC = 'anthropic-messages';
const OPENAI = 'openai-responses';
const HELLO = [{ role: 'user', content: 'hi' }];
const ASKS = {
  [ANTHROPIC]: { model: 'm', max_tokens: 99, messages: HELLO },
  [OPENAI]: { model: 'm', input: HELLO },
} as const;
const MODELS: Partial<Record<ProviderDialectId, string>> = {
  [ANTHROPIC]: 'claude-sonnet-4-5',
  'bedrock-invoke': 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  'bedrock-converse': 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  [OPENAI]: 'gpt-5',
};

type Client = keyof typeof ASKS;

function parsed(client: Client, more: JsonObject) {
  const route = { operation: 'generate', model: 'm', stream: false } as const;
  return DIALECTS[client].client.parseRequest({ ...ASKS[client], ...more }, route);
}

function asked(
  client: Client,
  more: JsonObject,
  wire: ProviderDialectId,
  model = MODELS[wire] ?? 'm',
  quirks = {},
) {
  const side = PROVIDER_SIDES[wire];
  const { request, names: restored } = fitToolNames(parsed(client, more), side.toolNames);
  const { body, headers, losses } = side.buildRequest(request, { model, quirks });
  const names = losses.map(({ feature, outcome }) => `${outcome} ${feature}`);
  return { body, headers, names, losses, restored };
}

const URL = 'https://mcp.test/';
const SERVER = { type: 'url', name: 'notes', url: URL };
const TOOLSET = { type: 'mcp_toolset', mcp_server_name: 'notes' };
const MCP = { type: 'mcp', server_label: 'notes', server_url: URL, require_approval: 'never' };
const ONLY_FIND = { default_config: { enabled: false }, configs: { find: { enabled: true } } };

describe("Anthropic's servers at OpenAI", () => {
  const at = (server: JsonObject, toolset?: JsonObject) =>
    asked(
      ANTHROPIC,
      { mcp_servers: [{ ...SERVER, ...server }], ...(toolset && { tools: [{ ...TOOLSET, ...toolset }] }) },
      OPENAI,
    );

  test.each<[what: string, server: JsonObject, toolset: JsonObject | undefined, tool: JsonObject]>([
    ['with all of its tools', {}, {}, {}],
    ['with its token', { authorization_token: 'opaque' }, {}, { authorization: 'opaque' }],
    ['with some of its tools', {}, ONLY_FIND, { allowed_tools: ['find'] }],
    [
      'with those of a pinned list',
      {},
      { tools: [{ name: 'a' }, { name: 'b' }] },
      { allowed_tools: ['a', 'b'] },
    ],
    [
      'with a pinned list but for some',
      {},
      { tools: [{ name: 'a' }, { name: 'b' }], configs: { a: { enabled: false } } },
      { allowed_tools: ['b'] },
    ],
    [
      'as before there were sets of tools',
      { tool_configuration: { enabled: true, allowed_tools: ['find'] } },
      undefined,
      { allowed_tools: ['find'] },
    ],
  ])('%s', (_, server, toolset, tool) => {
    const { body, names } = at(server, toolset);
    expect(body.tools).toEqual([{ ...MCP, ...tool }]);
    expect(names).toEqual([]);
  });

  test.each<[why: string, server: JsonObject, toolset: JsonObject | undefined]>([
    ['which of its tools may not be called', {}, { configs: { drop: { enabled: false } } }],
    ['none of its tools', {}, { default_config: { enabled: false } }],
    ['none of its tools, in the older way', { tool_configuration: { enabled: false } }, undefined],
    ['another way to reach it', { type: 'tunnel' }, {}],
    ['limits in both ways', { tool_configuration: { allowed_tools: ['find'] } }, {}],
  ])('are lost where OpenAI cannot be told: %s', (_, server, toolset) => {
    const { body, names, losses } = at(server, toolset);
    expect(body.tools).toBeUndefined();
    expect(names).toEqual(['lost tools.notes']);
    expect(losses[0]?.how).toBeString();
  });

  test('which has other tools held back, has them from the start', () => {
    const { body, names } = at({}, { default_config: { defer_loading: true } });
    expect(body.tools).toEqual([MCP]);
    expect(names).toEqual(['lost tools.notes.defer_loading']);
  });

  test('of which a set is missing are named, too', () => {
    const { names } = asked(
      ANTHROPIC,
      { mcp_servers: [SERVER, { ...SERVER, name: 'other' }], tools: [TOOLSET] },
      OPENAI,
    );
    expect(names).toEqual(['lost mcp_servers', 'lost tools.notes']);
  });

  test.each([
    ['my notes', /^my_notes_[a-z0-9]+$/],
    ['2nd', /^n2nd_[a-z0-9]+$/],
    ['メモ', /^n___[a-z0-9]+$/],
  ])('have a name that OpenAI takes: %s', (name, taken) => {
    const more = {
      mcp_servers: [{ ...SERVER, name }],
      tools: [{ ...TOOLSET, mcp_server_name: name }],
    };
    const { body, restored } = asked(ANTHROPIC, more, OPENAI);
    const label = String(asObject(asArray(body.tools)?.[0])?.server_label);
    expect(label).toMatch(taken);
    const side = restoreToolNames(PROVIDER_SIDES[OPENAI], restored);
    const item = { ...CALL_ITEM, server_label: label };
    const [call] = side.parseResponse({ status: 'completed', output: [item] }).parts;
    expect(call).toMatchObject({ type: 'tool-call', name: 'find', mcpServer: name });
    expect(asked(ANTHROPIC, more, 'openai-chat').restored.size).toBe(0);
  });

  const FUNCTIONS = ['Read', 'Write'].map((name) => ({ name, input_schema: { type: 'object' } }));
  const takingAway = (tool: JsonObject): JsonObject => ({
    mcp_servers: [SERVER, { ...SERVER, name: 'other' }],
    tools: [...FUNCTIONS, TOOLSET, { ...TOOLSET, mcp_server_name: 'other' }],
    messages: [...HELLO, { role: 'system', content: [{ type: 'tool_removal', tool }] }],
  });

  test.each<[what: string, tool: JsonObject]>([
    ['all', { type: 'mcp_toolset_reference', server_name: 'notes' }],
    ['one', { type: 'mcp_tool_reference', server_name: 'notes', name: 'drop' }],
  ])('are lost where the conversation takes their tools away: %s', (_, tool) => {
    const { body, losses } = asked(ANTHROPIC, takingAway(tool), OPENAI);
    const servers = asArray(body.tools)?.filter((sent) => asObject(sent)?.type === 'mcp');
    expect(servers).toEqual([{ ...MCP, server_label: 'other' }]);
    expect(losses.find(({ feature }) => feature === 'tools.notes')?.how).toBeString();
  });

  test('may be called where the conversation takes another tool away', () => {
    const { body } = asked(ANTHROPIC, takingAway({ type: 'tool_reference', name: 'Write' }), OPENAI);
    expect(body.tool_choice).toEqual({
      ...{ type: 'allowed_tools', mode: 'auto' },
      tools: [
        { type: 'function', name: 'Read' },
        { type: 'mcp', server_label: 'notes' },
        { type: 'mcp', server_label: 'other' },
      ],
    });
  });
});

describe("OpenAI's servers at Anthropic", () => {
  const at = (tool: JsonObject) => asked(OPENAI, { tools: [{ ...MCP, ...tool }] }, ANTHROPIC);

  test.each<[what: string, tool: JsonObject, server: JsonObject, toolset: JsonObject]>([
    ['with all of its tools', {}, {}, {}],
    ['with its token', { authorization: 'opaque' }, { authorization_token: 'opaque' }, {}],
    [
      'with a token in a header',
      { headers: { Authorization: 'Bearer opaque' } },
      { authorization_token: 'opaque' },
      {},
    ],
    ['with some of its tools', { allowed_tools: ['find'] }, {}, ONLY_FIND],
    ['with some, in a filter', { allowed_tools: { tool_names: ['find'] } }, {}, ONLY_FIND],
  ])('%s', (_, tool, server, toolset) => {
    const { body, headers, names } = at(tool);
    expect(body.mcp_servers).toEqual([{ ...SERVER, ...server }]);
    expect(body.tools).toEqual([{ ...TOOLSET, ...toolset }]);
    expect(headers).toEqual({ 'anthropic-beta': 'mcp-client-2025-11-20' });
    expect(names).toEqual([]);
  });

  test('only those of its tools that need no approval may be called', () => {
    const { body, names } = at({
      require_approval: { never: { tool_names: ['find', 'list'] } },
      allowed_tools: ['find', 'drop'],
    });
    expect(body.tools).toEqual([{ ...TOOLSET, ...ONLY_FIND }]);
    expect(names).toEqual(['approximated tools.mcp']);
  });

  test.each<[what: string, allowed: JsonObject, toolset: JsonObject]>([
    ['a server', {}, {}],
    ['a tool of a server', { name: 'find' }, ONLY_FIND],
  ])('only those that the choice allows may be called: %s', (_, allowed, toolset) => {
    const choice = {
      type: 'allowed_tools',
      mode: 'auto',
      tools: [{ type: 'mcp', server_label: 'notes', ...allowed }],
    };
    const tools = [MCP, { ...MCP, server_label: 'other' }];
    const { body, names } = asked(OPENAI, { tools, tool_choice: choice }, ANTHROPIC);
    expect(body.tools).toEqual([{ ...TOOLSET, ...toolset }]);
    expect(body.mcp_servers).toEqual([SERVER]);
    expect(names).toEqual(['lost tools.mcp']);
    expect(asked(OPENAI, { tools, tool_choice: choice }, OPENAI).body).toMatchObject({
      tools,
      tool_choice: choice,
    });
  });

  test.each<[why: string, tool: JsonObject]>([
    ['calls need approval, which is the default', { require_approval: undefined }],
    ['calls need approval', { require_approval: 'always' }],
    ['some calls need approval', { require_approval: { always: { tool_names: ['drop'] } } }],
    ['approval by what a tool does', { require_approval: { never: { read_only: true } } }],
    ['tools by what they do', { allowed_tools: { read_only: true } }],
    ['headers', { headers: { 'x-readonly': 'true' } }],
    ['another kind of authorization', { headers: { authorization: 'Basic dXNlcjpw' } }],
    ['a connector', { server_url: undefined, connector_id: 'connector_gmail' }],
    ['an address that is not encrypted', { server_url: 'http://mcp.test/' }],
  ])('are lost where Anthropic cannot be told: %s', (_, tool) => {
    const { body, names, losses } = at(tool);
    expect(body.mcp_servers).toBeUndefined();
    expect(body.tools).toBeUndefined();
    expect(names).toEqual(['lost tools.mcp']);
    expect(losses[0]?.how).toBeString();
  });

  test('are as many beside tools that the conversation brings', () => {
    const tools = [MCP, { ...MCP, server_label: 'other' }];
    const brought = [
      { ...MCP, server_label: 'third' },
      { type: 'function', name: 'f', parameters: {} },
    ];
    const more = { tools, input: [{ type: 'additional_tools', tools: brought }, ...HELLO] };
    const { body } = asked(OPENAI, more, ANTHROPIC);
    expect(asArray(body.mcp_servers)?.map((server) => asObject(server)?.name)).toEqual([
      ...['notes', 'other', 'third'],
    ]);
    expect(asked(OPENAI, more, OPENAI).body.tools).toEqual(tools);
  });

  test('what only OpenAI reads of them is named', () => {
    const { names } = at({ server_description: 'Notes', allowed_callers: ['direct'], defer_loading: false });
    expect(names).toEqual(['lost tools.mcp.server_description']);
  });
});

test.each<[ProviderDialectId, string | undefined, JsonObject]>([
  [ANTHROPIC, 'kimi-k2.6', {}],
  [ANTHROPIC, 'claude-sonnet-4-5', { cloudMethods: true }],
  ['bedrock-invoke', undefined, {}],
  ['bedrock-converse', undefined, {}],
  ['openai-chat', 'gpt-5', {}],
  ['gemini', 'gemini-2.5-pro', {}],
])('a provider that calls no such servers gets none: %s, %s', (wire, model, quirks) => {
  const { body, names } = asked(OPENAI, { tools: [MCP] }, wire, model, quirks);
  expect(JSON.stringify(body)).not.toContain('mcp');
  expect(names).toEqual(['lost tools.mcp']);
});

test("nor does another vendor's model behind Responses", () => {
  const { body, names } = asked(ANTHROPIC, { mcp_servers: [SERVER], tools: [TOOLSET] }, OPENAI, 'qwen3-8b');
  expect(body.tools).toBeUndefined();
  expect(names).toEqual(['lost tools.notes']);
});

const CALL_BLOCK = {
  type: 'mcp_tool_use',
  id: 'mcp_1',
  name: 'find',
  server_name: 'notes',
  input: { q: 'a' },
};
const RESULT_BLOCK = {
  ...{ type: 'mcp_tool_result', tool_use_id: 'mcp_1', is_error: false },
  content: [{ type: 'text', text: 'found' }],
};
const CALL_ITEM = {
  ...{ id: 'mcp_1', type: 'mcp_call', status: 'completed', server_label: 'notes', name: 'find' },
  ...{ arguments: '{"q":"a"}', output: 'found', error: null },
};
const FAILED_BLOCK = { ...RESULT_BLOCK, is_error: true };
const FAILED_ITEM = {
  ...{ ...CALL_ITEM, status: 'failed', output: null },
  error: { type: 'mcp_tool_execution_error', content: [{ type: 'text', text: 'found' }] },
};

/** What a client reads of the provider's answer, whole and streamed, and the names of what it does not get. */
function read(client: DialectId, wire: ProviderDialectId, body: JsonObject) {
  const response = PROVIDER_SIDES[wire].parseResponse(body);
  const whole = encodeWhole(client, response);
  const streamed = encodeStreamed(client, response);
  expect(streamed.lost).toEqual(whole.lost);
  return { whole: whole.body, streamed: streamed.body, lost: whole.lost };
}

const SAID = 'Found it';
const message = (...content: JsonObject[]) => ({
  ...{
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    stop_reason: 'end_turn',
    stop_sequence: null,
  },
  ...{ content: [...content, { type: 'text', text: SAID }], usage: { input_tokens: 1, output_tokens: 1 } },
});
const response = (...output: JsonObject[]) => ({
  ...{ id: 'resp_1', object: 'response', status: 'completed', model: 'm' },
  output: [
    ...output,
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: SAID, annotations: [] }],
    },
  ],
});

describe('calls of their tools', () => {
  const second = { id: 'mcp_2', q: 'b' };
  const calls = [CALL_BLOCK, { ...CALL_BLOCK, id: second.id }];
  const results = [RESULT_BLOCK, { ...RESULT_BLOCK, tool_use_id: second.id }];

  test.each<[what: string, blocks: JsonObject[], items: JsonObject[]]>([
    ['that succeed', [CALL_BLOCK, RESULT_BLOCK], [CALL_ITEM]],
    ['that fail', [CALL_BLOCK, FAILED_BLOCK], [FAILED_ITEM]],
    ['at the same time', [...calls, ...results], [CALL_ITEM, { ...CALL_ITEM, id: second.id }]],
  ])('%s reach clients of Responses', (_, blocks, items) => {
    const { whole, streamed, lost } = read(OPENAI, ANTHROPIC, message(...blocks));
    for (const { output } of [whole, streamed]) {
      expect(asArray(output)?.slice(0, -1)).toEqual(items);
      expect(asArray(output)?.at(-1)).toMatchObject({ content: [{ text: SAID }] });
    }
    expect(lost).toEqual([]);
  });

  test.each<[what: string, item: JsonObject, blocks: JsonObject[]]>([
    ['that succeed', CALL_ITEM, [CALL_BLOCK, RESULT_BLOCK]],
    ['that fail', FAILED_ITEM, [CALL_BLOCK, FAILED_BLOCK]],
    [
      'that reach no server',
      { ...FAILED_ITEM, error: { type: 'http_error', code: 500, message: 'found' } },
      [CALL_BLOCK, FAILED_BLOCK],
    ],
    ['that fail with a text', { ...FAILED_ITEM, error: 'found' }, [CALL_BLOCK, FAILED_BLOCK]],
    ['that return nothing', { ...CALL_ITEM, output: '' }, [CALL_BLOCK, { ...RESULT_BLOCK, content: [] }]],
  ])("%s reach Anthropic's clients", (_, item, blocks) => {
    const { whole, streamed, lost } = read(ANTHROPIC, OPENAI, response(item));
    for (const { content } of [whole, streamed])
      expect(content).toEqual([...blocks, { type: 'text', text: SAID }]);
    expect(lost).toEqual([]);
  });

  test('without a result are named as lost', () => {
    for (const { whole, lost } of [
      read(OPENAI, ANTHROPIC, message(CALL_BLOCK)),
      read(ANTHROPIC, OPENAI, response({ ...CALL_ITEM, output: null, status: 'incomplete' })),
    ]) {
      expect(JSON.stringify(whole)).not.toContain('mcp_');
      expect(lost).toEqual(['tools.find']);
    }
  });

  test('of a dialect reach its own clients once, where the answer is built anew', () => {
    expect(read(OPENAI, OPENAI, response(CALL_ITEM)).whole.output).toHaveLength(2);
    expect(asArray(read(OPENAI, OPENAI, response(CALL_ITEM)).streamed.output)?.[0]).toEqual(CALL_ITEM);
    const { whole, streamed } = read(ANTHROPIC, ANTHROPIC, message(CALL_BLOCK, RESULT_BLOCK));
    expect(asArray(whole.content)?.slice(0, 2)).toEqual([CALL_BLOCK, RESULT_BLOCK]);
    expect(asArray(streamed.content)?.slice(0, 2)).toEqual([CALL_BLOCK, RESULT_BLOCK]);
  });
});

describe('calls of the turn before', () => {
  const talk = (content: JsonValue) => [
    ...HELLO,
    { role: 'assistant', content },
    { role: 'user', content: 'go on' },
  ];
  const blocks = [CALL_BLOCK, RESULT_BLOCK, { type: 'text', text: SAID }];
  const { status: _, error: __, ...item } = CALL_ITEM;
  const input = [...HELLO, item, { role: 'assistant', content: SAID }, { role: 'user', content: 'go on' }];

  test("go back to OpenAI as Anthropic's clients got them", () => {
    const more = { mcp_servers: [SERVER], tools: [TOOLSET], messages: talk(blocks) };
    const { body, names } = asked(ANTHROPIC, more, OPENAI);
    expect(asArray(body.input)?.slice(1, 3)).toMatchObject([CALL_ITEM, { role: 'assistant', content: SAID }]);
    expect(names).toEqual([]);
  });

  test('go back to Anthropic as clients of Responses got them', () => {
    const { body, names } = asked(OPENAI, { tools: [MCP], input }, ANTHROPIC);
    expect(asArray(body.messages)?.[1]).toEqual({ role: 'assistant', content: blocks });
    expect(names).toEqual([]);
  });

  test('are lost where their server is not declared', () => {
    expect(asked(OPENAI, { input }, ANTHROPIC).names).toEqual(['lost tools.find']);
    expect(asked(ANTHROPIC, { messages: talk(blocks) }, OPENAI).names).toEqual(['lost tools.find']);
  });

  test('go back to their own provider as they came', () => {
    expect(asked(OPENAI, { tools: [MCP], input }, OPENAI).body.input).toContainEqual(item);
    const { body } = asked(
      ANTHROPIC,
      { mcp_servers: [SERVER], tools: [TOOLSET], messages: talk(blocks) },
      ANTHROPIC,
    );
    expect(asArray(body.messages)?.[1]).toEqual({ role: 'assistant', content: blocks });
  });
});
