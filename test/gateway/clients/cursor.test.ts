// Cursor with a base URL of its user's own: by model and mode it posts to Chat Completions' path in words of OpenAI Responses
// and of Anthropic's, and reads Chat Completions. The shapes are those that it was seen to send.
import { describe, expect, test } from 'bun:test';
import type { JsonObject, JsonValue } from '../../../src/model/json/json.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const SCHEMA = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] };
const NESTED = { type: 'function', function: { name: 'Read', description: 'reads', parameters: SCHEMA } };
const FLAT = { type: 'function', name: 'Read', description: 'reads', parameters: SCHEMA };
const BARE = { name: 'Read', description: 'reads', input_schema: SCHEMA };
const GRAMMAR = { syntax: 'lark', definition: 'start: "*** Begin Patch"' };
const FLAT_PATCH = { type: 'custom', name: 'ApplyPatch', format: { type: 'grammar', ...GRAMMAR } };
const PATCH = {
  type: 'custom',
  custom: { name: 'ApplyPatch', format: { type: 'grammar', grammar: GRAMMAR } },
};

const call = (id: string, path: string) => ({
  id,
  type: 'function',
  function: { name: 'Read', arguments: JSON.stringify({ path }) },
});
const result = (id: string, content: JsonValue) => ({ role: 'tool', tool_call_id: id, content });

const ANSWERS: Record<string, object> = {
  chat: {
    id: 'c',
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  },
  messages: {
    id: 'msg',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [{ type: 'text', text: 'Hi' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 1, output_tokens: 1 },
  },
  embeddings: { object: 'list', model: 'm', data: [{ object: 'embedding', index: 0, embedding: [1] }] },
};

/** What one provider of each kind is asked where Cursor posts `body`, and the answer. */
async function post(body: object, path = '/v1/chat/completions', headers: Record<string, string> = {}) {
  const upstream = createReplayFetch(({ path: asked, json }) => {
    const kind = /\/(chat|embeddings|responses|messages)/.exec(asked)?.[1] ?? '';
    if (kind !== 'responses') return jsonReply(ANSWERS[kind] ?? {});
    return (json() as { stream?: boolean }).stream === true ? replyWith(STREAM) : jsonReply(COMPLETED);
  });
  const { gateway } = createTestGateway({ config: { providers: LAB_PROVIDERS }, fetch: upstream.fetch });
  const response = await gateway.fetch(
    new Request(`http://127.0.0.1:8088${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }),
  );
  const request = upstream.requests.at(-1);
  return {
    response,
    path: request?.path,
    asked: request?.json() as JsonObject | undefined,
    key: request?.headers.get('authorization') ?? request?.headers.get('x-api-key'),
  };
}

const OUTPUT = [
  {
    type: 'function_call',
    id: 'fc_1',
    call_id: 'call_1',
    name: 'Read',
    arguments: '{"path":"a"}',
    status: 'completed',
  },
];
const COMPLETED = {
  ...{ id: 'resp_1', object: 'response', created_at: 1, status: 'completed', model: 'm', output: OUTPUT },
  usage: { input_tokens: 5, output_tokens: 2, total_tokens: 7 },
};
const STREAM = [
  { type: 'response.created', response: { ...COMPLETED, status: 'in_progress', output: [] } },
  { type: 'response.output_item.added', output_index: 0, item: { ...OUTPUT[0], arguments: '' } },
  { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 0, delta: '{"path":"a"}' },
  { type: 'response.output_item.done', output_index: 0, item: OUTPUT[0] },
  { type: 'response.completed', response: COMPLETED },
]
  .map(
    (event, index) =>
      `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: index })}\n\n`,
  )
  .join('');

const IN_RESPONSES = {
  input: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'plain' },
    { role: 'user', content: [{ type: 'input_text', text: 'in parts' }] },
    { type: 'function_call', call_id: 'call_0', name: 'Read', arguments: '{"path":"a"}' },
    { type: 'function_call_output', call_id: 'call_0', output: 'A' },
  ],
  tools: [FLAT, FLAT_PATCH],
  include: ['reasoning.encrypted_content'],
  reasoning: { effort: 'medium', summary: 'auto' },
  store: false,
  stream_options: { include_usage: true },
};

describe('a body of Responses', () => {
  test('is asked of a provider of Responses, and answered in Chat Completions', async () => {
    const { response, path, asked, key } = await post(
      { model: 'responses/gpt-5.6', ...IN_RESPONSES, messages: [], stream: true },
      '/v1/chat/completions',
      { authorization: 'Bearer sk-of-the-client' },
    );
    expect(path).toBe('/v1/responses');
    expect(key).toBe('Bearer sk-of-the-client');
    expect(asked).toMatchObject({
      model: 'gpt-5.6',
      tools: [FLAT, FLAT_PATCH],
      reasoning: IN_RESPONSES.reasoning,
    });
    expect(asked).toHaveProperty('store', false);
    expect(asked).not.toHaveProperty('messages');
    expect(asked).not.toHaveProperty('stream_options.include_usage');
    const chunks = (await response.text())
      .split('\n\n')
      .filter((event) => event.startsWith('data: {'))
      .map(
        (event) => JSON.parse(event.slice(6)) as { object: string; usage?: object; choices: JsonObject[] },
      );
    expect(new Set(chunks.map(({ object }) => object))).toEqual(new Set(['chat.completion.chunk']));
    expect(JSON.stringify(chunks)).toContain(
      '"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"Read"',
    );
    expect(chunks.at(-2)?.choices[0]).toMatchObject({ finish_reason: 'tool_calls' });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } });
  });

  test('is answered whole as well', async () => {
    const { response } = await post({ model: 'responses/gpt-5.6', ...IN_RESPONSES });
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { tool_calls: [{ id: 'call_1' }] }, finish_reason: 'tool_calls' }],
    });
  });

  test('is translated for others', async () => {
    const { response, path, asked } = await post({ model: 'gpt/some', ...IN_RESPONSES });
    expect(path).toBe('/v1/chat/completions');
    expect(asked?.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'plain' },
      { role: 'user', content: 'in parts' },
      { role: 'assistant', content: null, tool_calls: [call('call_0', 'a')] },
      result('call_0', 'A'),
    ]);
    // A server that is not OpenAI's is not sure to know tools that take free text.
    expect(asked?.tools).toMatchObject([NESTED, { type: 'function', function: { name: 'ApplyPatch' } }]);
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'Hi' } }] });
    const claude = await post({ model: 'claude/some', ...IN_RESPONSES });
    expect(claude.path).toBe('/v1/messages');
    expect(await claude.response.json()).toMatchObject({ choices: [{ message: { content: 'Hi' } }] });
  });

  test('that is wrong is reported in the words of Chat Completions', async () => {
    const { response } = await post({ model: 'gpt/some', input: 5 });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringContaining('input'), param: 'input' },
    });
  });
});

const ASKED = { role: 'user', content: [{ type: 'text', text: 'Read them.' }] };
const CONVERSATION = [
  ASKED,
  {
    role: 'assistant',
    content: [
      { type: 'text', text: 'I do.' },
      { type: 'tool_use', id: 'toolu_1', name: 'Read', input: { path: 'a' } },
      { type: 'tool_use', id: 'toolu_2', name: 'Read', input: { path: 'b' } },
    ],
  },
  {
    role: 'user',
    content: [
      { type: 'tool_result', tool_use_id: 'toolu_1', content: 'A' },
      { type: 'tool_result', tool_use_id: 'toolu_2', content: [{ type: 'text', text: 'B' }] },
      { type: 'text', text: 'Go on.' },
    ],
  },
];
const IN_CHAT = [
  ASKED,
  {
    role: 'assistant',
    content: [{ type: 'text', text: 'I do.' }],
    tool_calls: [call('toolu_1', 'a'), call('toolu_2', 'b')],
  },
  result('toolu_1', 'A'),
  result('toolu_2', [{ type: 'text', text: 'B' }]),
  { role: 'user', content: [{ type: 'text', text: 'Go on.' }] },
];

test("Anthropic's tools, calls and results are converted to Chat's form, for every provider", async () => {
  const body = { messages: CONVERSATION, tools: [BARE], tool_choice: { type: 'tool', name: 'Read' } };
  const chat = await post({ model: 'gpt/some', ...body });
  expect(chat.asked).toEqual({
    model: 'some',
    messages: IN_CHAT,
    tools: [NESTED],
    tool_choice: { type: 'function', function: { name: 'Read' } },
  });
  const { asked } = await post({ model: 'claude/some', ...body });
  expect(asked).toMatchObject({
    messages: CONVERSATION.map(({ role }) => ({ role })),
    tools: [BARE],
    tool_choice: body.tool_choice,
  });
  expect(JSON.stringify(asked?.messages)).toContain('"type":"tool_result","tool_use_id":"toolu_2"');
});

test("a failed result in Anthropic's form is kept, and so is that calls come one at a time", async () => {
  const failed = (id: string, content: JsonValue) => ({
    type: 'tool_result',
    tool_use_id: id,
    is_error: true,
    content,
  });
  const ids = ['c1', 'c2', 'c3'];
  const { asked } = await post({
    model: 'gpt/some',
    messages: [
      ASKED,
      { role: 'assistant', content: ids.map((id) => ({ type: 'tool_use', id, name: 'Read', input: {} })) },
      {
        role: 'user',
        content: [failed('c1', 'no file'), failed('c2', [{ type: 'text', text: 'gone' }]), failed('c3', '')],
      },
    ],
    tools: [BARE],
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
  });
  const text = 'The tool call failed.';
  const messages = asked?.messages as JsonValue[] | undefined;
  expect(messages?.slice(2)).toEqual([
    result('c1', `${text}\n\nno file`),
    result('c2', [
      { type: 'text', text },
      { type: 'text', text: 'gone' },
    ]),
    result('c3', text),
  ]);
  expect(asked).toMatchObject({ tool_choice: 'auto', parallel_tool_calls: false });
});

test('flat tools among nested ones, and a list of nothing beside calls', async () => {
  const conversation = (content: JsonValue) => [
    { role: 'user', content: 'Read it.' },
    { role: 'assistant', content, tool_calls: [call('call_1', 'a')] },
    result('call_1', 'A'),
  ];
  const { asked } = await post({
    model: 'gpt/some',
    messages: conversation([]),
    tools: [NESTED, FLAT_PATCH],
    tool_choice: { type: 'custom', name: 'ApplyPatch' },
  });
  expect(asked?.messages).toEqual(conversation(null));
  expect(asked?.tools).toEqual([NESTED, PATCH]);
  expect(asked?.tool_choice).toEqual({ type: 'custom', custom: { name: 'ApplyPatch' } });
});

test('parts of Responses and pictures of Anthropic’s among the messages', async () => {
  const { asked } = await post({
    model: 'gpt/some',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is this?' },
          { type: 'input_image', image_url: 'https://pictures.test/a.png', detail: 'low' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'QUJD' } },
        ],
      },
    ],
  });
  expect(asked?.messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'https://pictures.test/a.png', detail: 'low' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,QUJD' } },
      ],
    },
  ]);
});

test('an embedding, whose text stands in `input`, is none of it', async () => {
  const { path, asked } = await post({ model: 'gpt/some', input: 'text' }, '/v1/embeddings');
  expect(path).toBe('/v1/embeddings');
  expect(asked).toEqual({ model: 'some', input: 'text' });
});
