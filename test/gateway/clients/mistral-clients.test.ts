// Mistral's SDKs, which refuse a stream whose calls come in pieces, as OpenAI's do, and what reads streams as they do: they get all
// calls at once, and the counts.
import { describe, expect, test } from 'bun:test';
import { asArray, asObject, parseObject } from '../../../src/model/json/json.ts';
import { readEvents } from '../../support/read-events.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const input = (index: number, partial_json: string) => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'input_json_delta', partial_json },
});
const start = (index: number, content_block: object) => ({
  type: 'content_block_start',
  index,
  content_block,
});
const stop = (index: number) => ({ type: 'content_block_stop', index });

const CALLS = [
  { type: 'message_start', message: { id: 'msg_1', model: 'm', usage: { input_tokens: 2 } } },
  start(0, { type: 'text', text: '' }),
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'I look.' } },
  stop(0),
  start(1, { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }),
  ...['{"ci', 'ty":"Rö', 'me"}'].map((each) => input(1, each)),
  stop(1),
  start(2, { type: 'tool_use', id: 'toolu_2', name: 'time', input: {} }),
  stop(2),
  { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
  { type: 'message_stop' },
]
  .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  .join('');

/** The lists of calls in the stream, and what else it has. */
async function ask(userAgent: string, more = {}) {
  const upstream = createReplayFetch(replyWith(CALLS, { headers: { 'content-type': 'text/event-stream' } }));
  const provider = { base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 };
  const { post } = createTestGateway({
    config: { providers: { anthropic: provider } },
    fetch: upstream.fetch,
  });
  const body = {
    model: 'anthropic/claude-opus-4-8',
    messages: [{ role: 'user', content: 'hi' }],
    stream: true,
    ...more,
  };
  const answer = await post('/v1/chat/completions', body, { headers: { 'user-agent': userAgent } });
  const chunks = readEvents(await answer.bytes()).map(({ data }) => parseObject(data));
  const choices = chunks.map((chunk) => asObject(asArray(chunk?.choices)?.[0]));
  const deltas = choices.map((choice) => asObject(choice?.delta));
  return {
    calls: deltas.map((delta) => delta?.tool_calls).filter((calls) => calls !== undefined),
    texts: deltas.map((delta) => delta?.content).filter(Boolean),
    ends: choices.map((choice) => choice?.finish_reason).filter(Boolean),
    counts: chunks.map((chunk) => asObject(chunk?.usage)?.total_tokens).filter(Boolean),
    withoutChoices: chunks.filter((chunk) => asArray(chunk?.choices)?.length === 0).length,
    named: chunks.every((chunk) => typeof chunk?.system_fingerprint === 'string' || chunk === undefined),
  };
}

const WEATHER = { name: 'weather', parameters: { type: 'object', properties: {} } };
const TOOLS = [{ type: 'function', function: WEATHER }];

test.each<[string, object?]>([
  ['speakeasy-sdk/python 3.7.0 2.935.1 1.0.0 mistralai'],
  ['speakeasy-sdk/typescript 2.2.6 2.881.4 1.0.0 @mistralai/mistralai'],
  ['mistral-client-python/1.9.11'],
  ['ai/6.0.3 ai-sdk/mistral/3.0.69 ai-sdk/provider-utils/4.0.56 runtime/node.js/v20.20.2'],
  ['ai/6.0.3 ai-sdk/xai/3.0.138 ai-sdk/provider-utils/4.0.56 runtime/node.js/v20.20.2'],
  ['ai-sdk-mistral/4.0.87 ai-sdk-provider-utils/5.0.81 node.js/v20.20.2'],
  ['ai-sdk-xai/5.0.12 ai-sdk-provider-utils/5.0.51 node.js/v20.20.2'],
  ['Cerebras/Python 1.91.0'],
  ['Java-http-client/17.0.15', { safe_prompt: false }],
  ['python-httpx/0.28.1', { random_seed: 7 }],
  ['python-httpx/0.28.1', { tools: TOOLS, tool_choice: 'any' }],
])('%s', async (userAgent, own = {}) => {
  const wanted = {
    texts: ['I look.'],
    calls: [
      [
        {
          index: 0,
          id: 'toolu_1',
          type: 'function',
          function: { name: 'weather', arguments: '{"city":"Röme"}' },
        },
        { index: 1, id: 'toolu_2', type: 'function', function: { name: 'time', arguments: '{}' } },
      ],
    ],
    ends: ['tool_calls'],
    counts: [11],
    withoutChoices: 0,
    named: true,
  };
  expect(await ask(userAgent, own)).toEqual(wanted);
  expect(await ask(userAgent, { ...own, stream_options: { include_usage: true } })).toEqual(wanted);
});

test('other clients get each piece when it comes, and no counts that they did not ask for', async () => {
  const { calls, counts } = await ask('OpenAI/Python 2.1.0');
  expect(calls.length).toBe(6);
  expect(counts).toEqual([]);
});

/** As OpenAI streams a call: its name, its arguments in pieces, its ending, and the counts without choices. */
const PIECES = [
  { choices: [{ index: 0, delta: { role: 'assistant', content: 'I look.' } }] },
  ...[
    { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } },
    ...['{"ci', 'ty":"Rö', 'me"}'],
  ].map((each) => {
    const call = typeof each === 'string' ? { function: { arguments: each } } : each;
    return { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...call }] } }] };
  }),
  { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
  { choices: [], usage: { prompt_tokens: 2, completion_tokens: 9, total_tokens: 11 } },
]
  .map(
    (chunk) =>
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', ...chunk })}\n\n`,
  )
  .concat('data: [DONE]\n\n')
  .join('');

/** The stream of PIECES as a client reads it, and whether it is what the provider sent. */
async function pieces(userAgent: string, kind: string, more = {}) {
  const upstream = createReplayFetch(replyWith(PIECES, { headers: { 'content-type': 'text/event-stream' } }));
  const provider = { kind, base_url: 'http://lab.invalid/v1', api_key: 'k', max_retries: 0 };
  const { post } = createTestGateway({ config: { providers: { lab: provider } }, fetch: upstream.fetch });
  const body = { model: 'lab/m', messages: [{ role: 'user', content: 'hi' }], stream: true, ...more };
  const answer = await post('/v1/chat/completions', body, { headers: { 'user-agent': userAgent } });
  const bytes = await answer.bytes();
  const chunks = readEvents(bytes).map(({ data }) => parseObject(data));
  const deltas = chunks.map((chunk) => asObject(asObject(asArray(chunk?.choices)?.[0])?.delta));
  return {
    calls: deltas.map((delta) => delta?.tool_calls).filter((calls) => calls !== undefined),
    counts: chunks.map((chunk) => asObject(chunk?.usage)?.total_tokens).filter(Boolean),
    lost: answer.headers.get('x-sluice-lost'),
    isAsSent: new TextDecoder().decode(bytes) === PIECES,
  };
}

const SDK = 'speakeasy-sdk/python 3.7.0 2.935.1 1.0.0 mistralai';
const ASKED = { stream_options: { include_usage: true } };

test.each(['openai', 'deepseek', 'vllm', 'openrouter'])(
  'calls in pieces of %s come whole, with the counts',
  async (kind) => {
    const whole = {
      id: 'call_1',
      type: 'function',
      function: { name: 'weather', arguments: '{"city":"Röme"}' },
    };
    expect(await pieces(SDK, kind)).toEqual({
      calls: [[{ index: 0, ...whole }]],
      counts: [11],
      lost: null,
      isAsSent: false,
    });
  },
);

test('bytes pass from who writes calls whole, to other clients, and where several alternatives are asked for', async () => {
  for (const kind of ['mistral', 'xai'])
    expect((await pieces(SDK, kind, kind === 'xai' ? ASKED : {})).isAsSent).toBe(true);
  expect((await pieces('OpenAI/Python 2.1.0', 'openai', ASKED)).isAsSent).toBe(true);
  for (const client of [
    'AsyncOpenAI/Python 2.1.0',
    'AzureOpenAI/JS 6.1.0',
    'ai/6.0.3 ai-sdk/openai-compatible/2.0.1',
  ])
    expect((await pieces(client, 'vllm', { ...ASKED, random_seed: 7 })).isAsSent).toBe(true);
  expect((await pieces('python-httpx/0.28.1', 'vllm', { ...ASKED, random_seed: 7 })).isAsSent).toBe(false);
  expect((await pieces(SDK, 'openai', { ...ASKED, n: 2 })).isAsSent).toBe(true);
  // Also where the request is built anew.
  expect((await pieces(SDK, 'groq', { ...ASKED, n: 2, random_seed: 7 })).isAsSent).toBe(true);
});

test('streams of text completions, which have no calls, pass', async () => {
  const chunk = { id: 'c', object: 'text_completion', created: 1, model: 'm', x_unknown: 1 };
  const choice = {
    index: 0,
    text: 'a',
    logprobs: { tokens: ['a'], token_logprobs: [-1] },
    finish_reason: 'stop',
  };
  const sent = `data: ${JSON.stringify({ ...chunk, choices: [choice] })}\n\ndata: [DONE]\n\n`;
  const provider = { kind: 'vllm', base_url: 'http://lab.invalid/v1', max_retries: 0 };
  const { post } = createTestGateway({
    config: { providers: { lab: provider } },
    fetch: createReplayFetch(replyWith(sent)).fetch,
  });
  const body = { model: 'lab/m', prompt: 'hi', logprobs: 1, stream: true };
  const answer = await post('/v1/completions', body, { headers: { 'user-agent': SDK } });
  expect(await answer.text()).toBe(sent);
});

const MISTRALS = { headers: { 'user-agent': 'speakeasy-sdk/python 3.7.0 2.935.1 1.0.0 mistralai' } };

test("whole answers of calls alone have an empty text, as Mistral's, where OpenAI has none", async () => {
  const content = async (init = {}) => {
    const call = { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} };
    const answer = { type: 'message', content: [call], stop_reason: 'tool_use', usage: { input_tokens: 2 } };
    const provider = { api_key: 'k', max_retries: 0 };
    const config = { providers: { anthropic: provider } };
    const { post } = createTestGateway({ config, fetch: createReplayFetch(jsonReply(answer)).fetch });
    const question = {
      model: 'anthropic/claude-opus-4-8',
      messages: [{ role: 'user', content: 'hi' }],
      tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
    };
    const body = parseObject(await (await post('/v1/chat/completions', question, init)).text());
    return asObject(asObject(asArray(body?.choices)?.[0])?.message)?.content;
  };
  expect(await content(MISTRALS)).toBe('');
  expect(await content()).toBeNull();
});

test('so have those from a provider of Chat Completions, and other bytes pass', async () => {
  const content = async (kind: string, init = {}, more = {}) => {
    const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } };
    const message = { role: 'assistant', content: null, tool_calls: [call] };
    const answer = { id: 'c', model: 'm', choices: [{ index: 0, message, finish_reason: 'tool_calls' }] };
    const provider = { kind, base_url: 'http://lab.invalid/v1', api_key: 'k', max_retries: 0 };
    const config = { providers: { lab: provider } };
    const { post } = createTestGateway({ config, fetch: createReplayFetch(jsonReply(answer)).fetch });
    const question = { model: 'lab/m', messages: [{ role: 'user', content: 'hi' }], ...more };
    const body = parseObject(await (await post('/v1/chat/completions', question, init)).text());
    return asObject(asObject(asArray(body?.choices)?.[0])?.message);
  };
  expect(await content('openai', MISTRALS)).toMatchObject({
    content: '',
    tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } }],
  });
  expect((await content('openai'))?.content).toBeNull();
  expect((await content('mistral', MISTRALS))?.content).toBeNull();
  expect((await content('openai', MISTRALS, { n: 2 }))?.content).toBeNull();
});

test('lists of models have the kind and the capabilities of each, which the SDKs require', async () => {
  const { gateway } = createTestGateway({
    config: { providers: { simulator: {} } },
    fetch: createReplayFetch(jsonReply({})).fetch,
  });
  const list = async (path: string, init = {}) => {
    const response = await gateway.fetch(new Request(`http://127.0.0.1:8088${path}`, init));
    return parseObject(await response.text()) ?? {};
  };
  const listed = asArray((await list('/v1/models', MISTRALS)).data) ?? [];
  expect(listed.length).toBeGreaterThan(0);
  for (const model of listed)
    expect(model).toMatchObject({ type: 'base', object: 'model', capabilities: { completion_chat: true } });
  expect(await list('/v1/models/simulator', MISTRALS)).toMatchObject({ type: 'base' });
  for (const model of asArray((await list('/v1/models')).data) ?? [])
    expect(model).not.toHaveProperty('type');
});

test.each([
  ['gemini/gemini-embedding-001', { embeddings: [{ values: [1] }] }],
  [
    'openai/text-embedding-3-small',
    { object: 'list', model: 'm', data: [{ object: 'embedding', index: 0, embedding: [1] }] },
  ],
])('embeddings of %s have an id, which the SDKs require', async (model, answered) => {
  const embedded = async (init = {}) => {
    const upstream = createReplayFetch(
      jsonReply({ ...answered, usage: { prompt_tokens: 1, total_tokens: 1 } }),
    );
    const provider = { api_key: 'k', max_retries: 0 };
    const config = { providers: { gemini: provider, openai: provider } };
    const { post } = createTestGateway({ config, fetch: upstream.fetch });
    const answer = await post('/v1/embeddings', { model, input: ['a'] }, init);
    return parseObject(await answer.text()) ?? {};
  };
  expect(await embedded(MISTRALS)).toMatchObject({
    ...{ id: expect.any(String), object: 'list' },
    data: [{ object: 'embedding', index: 0, embedding: [1] }],
  });
  expect(await embedded()).not.toHaveProperty('id');
});

test('embeddings keep the id that the provider gives them', async () => {
  const answered = { id: 'emb_1', object: 'list', model: 'm', data: [{ index: 0, embedding: [1] }] };
  const upstream = createReplayFetch(jsonReply(answered));
  const config = { providers: { openai: { api_key: 'k' } } };
  const { post } = createTestGateway({ config, fetch: upstream.fetch });
  const answer = await post('/v1/embeddings', { model: 'openai/e', input: ['a'] }, MISTRALS);
  expect(await answer.json()).toMatchObject({ id: 'emb_1' });
});

/** What the AI SDK's providers for Mistral and Cerebras read of a failure, by their own schemas. */
test.each([
  ['ai-sdk-mistral/4.0.87 ai-sdk-provider-utils/5.0.81', true],
  // Whole answers.
  ['ai/7.0.173 ai-sdk-provider-utils/5.0.81', true],
  ['ai/6.0.326 ai-sdk/cerebras/2.0.82', true],
  ['OpenAI/Python 2.1.0', false],
])('a failure is told at the top of its body, too, to %s: %p', async (userAgent, isFlat) => {
  const refusal = { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } };
  const provider = { base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 };
  const { post } = createTestGateway({
    config: { providers: { anthropic: provider } },
    fetch: createReplayFetch(jsonReply(refusal, { status: 429 })).fetch,
  });
  const question = { model: 'anthropic/claude-opus-4-8', messages: [{ role: 'user', content: 'hi' }] };
  const asked = await post('/v1/chat/completions', question, { headers: { 'user-agent': userAgent } });
  const { error, ...top } = parseObject(await asked.text()) ?? {};
  const { message, type, code } = asObject(error) ?? {};
  expect(message).toContain('slow down');
  expect(asked.status).toBe(429);
  expect(top).toEqual(isFlat ? { object: 'error', message, type, code, param: '' } : {});
});

test.each([
  ['ai-sdk-mistral/4.0.87 ai-sdk-provider-utils/5.0.81', true],
  ['ai/7.0.173 ai-sdk-provider-utils/5.0.81', true],
  ['ai/6.0.326 ai-sdk/cerebras/2.0.82', true],
  ['ai/6.0.326 ai-sdk/openai/3.0.1', false],
  ['OpenAI/Python 2.1.0', false],
])('so is one of another vendor of the dialect, whose bytes pass, to %s: %p', async (userAgent, isFlat) => {
  const refusal = {
    error: { message: 'slow down', type: 'limited', param: null, code: 429 },
    request_id: 'r1',
  };
  const { post } = createTestGateway({
    config: { providers: { deepseek: { base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 } } },
    fetch: createReplayFetch(jsonReply(refusal, { status: 429 })).fetch,
  });
  const question = { model: 'deepseek/m', messages: [{ role: 'user', content: 'hi' }] };
  const asked = await post('/v1/chat/completions', question, { headers: { 'user-agent': userAgent } });
  const top = { object: 'error', message: 'slow down', type: 'limited', param: '', code: '429' };
  expect(await asked.json()).toEqual({ ...(isFlat && top), ...refusal });
});

test('a failure that is at the top of its body already is not put into other words there', async () => {
  const refusal = {
    object: 'error',
    message: 'slow down',
    type: 'limited',
    param: null,
    code: '1300',
    id: 'e1',
  };
  const { post } = createTestGateway({
    config: { providers: { mistral: { base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 } } },
    fetch: createReplayFetch(jsonReply(refusal, { status: 429 })).fetch,
  });
  const question = { model: 'mistral/m', messages: [{ role: 'user', content: 'hi' }] };
  for (const userAgent of ['ai-sdk-mistral/4.0.87 ai-sdk-provider-utils/5.0.81', 'OpenAI/Python 2.1.0']) {
    const asked = await post('/v1/chat/completions', question, { headers: { 'user-agent': userAgent } });
    const { error, ...top } = parseObject(await asked.text()) ?? {};
    expect(asObject(error)?.message).toContain('slow down');
    expect({ ...top, param: null }).toEqual(refusal);
  }
});

test('fields that are at fault, which Mistral lists in place of a message, are told in words there', async () => {
  const message = {
    detail: [{ type: 'extra_forbidden', loc: ['body', 'seed'], msg: 'Extra inputs are not permitted' }],
  };
  const refusal = { object: 'error', message, type: 'invalid_request_error', param: null, code: null };
  const { post } = createTestGateway({
    config: { providers: { mistral: { base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 } } },
    fetch: createReplayFetch(jsonReply(refusal, { status: 422 })).fetch,
  });
  const question = { model: 'mistral/m', messages: [{ role: 'user', content: 'hi' }] };
  const headers = { 'user-agent': 'ai-sdk-mistral/4.0.87 ai-sdk-provider-utils/5.0.81' };
  const { error, ...top } =
    parseObject(await (await post('/v1/chat/completions', question, { headers })).text()) ?? {};
  expect(top.message).toEqual(asObject(error)?.message);
  expect(top.message).toContain('Extra inputs are not permitted');
  expect(top.message).not.toContain('{');
});

describe('words that only Mistral’s server knows', () => {
  const asked = async (provider: string, config: object, more: object) => {
    const message = { role: 'assistant', content: 'Hello.' };
    const upstream = createReplayFetch(
      jsonReply({ id: 'c', model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }] }),
    );
    const { post } = createTestGateway({
      config: { providers: { [provider]: { api_key: 'k', max_retries: 0, ...config } } },
      fetch: upstream.fetch,
    });
    const body = { model: `${provider}/a-model`, messages: [{ role: 'user', content: 'hi' }], ...more };
    const answer = await post('/v1/chat/completions', body, MISTRALS);
    await answer.text();
    return { sent: upstream.requests[0]?.json(), lost: answer.headers.get('x-sluice-lost') };
  };
  const FORCED = { tools: TOOLS, tool_choice: 'any' };

  test('are OpenAI’s for others: a call is required', async () => {
    expect((await asked('openai', {}, FORCED)).sent).toMatchObject({ tool_choice: 'required' });
    expect((await asked('groq', {}, FORCED)).sent).toMatchObject({ tool_choice: 'required' });
  });

  test('a seed has its usual name, and what there is no word for is named', async () => {
    const { sent, lost } = await asked('openai', {}, { random_seed: 7, safe_prompt: true });
    expect(sent).toMatchObject({ seed: 7 });
    expect(Object.keys(sent ?? {}).sort()).toEqual(['messages', 'model', 'seed']);
    expect(lost).toBe('safe_prompt');
    // OpenRouter hands it on to Mistral.
    const there = await asked('openrouter', {}, { random_seed: 7, safe_prompt: true });
    expect(there).toMatchObject({ sent: { seed: 7, safe_prompt: true }, lost: null });
  });

  test('a turn of the model has its text alone, and is not said to be no prefix', async () => {
    const turn = {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
        { type: 'text', text: 'Hello.' },
      ],
      tool_calls: [],
      prefix: false,
    };
    const messages = [{ role: 'user', content: 'hi' }, turn, { role: 'user', content: 'and?' }];
    const { sent } = await asked('openai', {}, { messages });
    const said = { role: 'assistant', content: 'Hello.' };
    expect(sent).toEqual({ model: 'a-model', messages: [messages[0], said, messages[2]] });
  });

  test('pass to Mistral, and to servers of which nothing is known', async () => {
    const said = { ...FORCED, random_seed: 7, safe_prompt: true };
    expect((await asked('mistral', {}, said)).sent).toMatchObject(said);
    const unknown = { dialect: 'openai-chat', base_url: 'http://lab.invalid/v1' };
    expect((await asked('lab', unknown, said)).sent).toMatchObject(said);
  });
});
