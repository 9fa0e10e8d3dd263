// Requests of Messages clients in neutral form, and the words for those that are wrong.
import { describe, expect, test } from 'bun:test';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { callIdToWire, ownToken } from '../../../src/model/opaque-token.ts';

const ID = 'anthropic-messages' as const;
const own = (text: string) => ownToken(ID, text);
const BASE: JsonObject = { model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] };

const parse = (body: JsonObject) =>
  anthropicMessages.client.parseRequest({ ...BASE, ...body }, { operation: 'generate' });
const parts = (...content: JsonObject[]) =>
  parse({ messages: [{ role: 'user', content }] }).messages[0]?.parts;

test('the smallest request', () => {
  expect(parse({})).toEqual({
    model: 'm',
    stream: false,
    system: [],
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
    tools: [],
    maxOutputTokens: 10,
    extension: { dialect: ID, fields: {} },
  });
});

const FIELDS: [string, JsonObject, object][] = [
  ['stream', { stream: true }, { stream: true }],
  ['system as text', { system: 'be brief' }, { system: [{ type: 'text', text: 'be brief' }] }],
  [
    'system as blocks',
    { system: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }] },
    { system: [{ type: 'text', text: 'a', cacheControl: { type: 'ephemeral' } }] },
  ],
  [
    'sampling',
    { temperature: 0.5, top_p: 0.9, top_k: 40, stop_sequences: ['x'] },
    { temperature: 0.5, topP: 0.9, topK: 40, stopSequences: ['x'] },
  ],
  ['max_tokens 0, which fills the cache', { max_tokens: 0 }, { maxOutputTokens: 0 }],
  ['user', { metadata: { user_id: 'u' } }, { user: 'u', extension: { dialect: ID, fields: {} } }],
  ['other metadata', { metadata: { a: 1 } }, { extension: { dialect: ID, fields: { metadata: { a: 1 } } } }],
  ['service_tier', { service_tier: 'auto' }, { serviceTier: 'auto' }],
  [
    'null for left out',
    { system: null, tools: null, thinking: null, temperature: null },
    { system: [], tools: [] },
  ],
  [
    'thinking on',
    { thinking: { type: 'enabled', budget_tokens: 2000, display: 'omitted' } },
    { reasoning: { mode: 'on', budgetTokens: 2000, summary: 'omitted' } },
  ],
  ['thinking off', { thinking: { type: 'disabled' } }, { reasoning: { mode: 'off' } }],
  [
    'adaptive thinking with effort',
    { thinking: { type: 'adaptive' }, output_config: { effort: 'xhigh' } },
    { reasoning: { mode: 'adaptive', effort: 'xhigh' } },
  ],
  [
    'a form of thinking without a neutral word',
    { thinking: { type: 'between_tools' } },
    { extension: { dialect: ID, fields: { thinking: { type: 'between_tools' } } } },
  ],
  [
    'output format, with what else the field holds',
    {
      output_config: {
        format: { type: 'json_schema', schema: { type: 'object' } },
        task_budget: { total: 1 },
      },
    },
    {
      outputFormat: { type: 'json-schema', schema: { type: 'object' } },
      extension: { dialect: ID, fields: { output_config: { task_budget: { total: 1 } } } },
    },
  ],
  [
    'the older output_format',
    { output_format: { type: 'json_schema', schema: { type: 'object' } } },
    { outputFormat: { type: 'json-schema', schema: { type: 'object' } } },
  ],
  ['tool_choice any', { tool_choice: { type: 'any' } }, { toolChoice: { type: 'required' } }],
  ['tool_choice none', { tool_choice: { type: 'none' } }, { toolChoice: { type: 'none' } }],
  [
    'one named tool, one call at a time',
    { tool_choice: { type: 'tool', name: 't', disable_parallel_tool_use: true } },
    { toolChoice: { type: 'tool', name: 't' }, parallelToolCalls: false },
  ],
  [
    'a function tool',
    {
      tools: [
        {
          name: 't',
          description: 'd',
          input_schema: { type: 'object' },
          strict: true,
          cache_control: { type: 'e' },
        },
      ],
    },
    {
      tools: [
        {
          type: 'function',
          name: 't',
          description: 'd',
          parameters: { type: 'object' },
          strict: true,
          cacheControl: { type: 'e' },
        },
      ],
    },
  ],
  [
    'fields of a tool that only this dialect knows',
    { tools: [{ type: 'custom', name: 't', input_schema: {}, defer_loading: true }] },
    {
      tools: [
        {
          type: 'function',
          name: 't',
          parameters: {},
          extension: { dialect: ID, fields: { defer_loading: true } },
        },
      ],
    },
  ],
  [
    'arguments as they come, which are lost nowhere',
    { tools: [{ name: 't', input_schema: {}, defer_loading: true, eager_input_streaming: true }] },
    {
      tools: [
        {
          extension: {
            fields: { defer_loading: true, eager_input_streaming: true },
            defaults: ['eager_input_streaming'],
          },
        },
      ],
    },
  ],
  [
    'a server tool',
    { tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 2 }] },
    {
      tools: [
        {
          type: 'server',
          name: 'web_search',
          definition: {
            dialect: ID,
            fields: { type: 'web_search_20250305', name: 'web_search', max_uses: 2 },
          },
        },
      ],
    },
  ],
  [
    'a toolset, named by its server',
    { tools: [{ type: 'mcp_toolset', mcp_server_name: 'wiki' }] },
    { tools: [{ type: 'server', name: 'wiki' }] },
  ],
  [
    'fields without a neutral word',
    { context_management: { edits: [] }, mcp_servers: [{ name: 'wiki' }], container: 'c' },
    {
      extension: {
        dialect: ID,
        fields: { context_management: { edits: [] }, mcp_servers: [{ name: 'wiki' }], container: 'c' },
      },
    },
  ],
  [
    'a system message in the conversation, with a field of its own',
    { messages: [{ role: 'system', content: 'now', seen_by: 'all' }] },
    {
      messages: [
        {
          role: 'system',
          parts: [
            { type: 'text', text: 'now' },
            { type: 'opaque', dialect: ID, name: 'messages.seen_by', value: 'all' },
          ],
        },
      ],
    },
  ],
];

test.each(FIELDS)('%s', (_, body, expected) => {
  expect(parse(body)).toMatchObject(expected);
});

const BLOCKS: [string, JsonObject, object][] = [
  ['text', { type: 'text', text: 'a' }, { type: 'text', text: 'a' }],
  [
    'image as bytes',
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } },
    { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' } },
  ],
  [
    'image by URL',
    {
      type: 'image',
      source: { type: 'url', url: 'https://e.test/a.png' },
      cache_control: { type: 'ephemeral' },
    },
    {
      type: 'image',
      source: { kind: 'url', url: 'https://e.test/a.png' },
      cacheControl: { type: 'ephemeral' },
    },
  ],
  [
    'image by file',
    { type: 'image', source: { type: 'file', file_id: 'f' } },
    { type: 'image', source: { kind: 'file', id: 'f', dialect: ID } },
  ],
  [
    'document as bytes, titled, with citations on',
    {
      type: 'document',
      title: 'T',
      citations: { enabled: true },
      source: { type: 'base64', media_type: 'application/pdf', data: 'AA' },
    },
    {
      type: 'document',
      name: 'T',
      source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA' },
      cites: true,
    },
  ],
  [
    'document as text',
    { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a' } },
    { type: 'document', source: { kind: 'text', text: 'a' } },
  ],
  [
    'document as blocks of text, which others read as text',
    { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'a' }] } },
    {
      type: 'document',
      source: { kind: 'text', text: 'a' },
      extension: {
        dialect: ID,
        fields: { source: { type: 'content', content: [{ type: 'text', text: 'a' }] } },
      },
    },
  ],
  [
    'thinking',
    { type: 'thinking', thinking: 'a', signature: 's' },
    { type: 'reasoning', text: 'a', signature: own('s') },
  ],
  [
    'thinking that nobody signed',
    { type: 'thinking', thinking: 'a', signature: '' },
    { type: 'reasoning', text: 'a' },
  ],
  [
    'redacted thinking',
    { type: 'redacted_thinking', data: 'd' },
    { type: 'reasoning', text: '', redacted: own('d') },
  ],
  [
    'a call, with its caller',
    {
      type: 'tool_use',
      id: 'i',
      name: 'n',
      input: { a: 1 },
      caller: { type: 'code_execution_20250825', tool_id: 't' },
    },
    {
      type: 'tool-call',
      id: 'i',
      name: 'n',
      arguments: '{"a":1}',
      kind: 'function',
      extension: { dialect: ID, fields: { caller: { type: 'code_execution_20250825', tool_id: 't' } } },
    },
  ],
  [
    'a call of a server tool',
    { type: 'mcp_tool_use', id: 'i', name: 'n', input: {}, server_name: 's' },
    {
      type: 'tool-call',
      id: 'i',
      name: 'n',
      arguments: '{}',
      kind: 'server',
      mcpServer: 's',
      extension: {
        ...{ dialect: ID, fields: { type: 'mcp_tool_use', server_name: 's' } },
        defaults: ['server_name'],
      },
    },
  ],
  [
    'a result as text',
    { type: 'tool_result', tool_use_id: 'i', content: 'r', is_error: true },
    { type: 'tool-result', callId: 'i', content: [{ type: 'text', text: 'r' }], isError: true },
  ],
  [
    'an empty result',
    { type: 'tool_result', tool_use_id: 'i' },
    { type: 'tool-result', callId: 'i', content: [] },
  ],
  [
    'a result as blocks, one of them strange',
    {
      type: 'tool_result',
      tool_use_id: 'i',
      content: [
        { type: 'text', text: 'r' },
        { type: 'strange', of: 'x' },
      ],
    },
    {
      type: 'tool-result',
      callId: 'i',
      content: [
        { type: 'text', text: 'r' },
        {
          type: 'opaque',
          dialect: ID,
          name: 'strange',
          value: { type: 'strange', of: 'x' },
        },
      ],
    },
  ],
  [
    'the result of a server tool',
    { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
    {
      type: 'server-tool-result',
      callId: 'srvtoolu_1',
      dialect: ID,
      value: { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
    },
  ],
  [
    'a block without a neutral word',
    { type: 'container_upload', file_id: 'f' },
    {
      type: 'opaque',
      dialect: ID,
      name: 'container_upload',
      value: { type: 'container_upload', file_id: 'f' },
    },
  ],
];

test.each(BLOCKS)('block: %s', (_, block, expected) => {
  expect(parts(block)).toEqual([expected] as never);
});

test('every block goes back as it came', () => {
  const content = BLOCKS.map(([, block]) => block);
  const request = parse({ messages: [{ role: 'assistant', content }] });
  const { body, losses } = anthropicMessages.provider.buildRequest(request, {
    model: 'claude-opus-4-5',
    quirks: {},
  });
  const unsigned = { type: 'thinking', thinking: 'a', signature: '' };
  expect(body.messages).toEqual([
    { role: 'assistant', content: content.filter((block) => !Bun.deepEquals(block, unsigned)) },
  ]);
  expect(losses).toEqual([{ feature: 'reasoning', outcome: 'lost', how: expect.any(String) }]);
});

test("another dialect's tokens are found again, in opaque fields and on ids", () => {
  const token = ownToken('openai-chat', 't');
  const id = callIdToWire('c1', token);
  const wire = 'sluice:openai-chat:t';
  expect(
    parts(
      { type: 'thinking', thinking: '', signature: wire },
      { type: 'redacted_thinking', data: wire },
      { type: 'tool_use', id, name: 'f', input: {} },
      { type: 'tool_result', tool_use_id: id },
    ),
  ).toEqual([
    { type: 'reasoning', text: '', signature: token },
    { type: 'reasoning', text: '', redacted: token },
    { type: 'tool-call', id: 'c1', name: 'f', arguments: '{}', kind: 'function', signature: token },
    { type: 'tool-result', callId: 'c1', content: [] },
  ]);
});

test('a system message of settings alone goes back as it came', () => {
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'system', output_config: { effort: 'low' } },
  ];
  const { body } = anthropicMessages.provider.buildRequest(parse({ messages }), {
    model: 'claude-opus-5',
    quirks: {},
  });
  expect(body.messages).toEqual(messages);
});

describe('bad input', () => {
  const message = (fields: JsonObject) => ({ messages: [{ role: 'user', content: 'a' }, fields] });
  const block = (fields: JsonObject) => message({ role: 'user', content: [fields] });
  const BAD: [JsonObject, string][] = [
    [{ model: undefined }, 'model: is required and must be a string'],
    [{ model: 3 }, 'model: must be a string, not a number'],
    [{ model: '' }, 'model: must not be empty'],
    [{ messages: undefined }, 'messages: is required and must be an array'],
    [{ messages: 'hi' }, 'messages: must be an array, not a string'],
    [{ messages: [] }, 'messages: must contain at least one message'],
    [{ max_tokens: undefined }, 'max_tokens: is required: set a whole number'],
    [{ max_tokens: '5' }, 'max_tokens: must be a whole number'],
    [{ max_tokens: -1 }, 'max_tokens: must be a whole number'],
    [{ max_tokens: 1.5 }, 'max_tokens: must be a whole number'],
    [{ stream: 'yes' }, 'stream: must be true or false, not a string'],
    [{ temperature: '1' }, 'temperature: must be a number'],
    [{ stop_sequences: [1] }, 'stop_sequences.0: must be a string'],
    [{ system: 5 }, 'system: must be a string or an array of text blocks'],
    [{ system: [{ type: 'image' }] }, 'system.0.type: must be "text"'],
    [{ tools: {} }, 'tools: must be an array'],
    [{ tools: [{ input_schema: {} }] }, 'tools.0.name: is required'],
    [{ tools: [{ name: 't', input_schema: 'x' }] }, 'tools.0.input_schema: must be an object'],
    [{ tool_choice: 'auto' }, 'tool_choice: must be an object, not a string'],
    [{ tool_choice: { type: 'some' } }, 'tool_choice.type: "some" is not one of'],
    [{ tool_choice: { type: 'tool' } }, 'tool_choice.name: is required'],
    [{ thinking: true }, 'thinking: must be an object'],
    [{ thinking: { budget_tokens: 5 } }, 'thinking.type: is required'],
    [{ output_config: { format: { type: 'json_schema' } } }, 'output_config.format.schema: is required'],
    [{ metadata: 'u' }, 'metadata: must be an object'],
    [{ messages: ['hi'] }, 'messages.0: must be an object, not a string'],
    [message({ content: 'a' }), 'messages.1.role: is required'],
    [
      message({ role: 'tool', content: 'a' }),
      'messages.1.role: "tool" is not one of user, assistant, system',
    ],
    [message({ role: 'user' }), 'messages.1.content: is required'],
    [
      message({ role: 'user', content: 3 }),
      'messages.1.content: must be a string or an array of content blocks',
    ],
    [message({ role: 'user', content: ['a'] }), 'messages.1.content.0: must be an object'],
    [block({ text: 'a' }), 'messages.1.content.0.type: is required'],
    [block({ type: 'text' }), 'messages.1.content.0.text: is required'],
    [block({ type: 'tool_use', name: 'n' }), 'messages.1.content.0.id: is required'],
    [block({ type: 'tool_result', content: 'r' }), 'messages.1.content.0.tool_use_id: is required'],
    [block({ type: 'tool_result', tool_use_id: 'i', content: 7 }), 'messages.1.content.0.content: must be'],
  ];

  test.each(BAD)('%j', (body, problem) => {
    let thrown: unknown;
    try {
      parse(body);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(GatewayError);
    const error = thrown as GatewayError;
    expect(error.code).toBe('invalid_request');
    expect(error.message).toStartWith(problem);
  });
});
