// OpenRouter's own clients, which read answers and failures as its server sends them.
import { describe, expect, test } from 'bun:test';
import { asArray, asObject, parseObject } from '../../../src/model/json/json.ts';
import { readEvents } from '../../support/read-events.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const SDK = 'speakeasy-sdk/typescript 1.3.19 2.914.0 1.0.0 @openrouter/sdk';
const OTHER = 'OpenAI/JS 6.1.0';
const LANGCHAIN = { 'http-referer': 'https://docs.langchain.com', 'x-title': 'LangChain' };

const provider = { base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 };
const slow = { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } };
const own = { error: { message: 'slow down', type: 'requests', param: null, code: 'rate_limit_exceeded' } };

async function fail(name: string, refusal: object, path: string, userAgent: string) {
  const { post } = createTestGateway({
    config: { providers: { [name]: provider } },
    fetch: createReplayFetch(jsonReply(refusal, { status: 429 })).fetch,
  });
  const question = { model: `${name}/m`, messages: [{ role: 'user', content: 'hi' }], input: 'hi' };
  const answer = await post(path, question, { headers: { 'user-agent': userAgent } });
  return { status: answer.status, error: asObject(parseObject(await answer.text())?.error) };
}

describe('a failure has its status as its code', () => {
  test.each([
    ['anthropic', slow, '/v1/chat/completions'],
    ['anthropic', slow, '/v1/responses'],
    ['deepseek', own, '/v1/chat/completions'],
  ])('%s: %o at %s', async (name, refusal, path) => {
    const { status, error } = await fail(name, refusal, path, SDK);
    expect(status).toBe(429);
    expect(error).toMatchObject({
      code: 429,
      metadata: { error_type: expect.stringContaining('rate_limit') },
    });
    expect(error?.message).toContain('slow down');
    const { error: theirs } = await fail(name, refusal, path, OTHER);
    expect(theirs).toMatchObject({ code: expect.stringContaining('rate_limit') });
  });

  test('what has a number already passes as it is', async () => {
    const numbered = { error: { message: 'slow down', code: 429, metadata: { provider_name: 'x' } } };
    const { error } = await fail('openrouter', numbered, '/v1/chat/completions', SDK);
    expect(error).toEqual(numbered.error);
  });
});

describe('a stream of another vendor of the dialect', () => {
  const chunk = (delta: object, more = {}) => ({
    ...{ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' },
    choices: [{ index: 0, delta, finish_reason: null }],
    ...{ usage: null, ...more },
  });
  const wire = [
    chunk({ role: 'assistant', reasoning_content: 'hm' }),
    chunk({ content: 'Hello' }),
    { ...chunk({}), choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    { ...chunk({}, { usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 } }), choices: [] },
  ];
  const sent = `${wire.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('')}data: [DONE]\n\n`;
  const ask = async (name: string, headers: Record<string, string>) => {
    const { fetch } = createReplayFetch(
      replyWith(sent, { headers: { 'content-type': 'text/event-stream' } }),
    );
    const { post } = createTestGateway({
      config: { providers: { [name]: name === 'simulator' ? {} : provider } },
      fetch,
    });
    const question = { model: `${name}/fast`, messages: [{ role: 'user', content: 'hi' }], stream: true };
    return post('/v1/chat/completions', question, { headers });
  };

  test.each([SDK, 'ai-sdk/openrouter/2.10.0 ai-sdk/provider-utils/4.0.23'])(
    'is as OpenRouter’s for %s',
    async (client) => {
      const events = readEvents(await (await ask('deepseek', { 'user-agent': client })).bytes());
      const chunks = events.map(({ data }) => parseObject(data)).filter((each) => each !== undefined);
      const deltas = chunks.map((each) => asObject(asObject(asArray(each.choices)?.[0])?.delta));
      expect(deltas.filter((delta) => delta?.reasoning_details !== undefined)).toEqual([
        { reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm', index: 0 }] },
        { reasoning_details: [{ type: 'reasoning.text', text: '', format: 'unknown', index: 0 }] },
      ]);
      const counts = chunks.filter((each) => Object.hasOwn(each, 'usage')).map((each) => each.usage);
      expect(counts).toMatchObject([{ prompt_tokens: 2, completion_tokens: 3 }]);
    },
  );

  test.each(['deepseek', 'simulator'])(
    'has its counts in the last chunk for LangChain for JavaScript: %s',
    async (name) => {
      const events = readEvents(await (await ask(name, LANGCHAIN)).bytes());
      const last = parseObject(events.at(-2)?.data ?? '');
      expect(last).toMatchObject({
        choices: [{ delta: {}, finish_reason: 'stop' }],
        usage: { prompt_tokens: expect.any(Number) },
      });
      const counted = events.filter(({ data }) => data.includes('"usage"'));
      expect(counted).toHaveLength(1);
    },
  );

  test('passes as it is where OpenRouter sends it', async () => {
    expect(await (await ask('openrouter', { 'user-agent': SDK })).text()).toBe(sent);
  });
});

describe('a failure within a stream', () => {
  const started = [
    { type: 'message_start', message: { id: 'msg_1', model: 'm', usage: { input_tokens: 2 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'I look.' } },
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
  ];
  const lastEvent = async (userAgent: string) => {
    const wire = started.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
    const { fetch } = createReplayFetch(
      replyWith(wire, { headers: { 'content-type': 'text/event-stream' } }),
    );
    const { post } = createTestGateway({ config: { providers: { anthropic: provider } }, fetch });
    const question = { model: 'anthropic/m', messages: [{ role: 'user', content: 'hi' }], stream: true };
    const answer = await post('/v1/chat/completions', question, { headers: { 'user-agent': userAgent } });
    return parseObject(readEvents(await answer.bytes()).at(-1)?.data ?? '');
  };

  test('is a chunk that has it', async () => {
    const last = await lastEvent(SDK);
    expect(last).toMatchObject({ id: 'msg_1', object: 'chat.completion.chunk', model: 'm' });
    expect(last?.error).toMatchObject({
      code: 529,
      message: expect.stringContaining('Overloaded'),
      metadata: { error_type: 'upstream_overloaded' },
    });
    expect(asArray(last?.choices)).toMatchObject([{ index: 0, finish_reason: 'error' }]);
  });

  test.each([OTHER, 'ai-sdk/openrouter/1.2.0 ai-sdk/provider-utils/3.0.1'])(
    'is an event of the error alone for %s',
    async (client) => {
      expect(Object.keys((await lastEvent(client)) ?? {})).toEqual(['error']);
    },
  );
});

test('a list of models has all that its SDKs require of each', async () => {
  const models = [
    { id: 'm', created: 7.5, context_length: 4096, architecture: { input_modalities: ['text', 'image'] } },
    { id: 'n', supported_parameters: ['tools', 'reasoning'] },
  ];
  const { gateway } = createTestGateway({
    config: { providers: { lab: { ...provider, dialect: 'openai-chat' } } },
    fetch: createReplayFetch(jsonReply({ data: models })).fetch,
  });
  const list = async (userAgent: string) => {
    const headers = { 'user-agent': userAgent };
    const request = new Request('http://127.0.0.1:8088/v1/models', { headers });
    return parseObject(await (await gateway.fetch(request)).text());
  };
  const { data, ...about } = (await list(SDK)) ?? {};
  const entry = (id: string, entries = data) =>
    (asArray(entries) ?? []).map(asObject).find((each) => each?.id === id);
  expect(about).toEqual({ total_count: asArray(data)?.length, links: { next: null } });
  expect(entry('lab/m')).toEqual({
    id: 'lab/m',
    object: 'model',
    owned_by: 'lab',
    canonical_slug: 'lab/m',
    name: 'lab/m',
    created: 7,
    context_length: 4096,
    architecture: {
      modality: 'text+image->text',
      input_modalities: ['text', 'image'],
      output_modalities: ['text'],
    },
    // A price of 0 would be a guess.
    pricing: { prompt: '-1', completion: '-1' },
    top_provider: { context_length: 4096, max_completion_tokens: null, is_moderated: false },
    per_request_limits: null,
    default_parameters: null,
    supported_parameters: [],
    supported_voices: null,
    links: { details: '/v1/models/lab/m' },
  });
  expect(entry('lab/n')).toMatchObject({
    context_length: null,
    supported_parameters: ['tools', 'tool_choice', 'reasoning'],
  });
  const theirs = await list(OTHER);
  expect(theirs?.object).toBe('list');
  expect(entry('lab/m', theirs?.data)).toEqual({ id: 'lab/m', object: 'model', created: 7, owned_by: 'lab' });
});
