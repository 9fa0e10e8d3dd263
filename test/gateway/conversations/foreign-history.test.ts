// Same dialect on both sides, but another dialect's provider answered before: the request is rebuilt without what
// that one left in the history, the answer still passes as bytes.
import { describe, expect, test } from 'bun:test';
import { asArray, asObject, type JsonObject } from '../../../src/model/json/json.ts';
import { callIdToWire, ownToken, tokenToWire } from '../../../src/model/opaque-token.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

// Spacing and fields that no rendering of ours has.
const CHAT_ANSWER = [
  { id: 'c', model: 'm', choices: [{ index: 0, delta: { content: 'so' }, finish_reason: null }], x_odd: 1 },
  { id: 'c', model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
].map((chunk) => `data:   ${JSON.stringify(chunk)}\n\n`);
const CHAT_USAGE = `data: ${JSON.stringify({ id: 'c', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } })}\n\n`;
const CHAT_DONE = 'data: [DONE]\n\n';

const MESSAGES_ANSWER = [
  { type: 'message_start', message: { id: 'm', model: 'c', usage: { input_tokens: 3 }, odd: 1 } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'so' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
  { type: 'message_stop' },
]
  .map((event) => `event: ${event.type}\ndata:   ${JSON.stringify(event)}\n\n`)
  .join('');

function setup(provider: keyof typeof LAB_PROVIDERS, answer: string) {
  const upstream = createReplayFetch(replyWith(answer));
  const lab = { ...LAB_PROVIDERS[provider], models: { asked: 'served' } };
  const config = { providers: { lab }, routing: { default_provider: 'lab' } };
  const gateway = createTestGateway({ config, fetch: upstream.fetch });
  const sent = () => upstream.requests[0]?.json() as JsonObject;
  return { ...gateway, upstream, sent };
}

describe('an Anthropic client back at an Anthropic provider', () => {
  const token = ownToken('openai-chat', 'secret-of-another');
  const wire = tokenToWire('anthropic-messages', token);
  const id = callIdToWire('call_1', token);
  const body = {
    model: 'asked',
    stream: true,
    max_tokens: 100,
    x_unknown: { deep: [1] },
    agent_type: 'tester',
    messages: [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'theirs', signature: wire },
          { type: 'redacted_thinking', data: wire },
          { type: 'thinking', thinking: 'its own', signature: 'own' },
          { type: 'tool_use', id, name: 'f', input: {} },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: '1' }] },
    ],
  };

  test('its provider reads what it would take, and the client its bytes', async () => {
    const { post, sent, row } = setup('claude', MESSAGES_ANSWER);
    const response = await post('/v1/messages', body);
    expect(await response.text()).toBe(MESSAGES_ANSWER);
    const { messages, ...rest } = sent();
    expect(rest).toEqual({ model: 'served', stream: true, max_tokens: 100, x_unknown: { deep: [1] } });
    expect(asArray(messages)?.slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'its own', signature: 'own' },
          { type: 'tool_use', id: 'call_1', name: 'f', input: {} },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: '1' }] },
    ]);
    expect(response.headers.get('x-sluice-lost')).toBe('reasoning, thought_signature');
    const { status, usage, lost } = await row(0);
    expect([status, usage.inputTokens, usage.outputTokens]).toEqual(['success', 3, 2]);
    expect(lost).toEqual(['reasoning', 'thought_signature']);
  });

  const unsigned = (model: string) => ({
    model,
    max_tokens: 100,
    x_unknown: 1,
    messages: [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'of one that does not sign', signature: '' },
          { type: 'text', text: 'said' },
        ],
      },
      { role: 'user', content: 'go on' },
    ],
  });

  test.each(['/v1/messages', '/v1/messages/count_tokens'])(
    'Claude does not get what nobody signed, which it would refuse: %s',
    async (path) => {
      const { post, sent } = setup('claude', MESSAGES_ANSWER);
      const response = await post(path, unsigned('claude-sonnet-4-5'));
      expect(response.headers.get('x-sluice-lost')).toBe('reasoning');
      const { messages, x_unknown: unknown } = sent();
      if (path === '/v1/messages') expect(unknown).toBe(1);
      expect(asArray(messages)?.[1]).toEqual({ role: 'assistant', content: 'said' });
    },
  );

  test('Claude does not get a search whose results nobody encrypted', async () => {
    const { post, sent } = setup('claude', MESSAGES_ANSWER);
    const ran = (id: string, encrypted_content: string) => [
      { type: 'server_tool_use', id, name: 'web_search', input: { query: 'sun' } },
      {
        type: 'web_search_tool_result',
        tool_use_id: id,
        content: [{ type: 'web_search_result', url: 'https://a.test', title: 'A', encrypted_content }],
      },
    ];
    const own = ran('srvtoolu_own', 'ZW5j');
    const text = { type: 'text', text: 'Found.' };
    const content = [...own, text, ...ran('srvtoolu_search-01a2', '')];
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content },
      { role: 'user', content: 'and?' },
    ];
    const response = await post('/v1/messages', { ...unsigned('claude-sonnet-4-5'), messages });
    expect(response.headers.get('x-sluice-lost')).toBe('tools.web_search');
    expect(asObject(asArray(sent().messages)?.[1])?.content).toEqual([...own, text]);
  });

  test('Claude does not get sources of another provider’s search, nor the empty text that held them behind a call', async () => {
    const { post, sent } = setup('claude', MESSAGES_ANSWER);
    const source = { type: 'web_search_result_location', url: 'https://a.test', title: 'A', cited_text: '' };
    const cites = (encrypted_index: string) => ({ citations: [{ ...source, encrypted_index }] });
    const own = { type: 'text', text: 'Claude found it.', ...cites('ZW5j') };
    await post('/v1/messages', {
      ...unsigned('claude-sonnet-4-5'),
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: [
            own,
            { type: 'text', text: 'Found.', ...cites('') },
            { type: 'text', text: '', ...cites('') },
          ],
        },
        { role: 'user', content: 'go on' },
      ],
    });
    expect(asArray(sent().messages)?.[1]).toEqual({
      role: 'assistant',
      content: [own, { type: 'text', text: 'Found.' }],
    });
  });

  // "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
  const called = (model: string, callId: string) => ({
    ...unsigned(model),
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: [{ type: 'tool_use', id: callId, name: 'f', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: callId, content: '1' }] },
    ],
  });

  test('Claude does not get ids of calls as Kimi gives them', async () => {
    const { post, sent } = setup('claude', MESSAGES_ANSWER);
    await post('/v1/messages', called('claude-sonnet-4-5', 'functions.f:0'));
    expect(sent().messages).toEqual(called('claude-sonnet-4-5', 'functions_f_0').messages);
  });

  // "`tool_use` ids must be unique"
  test('Claude does not get an id that a server gave to calls of two turns', async () => {
    const { post, sent } = setup('claude', MESSAGES_ANSWER);
    const begun = [...called('claude-opus-4-8', 'call_0').messages, { role: 'assistant', content: 'so' }];
    const goneOnWith = (callId: string) => [...begun, ...called('claude-opus-4-8', callId).messages];
    await post('/v1/messages', { ...unsigned('claude-opus-4-8'), messages: goneOnWith('call_0') });
    expect(sent().messages).toEqual(goneOnWith('call_0_2'));
  });

  const turn = (...content: JsonObject[]) => ({ role: 'assistant', content });
  const call = { type: 'tool_use', id: 'call_1', name: 'f', input: {} };
  const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: '1' }] };
  const goOn = { role: 'user', content: 'go on' };
  const goneOnWith = (model: string, ...messages: JsonObject[]) => ({
    ...unsigned(model),
    messages: [{ role: 'user', content: 'hi' }, ...messages],
  });

  // What it found is encrypted, as Claude's is, so that another id would not do.
  const searched = (model: string, callId: string) => {
    const search = { type: 'server_tool_use', id: callId, name: 'web_search', input: { query: 'q' } };
    const page = { type: 'web_search_result', url: 'https://a.example', title: 'A', encrypted_content: 'x' };
    const found = { type: 'web_search_tool_result', tool_use_id: callId, content: [page] };
    return goneOnWith(model, turn(search, found, { type: 'text', text: 'Found.' }), goOn);
  };

  // "server_tool_use.id: String should match pattern '^srvtoolu_[a-zA-Z0-9_]+$'"
  test('Claude does not get what another server searched for', async () => {
    const { post, sent } = setup('claude', MESSAGES_ANSWER);
    const response = await post('/v1/messages', searched('claude-opus-4-8', 'call_0'));
    expect(response.headers.get('x-sluice-lost')).toBe('tools.web_search');
    expect(asArray(sent().messages)?.[1]).toEqual({ role: 'assistant', content: 'Found.' });
  });

  // "text content blocks must contain non-whitespace text"
  test('Claude does not get white space for a text', async () => {
    const { post, sent } = setup('claude', MESSAGES_ANSWER);
    await post(
      '/v1/messages',
      goneOnWith('claude-opus-4-8', turn({ type: 'text', text: '\n\n' }, call), result),
    );
    expect(asArray(sent().messages)?.[1]).toEqual(turn(call));
  });

  // opencode sends a space for an empty text that Claude wrote: without it "thinking blocks cannot be modified".
  const space = { type: 'text', text: ' ' };
  const later = { type: 'thinking', thinking: 'so', signature: 'own, too' };

  test.each([
    [
      'between its own thoughts',
      [{ type: 'thinking', thinking: 'hm', signature: 'own' }, space, later, call],
    ],
    ['beside another text', [space, { type: 'text', text: 'so' }, call]],
  ])('white space %s passes', async (_, blocks) => {
    const { post, upstream } = setup('claude', MESSAGES_ANSWER);
    const asked = goneOnWith('claude-opus-4-8', turn(...blocks), result);
    await post('/v1/messages', asked);
    expect(upstream.requests[0]?.json()).toEqual(asked);
  });

  test('white space between its own thoughts stays where the rest is rebuilt', async () => {
    const { post, sent } = setup('claude', MESSAGES_ANSWER);
    const said = turn({ ...later, thinking: 'hm' }, space, later, { type: 'text', text: 'so' });
    const asked = goneOnWith('claude-opus-4-8', said, goOn, turn({ type: 'text', text: ' ' }, call), result);
    await post('/v1/messages', asked);
    expect(sent().messages).toEqual([{ role: 'user', content: 'hi' }, said, goOn, turn(call), result]);
  });

  const thinking = { thinking: { type: 'enabled', budget_tokens: 2_000 }, max_tokens: 4_000 };
  const thought = { type: 'thinking', thinking: 'hm', signature: 'own' };

  // "Expected `thinking` or `redacted_thinking`, but found `tool_use`": https://github.com/anomalyco/opencode/issues/3077
  test('Claude does not think by a budget in a turn that another began without', async () => {
    const { post, sent } = setup('claude', MESSAGES_ANSWER);
    const asked = goneOnWith('claude-sonnet-4-5', turn(call), result);
    const response = await post('/v1/messages', { ...asked, ...thinking });
    expect(response.headers.get('x-sluice-lost')).toBe('thinking');
    expect(sent()).not.toHaveProperty('thinking');
    expect(sent().messages).toEqual(asked.messages);
  });

  test.each([
    ['began itself', 'claude-sonnet-4-5', [turn(thought, call), result]],
    ['has ended', 'claude-sonnet-4-5', [turn(call), result, turn({ type: 'text', text: 'so' }), goOn]],
    ['goes on with as it likes', 'claude-opus-4-8', [turn(call), result]],
    ['is only to complete', 'claude-sonnet-4-5', [turn({ type: 'text', text: 'so' })]],
    ['is another vendor’s', 'served', [turn(call), result]],
  ])('a turn with thinking asked for passes that it %s', async (_, model, messages) => {
    const { post, upstream } = setup('claude', MESSAGES_ANSWER);
    const asked = { ...goneOnWith(model, ...messages), ...thinking };
    await post('/v1/messages', asked);
    expect(upstream.requests[0]?.json()).toEqual(asked);
  });

  test.each([
    ['thinking, which it does not sign', unsigned('served')],
    ['ids', called('served', 'functions.f:0')],
    ['searches', searched('served', 'call_0')],
    ['searches, which are Claude’s', searched('claude-opus-4-8', 'srvtoolu_bdrk_01')],
  ])('another vendor’s model gets back its own %s', async (_, body) => {
    const { post, upstream } = setup('claude', MESSAGES_ANSWER);
    await post('/v1/messages', body);
    expect(upstream.requests[0]?.json()).toEqual(body);
  });

  test('a history without such tokens passes as it was sent', async () => {
    const { post, upstream } = setup('claude', MESSAGES_ANSWER);
    const own =
      '{"model":"served", "max_tokens":1e2,"stream":true,"messages":[{"role":"user","content":"hi"}]}';
    await (await post('/v1/messages', own)).text();
    expect(new TextDecoder().decode(upstream.requests[0]?.body)).toBe(own);
  });
});

describe('an OpenAI client back at an OpenAI provider', () => {
  const token = ownToken('anthropic-messages', 'secret-of-another');
  const id = callIdToWire('toolu_1', token);
  const body = {
    model: 'asked',
    stream: true,
    messages: [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: null,
        reasoning_details: [
          { type: 'reasoning.text', text: '', signature: tokenToWire('openai-chat', token), index: 0 },
        ],
        tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: id, content: '1' },
    ],
  };

  test('its provider reads what it would take, and the client no usage that it did not ask for', async () => {
    const answer = [...CHAT_ANSWER, CHAT_USAGE, CHAT_DONE].join('');
    const { post, sent, row } = setup('gpt', answer);
    const response = await post('/v1/chat/completions', body);
    expect(await response.text()).toBe([...CHAT_ANSWER, CHAT_DONE].join(''));
    const { messages, model, stream_options: options } = sent();
    expect([model, options]).toEqual(['served', { include_usage: true }]);
    const [, assistant, result] = (asArray(messages) ?? []).map((message) => asObject(message));
    expect(assistant).toEqual({
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    });
    expect(result?.tool_call_id).toBe('toolu_1');
    expect((await row(0)).usage).toMatchObject({ inputTokens: 3, outputTokens: 2 });
  });

  test('and the usage that it did ask for', async () => {
    const answer = [...CHAT_ANSWER, CHAT_USAGE, CHAT_DONE].join('');
    const { post } = setup('gpt', answer);
    const asking = { ...body, stream_options: { include_usage: true } };
    expect(await (await post('/v1/chat/completions', asking)).text()).toBe(answer);
  });

  test('its provider reads how it wants thinking to be told, since it gets the answer as it is', async () => {
    const { post, sent, row } = setup('gpt', [...CHAT_ANSWER, CHAT_DONE].join(''));
    const told = { reasoning_format: 'hidden', include_reasoning: false };
    await (await post('/v1/chat/completions', { ...body, ...told })).text();
    expect(sent()).toMatchObject(told);
    expect((await row(0)).lost).not.toContain('reasoning_summary');
  });
});

// DeepSeek's server of Responses names its items by bare UUIDs.
describe('a Responses client at OpenAI, come from another vendor’s server of Responses', () => {
  const text = [{ type: 'output_text', text: 'so', annotations: [] }];
  const thought = {
    type: 'reasoning',
    id: '3f2b',
    summary: [],
    content: [{ type: 'reasoning_text', text: 'hm' }],
  };
  const said = { type: 'message', role: 'assistant', content: text };
  const call = { type: 'function_call', call_id: 'call_0', name: 'f', arguments: '{}' };
  const result = { type: 'function_call_output', call_id: 'call_0', output: '1' };
  const own = [
    { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'sealed' },
    { ...said, id: 'msg_1' },
    { role: 'user', content: 'go on' },
  ];
  const asked = (model: string) => ({
    model,
    x_unknown: 1,
    input: [...own, thought, { ...said, id: '3f2c' }, { ...call, id: '3f2d' }, result],
  });

  test('goes on without the ids that OpenAI would refuse, and thoughts that it cannot read', async () => {
    const { post, sent } = setup('responses', '');
    const response = await post('/v1/responses', asked('gpt-5'));
    expect(response.headers.get('x-sluice-lost')).toBe('reasoning');
    expect(sent()).toEqual({ ...asked('gpt-5'), input: [...own, said, call, result] });
  });

  test('refers to an item by its id alone, as OpenAI’s types allow', async () => {
    const { post, sent } = setup('responses', '');
    const input = [{ id: 'rs_1' }, { id: 'fc_1', type: null }, { role: 'user', content: 'go on' }];
    await post('/v1/responses', { model: 'gpt-5', input });
    expect(sent()).toEqual({ model: 'gpt-5', input });
  });

  test('also behind all else', async () => {
    const { post, sent } = setup('responses', '');
    await post('/v1/responses', { model: 'gpt-5', input: [...own, thought] });
    expect(sent().input).toEqual(own);
  });

  test.each([
    ['/v1/responses', PROVIDER_WIRES['openai-responses'].whole('Hi.')],
    ['/v1/responses/compact', { output: [] }],
    ['/v1/responses/input_tokens', { input_tokens: 3 }],
  ])(
    'also where a deployment at Azure has a name of its own, unless that is another vendor’s: %s',
    async (path, answer) => {
      const { fetch, requests } = createReplayFetch(jsonReply(answer));
      const { post } = createTestGateway({
        config: {
          providers: {
            azure: { dialect: 'openai-responses', base_url: 'https://lab.test/openai/v1', api_key: 'k' },
          },
          routing: { default_provider: 'azure' },
        },
        fetch,
      });
      for (const model of ['team-coder', 'graphics', 'DeepSeek-V4', 'Ministral-3B', 'phi4'])
        await post(path, asked(model));
      const inputs = requests.map((request) => (request.json() as JsonObject).input);
      const fitted = [...own, said, call, result];
      const { input: asSent } = asked('');
      expect(inputs).toEqual([fitted, fitted, asSent, asSent, asSent]);
    },
  );

  test('another vendor’s model gets back what it made', async () => {
    const { post, sent } = setup('responses', '');
    await post('/v1/responses', asked('deepseek-v4'));
    expect(sent()).toEqual(asked('deepseek-v4'));
  });
});

describe('a Google client back at Gemini', () => {
  const turn = (signature: object) => [
    { role: 'model', parts: [{ functionCall: { name: 'f', args: {} }, ...signature }] },
    { role: 'user', parts: [{ functionResponse: { name: 'f', response: { r: 1 } } }] },
  ];
  const said = (text: string) => ({ role: 'user', parts: [{ text }] });
  const asked = async (model: string, contents: object[]) => {
    const { post, upstream } = setup('gemini', '');
    const body = { contents, x_unknown: 1 };
    await post(`/v1beta/models/${model}:generateContent`, body);
    return { body, sent: upstream.requests[0]?.json() as typeof body };
  };

  test('a call without a signature is excused where the model would refuse it', async () => {
    const { sent } = await asked('gemini-3-pro-preview', [said('hi'), ...turn({})]);
    expect(sent.contents[1]).toMatchObject({
      parts: [{ functionCall: { name: 'f' }, thoughtSignature: 'skip_thought_signature_validator' }],
    });
  });

  test('in either spelling of the fields', async () => {
    const calling = { role: 'model', parts: [{ function_call: { name: 'f', args: {} } }] };
    const { sent } = await asked('gemini-3-pro-preview', [said('hi'), calling, ...turn({}).slice(1)]);
    expect(sent.contents[1]).toMatchObject({
      parts: [{ functionCall: { name: 'f' }, thoughtSignature: 'skip_thought_signature_validator' }],
    });
  });

  test.each<[string, string, object[]]>([
    [
      'beside one that is signed, in a piece of its own',
      'gemini-3-pro-preview',
      [said('hi'), ...turn({ thoughtSignature: 'b3du' }).slice(0, 1), ...turn({})],
    ],
    [
      'that is signed in the other spelling',
      'gemini-3-pro-preview',
      [said('hi'), ...turn({ thought_signature: 'b3du' })],
    ],
    ['of a turn that is over', 'gemini-3-pro-preview', [said('hi'), ...turn({}), said('go on')]],
    ['that is signed', 'gemini-3-pro-preview', [said('hi'), ...turn({ thoughtSignature: 'b3du' })]],
    ['to a model that does not look', 'gemini-2.5-pro', [said('hi'), ...turn({})]],
  ])('one %s passes as it was sent', async (_, model, contents) => {
    const { body, sent } = await asked(model, contents);
    expect(sent).toEqual(body as never);
  });
});
