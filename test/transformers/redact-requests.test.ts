// `redact` in requests: wherever a conversation holds text, and in calls where that is asked.
import { describe, expect, test } from 'bun:test';
import { asArray, type JsonObject } from '../../src/model/json/json.ts';
import { createTransformLab, type LabOptions, textAnswer } from '../support/transform-lab.ts';

const SECRET = 'sk-abcd1234';
const REDACT = { name: 'redact', patterns: ['sk-\\w{4,}'], direction: 'request' } as const;

/** A conversation that holds the secret in everything that can hold text. */
const TALK: JsonObject = {
  system: `The system has ${SECRET}.`,
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: `The user has ${SECRET}.` },
        {
          type: 'document',
          source: { type: 'text', media_type: 'text/plain', data: `The document has ${SECRET}.` },
        },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: `Thinking has ${SECRET}.`, signature: 'c2lnbmVk' },
        { type: 'text', text: `The model has ${SECRET}.` },
        { type: 'tool_use', id: 'toolu_1', name: 'look', input: { key: SECRET, list: [SECRET, 7] } },
      ],
    },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'toolu_1',
          content: `The result has ${SECRET}.`,
        },
      ],
    },
  ],
};

function labOf(dialect: LabOptions['dialect'], more: object = {}) {
  return createTransformLab({
    dialect,
    transformers: [{ ...REDACT, ...more }],
    answer: textAnswer('The answer has sk-efgh5678.'),
  });
}

describe('to a provider of the same dialect', () => {
  test('every text is clean; signed thinking and calls stay as they were', async () => {
    const lab = labOf('anthropic-messages');
    const got = await lab.ask('anthropic-messages', true, TALK);
    expect(got.error).toBeNull();
    expect(got.text()).toBe('The answer has sk-efgh5678.');
    const clean = JSON.parse(
      JSON.stringify(TALK).replaceAll(/(?<!Thinking )has sk-abcd1234/g, 'has [redacted]'),
    ) as JsonObject;
    expect(lab.sent().body).toMatchObject(clean);
    expect((await lab.row(0)).lost).toContain('messages (approximated: 5 matches replaced by redact)');
  });

  test.each([
    ['anthropic-messages', 'anthropic-messages'],
    ['openai-responses', 'openai-responses'],
    ['openai-responses', 'anthropic-messages'],
  ] as const)("what an MCP server's tool returned: %s, %s", async (dialect, client) => {
    const text = `The tool has ${SECRET}.`;
    const lab = labOf(dialect);
    const result = {
      type: 'mcp_tool_result',
      tool_use_id: 'mcp_1',
      is_error: false,
      content: [{ type: 'text', text }],
    };
    const call = { type: 'mcp_tool_use', id: 'mcp_1', name: 'find', server_name: 'notes', input: {} };
    const server = { server_label: 'notes', server_url: 'https://mcp.test/', require_approval: 'never' };
    const item = {
      type: 'mcp_call',
      id: 'mcp_1',
      name: 'find',
      server_label: 'notes',
      arguments: '{}',
      output: text,
    };
    const talks: Record<'anthropic-messages' | 'openai-responses', JsonObject> = {
      'anthropic-messages': {
        mcp_servers: [{ type: 'url', name: 'notes', url: 'https://mcp.test/' }],
        tools: [{ type: 'mcp_toolset', mcp_server_name: 'notes' }],
        messages: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: [call, result, { type: 'text', text: 'So' }] },
          { role: 'user', content: 'on' },
        ],
      },
      'openai-responses': {
        tools: [{ type: 'mcp', ...server }],
        input: [{ role: 'user', content: 'hi' }, item, { role: 'user', content: 'on' }],
      },
    };
    const got = await lab.ask(client, true, { ...talks[client], model: 'gpt-5' });
    expect(got.error).toBeNull();
    expect(lab.sent().text).toContain('The tool has [redacted].');
    expect(lab.sent().text).not.toContain(SECRET);
    expect((await lab.row(0)).lost).toContain('messages (approximated: 1 match replaced by redact)');
  });

  test("a result of an MCP server's tool belongs to its call, whatever its id looks like", async () => {
    const id = 'mcptoolu_sk-abcd1234';
    const lab = labOf('anthropic-messages');
    const call = { type: 'mcp_tool_use', id, name: 'find', server_name: 'notes', input: {} };
    const result = (content: string) => ({ type: 'mcp_tool_result', tool_use_id: id, content });
    await lab.ask('anthropic-messages', true, {
      mcp_servers: [{ type: 'url', name: 'notes', url: 'https://mcp.test/' }],
      tools: [{ type: 'mcp_toolset', mcp_server_name: 'notes' }],
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: [call, result(SECRET), { type: 'text', text: 'So' }] },
        { role: 'user', content: 'on' },
      ],
    });
    const sent = asArray(lab.sent().body.messages)?.[1];
    expect(sent).toMatchObject({ content: [call, result('[redacted]'), { text: 'So' }] });
  });

  test.each([
    ['gemini', 'gemini'],
    ['openai-responses', 'openai-responses'],
    ['gemini', 'openai-chat'],
  ] as const)(
    'with `tools` code that a provider ran too: of clients of %s at %s',
    async (client, dialect) => {
      const code = `print("${SECRET}")`;
      const talks: Record<'gemini' | 'openai-responses', JsonObject> = {
        gemini: {
          tools: [{ codeExecution: {} }],
          contents: [
            { role: 'user', parts: [{ text: 'hi' }] },
            {
              role: 'model',
              parts: [
                { executableCode: { language: 'PYTHON', code } },
                { codeExecutionResult: { outcome: 'OUTCOME_OK', output: SECRET } },
                { text: 'So' },
              ],
            },
            { role: 'user', parts: [{ text: 'on' }] },
          ],
        },
        'openai-responses': {
          input: [
            { role: 'user', content: 'hi' },
            { type: 'code_interpreter_call', id: 'ci_1', status: 'incomplete', code, container_id: 'cntr_1' },
            { role: 'user', content: 'on' },
          ],
        },
      };
      const lab = labOf(dialect, { tools: true });
      const got = await lab.ask(client, true, { ...talks[client], model: 'gpt-5' });
      expect(got.error).toBeNull();
      expect(lab.sent().text).toContain('[redacted]');
      expect(lab.sent().text).not.toContain(SECRET);
    },
  );

  test('with `tools` the arguments of calls too', async () => {
    const lab = labOf('anthropic-messages', { tools: true });
    await lab.ask('anthropic-messages', true, TALK);
    expect(lab.sent().text.match(/sk-abcd1234/g)).toHaveLength(1);
    expect(lab.sent().text).toContain(`Thinking has ${SECRET}`);
    expect(lab.sent().text).toContain('"input":{"key":"[redacted]","list":["[redacted]",7]}');
    expect((await lab.row(0)).lost).toContain('messages (approximated: 7 matches replaced by redact)');
  });

  test.each<JsonObject>([
    { reasoning_content: `Thought has ${SECRET}.` },
    { reasoning: `Thought has ${SECRET}.` },
    {
      reasoning: `Thought has ${SECRET}.`,
      reasoning_details: [{ type: 'reasoning.text', text: `Thought has ${SECRET}.`, format: null, index: 0 }],
    },
  ])('thinking of which the provider is not known to take any: %j', async (thinking) => {
    const lab = labOf('openai-chat');
    const messages = [
      { role: 'user', content: `The user has ${SECRET}.` },
      { role: 'assistant', content: 'Hello.', ...thinking, odd: 1 },
      { role: 'user', content: 'Go on.' },
    ];
    await lab.ask('openai-chat', true, { messages });
    const clean: unknown = JSON.parse(JSON.stringify(messages).replaceAll(SECRET, '[redacted]'));
    expect(lab.sent().body.messages).toEqual(clean as JsonObject[]);
  });

  test.each<JsonObject>([
    { type: 'document_url', document_url: 'https://example.com/a.pdf', document_name: 'a' },
    { type: 'file', file: { filename: 'a.txt', file_data: 'data:text/plain;base64,YWJj' } },
  ])('a document that the provider is not known to take: %j', async (document) => {
    const lab = labOf('openai-chat');
    const content = [{ type: 'text', text: `The user has ${SECRET}.` }, document];
    await lab.ask('openai-chat', true, { messages: [{ role: 'user', content }] });
    const clean = [{ type: 'text', text: 'The user has [redacted].' }, document];
    expect(lab.sent().body.messages).toEqual([{ role: 'user', content: clean }]);
  });
});

describe('thinking of Responses', () => {
  const sent = async (item: JsonObject) => {
    const lab = labOf('openai-responses');
    const said = { type: 'message', role: 'user', content: 'Go on.' };
    const answer = { type: 'message', role: 'assistant', content: 'Hello.' };
    await lab.ask('openai-responses', true, { input: [{ type: 'reasoning', ...item }, answer, said] });
    return lab.sent().body.input;
  };
  const spelled = { type: 'reasoning_text', text: `Thought has ${SECRET}.` };
  const summed = { type: 'summary_text', text: `Thought has ${SECRET}.` };

  test.each<JsonObject>([
    { summary: [], content: [spelled] },
    { id: 'rs_1', summary: [], content: [spelled] },
    { id: 'rs_1', summary: [summed] },
    // The provider reads what is encrypted, not the summary beside it.
    { id: 'rs_1', summary: [summed], encrypted_content: 'c2VhbGVk' },
  ])('is clean where nothing seals it: %j', async (item) => {
    const [thought] = asArray(await sent(item)) ?? [];
    expect(thought).toEqual(
      JSON.parse(JSON.stringify({ type: 'reasoning', ...item }).replaceAll(SECRET, '[redacted]')),
    );
  });

  test('stays as it was where it is encrypted', async () => {
    const item = { id: 'rs_1', summary: [], content: [spelled], encrypted_content: 'c2VhbGVk' };
    expect(asArray(await sent(item))?.[0]).toEqual({ type: 'reasoning', ...item });
  });
});

test.each(['anthropic-messages', 'openai-chat'] as const)(
  'what was found, a document in blocks and a summary of earlier turns, to a provider of %s',
  async (dialect) => {
    const lab = labOf(dialect);
    const said = [{ type: 'text', text: `It has ${SECRET}.` }];
    const messages = [
      {
        role: 'assistant',
        content: [{ type: 'compaction', content: `Summed up: ${SECRET}.`, signature: 'c2lnbmVk' }],
      },
      {
        role: 'user',
        content: [
          { type: 'search_result', source: `https://a.test/${SECRET}`, title: 'Found', content: said },
          { type: 'document', source: { type: 'content', content: said } },
        ],
      },
    ];
    expect((await lab.ask('anthropic-messages', false, { messages })).error).toBeNull();
    const { text } = lab.sent();
    expect(text).not.toContain(SECRET);
    for (const kept of ['Summed up: [redacted].', 'https://a.test/[redacted]', 'It has [redacted].', 'Found'])
      expect(text).toContain(kept);
    // The seal is of another text.
    expect(text).not.toContain('c2lnbmVk');
  },
);

describe('a document’s title and context, and what an earlier answer quotes', () => {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } };
  const pdf = (title: string) => ({
    type: 'document',
    title,
    source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
  });
  const plain = (message: string) => ({
    type: 'document',
    title: `Named ${message}`,
    context: `From ${message}`,
    source: { type: 'text', media_type: 'text/plain', data: 'plain' },
  });
  const quote = {
    type: 'char_location',
    document_index: 0,
    document_title: `Named ${SECRET}`,
    cited_text: `It says ${SECRET}`,
    start_char_index: 0,
    end_char_index: 3,
  };
  const messages = [
    { role: 'user', content: [plain(SECRET), pdf(`Scan of ${SECRET}`), image] },
    { role: 'assistant', content: [{ type: 'text', text: 'It does.', citations: [quote] }] },
    { role: 'user', content: 'Where?' },
  ];

  test('to a provider of the same dialect', async () => {
    const lab = labOf('anthropic-messages');
    expect((await lab.ask('anthropic-messages', false, { messages })).error).toBeNull();
    const [first] = lab.sent().body.messages as JsonObject[];
    expect(first?.content).toEqual([plain('[redacted]'), pdf('Scan of [redacted]'), image]);
    expect(lab.sent().text).not.toContain(SECRET);
    expect((await lab.row(0)).lost).toContain('messages (approximated: 5 matches replaced by redact)');
  });

  test.each(['openai-chat', 'openai-responses', 'gemini'] as const)('to one of %s', async (dialect) => {
    const lab = labOf(dialect);
    expect((await lab.ask('anthropic-messages', false, { messages })).error).toBeNull();
    expect(lab.sent().text).toContain('Named [redacted]');
    expect(lab.sent().text).not.toContain(SECRET);
  });
});

test.each([
  [`only ${SECRET}`, ['messages (approximated: 1 match replaced by redact)']],
  ['nothing', []],
])('the row counts what was replaced: %s', async (content, lost) => {
  const lab = labOf('anthropic-messages');
  await lab.ask('anthropic-messages', false, { messages: [{ role: 'user', content }] });
  expect((await lab.row(0)).lost).toEqual(lost);
});

test('to a provider of another dialect nothing is left', async () => {
  const lab = labOf('openai-chat', { tools: true });
  expect((await lab.ask('anthropic-messages', false, TALK)).error).toBeNull();
  expect(lab.sent().text).not.toContain(SECRET);
  expect(lab.sent().text.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(7);
});

test('a call in free text, and what the model refused', async () => {
  const lab = labOf('openai-chat', { tools: true });
  const messages = [
    { role: 'user', content: 'go on' },
    { role: 'assistant', content: null, refusal: `I will not say ${SECRET}.` },
    { role: 'user', content: 'call it then' },
    {
      role: 'assistant',
      tool_calls: [{ id: 'c1', type: 'custom', custom: { name: 'run', input: `key ${SECRET}` } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'ran' },
  ];
  expect((await lab.ask('openai-chat', false, { messages })).error).toBeNull();
  expect(lab.sent().text).not.toContain(SECRET);
  expect(lab.sent().text).toContain('I will not say [redacted].');
  expect(lab.sent().text).toContain('key [redacted]');
});

test('with `direction: answer` requests stay as they are', async () => {
  const lab = labOf('anthropic-messages', { direction: 'answer', tools: true });
  const got = await lab.ask('anthropic-messages', true, TALK);
  expect(got.text()).toBe('The answer has [redacted].');
  expect(lab.sent().body).toMatchObject(TALK);
});

test('what Codex’s agents tell each other, and what they search tools for', async () => {
  const ciphertext = `gAAAAABp${'Zm9v'.repeat(20)}==`;
  const input = [
    { role: 'user', content: 'hi' },
    { type: 'tool_search_call', execution: 'client', call_id: 'c1', arguments: { query: `${SECRET} tools` } },
    { type: 'tool_search_output', execution: 'client', call_id: 'c1', tools: [] },
    {
      type: 'agent_message',
      author: '/root',
      recipient: '/root/look',
      content: [
        { type: 'input_text', text: `Payload ${SECRET}:` },
        { type: 'encrypted_content', encrypted_content: `look for ${SECRET}` },
        { type: 'encrypted_content', encrypted_content: ciphertext },
      ],
    },
  ];
  const lab = labOf('openai-responses', { tools: true });
  expect((await lab.ask('openai-responses', false, { input })).error).toBeNull();
  const clean = JSON.parse(JSON.stringify(input).replaceAll(SECRET, '[redacted]')) as JsonObject[];
  expect(lab.sent().body.input).toEqual(clean);
  expect((await lab.row(0)).lost).toContain('messages (approximated: 3 matches replaced by redact)');
});
