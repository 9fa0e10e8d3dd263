// Embeddings: bytes pass to OpenAI-shaped providers, others get a translation; one row with usage and cost.
import { describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const PATH = '/v1/embeddings';
const decoder = new TextDecoder();

function setup(lab: keyof typeof LAB_PROVIDERS, answer: unknown = {}, status = 200) {
  const upstream = createReplayFetch(jsonReply(answer, { status }));
  const price = { input_per_million: 10, output_per_million: 0 };
  const config = {
    providers: { lab: LAB_PROVIDERS[lab] },
    routing: { default_provider: 'lab' },
    costs: { pricing_overrides: { 'lab/*': price } },
  };
  const sent = () => decoder.decode(upstream.requests[0]?.body);
  return { upstream, sent, ...createTestGateway({ config, fetch: upstream.fetch }) };
}

const USAGE = { prompt_tokens: 1_000, total_tokens: 1_000 };
const OPENAI = {
  object: 'list',
  data: [{ object: 'embedding', index: 0, embedding: [0.5, -0.25] }],
  model: 'served',
  usage: USAGE,
  later: 1,
};

describe('an OpenAI-shaped provider', () => {
  test('gets the client’s bytes, and the client its', async () => {
    const lab = setup('gpt', OPENAI);
    const text = '{"model":"asked",  "input":["a"], "encoding_format":"float", "odd":1.0}';
    const response = await lab.post(PATH, text);
    expect(await response.text()).toBe(JSON.stringify(OPENAI));
    expect(lab.sent()).toBe(text);
    expect(lab.upstream.requests[0]?.path).toBe(PATH);
    const row = await lab.row(0);
    expect(row).toMatchObject({
      status: 'success',
      httpStatus: 200,
      responseBody: JSON.stringify(OPENAI),
      model: 'served',
      usageKnown: true,
      costUsd: 0.01,
      operation: 'embed',
    });
    expect(row.usage).toMatchObject({ inputTokens: 1_000, outputTokens: 0 });
    expect(lab.rows).toHaveLength(1);
  });

  test('sends bytes that are not quite UTF-8, which pass too', async () => {
    const bytes = new TextEncoder().encode(JSON.stringify({ ...OPENAI, odd: '?' }));
    bytes[bytes.indexOf('?'.charCodeAt(0))] = 0xff;
    const { fetch } = createReplayFetch(
      replyWith(bytes, { headers: { 'content-type': 'application/json' } }),
    );
    const config = { providers: { lab: LAB_PROVIDERS.gpt }, routing: { default_provider: 'lab' } };
    const { post } = createTestGateway({ config, fetch });
    const response = await post(PATH, { model: 'asked', input: 'a' });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  });

  test('under another dialect is asked in the same words', async () => {
    const lab = setup('responses', OPENAI);
    const response = await lab.post(PATH, { model: 'asked', input: 'a', dimensions: 2 });
    expect(await response.json()).toMatchObject({ model: 'served', data: OPENAI.data, usage: USAGE });
    expect(JSON.parse(lab.sent())).toEqual({
      model: 'asked',
      input: ['a'],
      dimensions: 2,
      encoding_format: 'float',
    });
  });

  test('under another dialect answers in base64 whom asks for it', async () => {
    const data = [{ object: 'embedding', index: 0, embedding: 'AAAAPwAAgL4=' }];
    const lab = setup('responses', { ...OPENAI, data });
    const response = await lab.post(PATH, { model: 'asked', input: 'a', encoding_format: 'base64' });
    expect(await response.json()).toMatchObject({ data });
    expect(JSON.parse(lab.sent())).toMatchObject({ encoding_format: 'base64' });
  });

  test('an answer without vectors is malformed', async () => {
    const lab = setup('gpt', { status: 'queued' });
    expect((await lab.post(PATH, { model: 'asked', input: 'a' })).status).toBe(502);
    expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_malformed' });
  });

  test('its refusal reaches the client as its own', async () => {
    const lab = setup(
      'gpt',
      { error: { message: 'no such dimensions', type: 'invalid_request_error' } },
      400,
    );
    const response = await lab.post(PATH, { model: 'asked', input: 'a' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: 'no such dimensions' } });
    expect((await lab.row(0)).errorCode).toBe('upstream_rejected');
  });
});

describe('Gemini', () => {
  const answer = { embeddings: [{ values: [0.5, -0.25] }, { values: [1, 0] }] };

  test('embeds a batch of texts', async () => {
    const lab = setup('gemini', answer);
    const response = await lab.post(PATH, { model: 'gem', input: ['a', 'b'], dimensions: 2 });
    expect(lab.upstream.requests[0]?.path).toBe('/v1beta/models/gem:batchEmbedContents');
    const piece = (text: string) => ({
      model: 'models/gem',
      content: { parts: [{ text }] },
      outputDimensionality: 2,
    });
    expect(JSON.parse(lab.sent())).toEqual({ requests: [piece('a'), piece('b')] });
    expect(await response.json()).toMatchObject({
      object: 'list',
      model: 'gem',
      data: [
        { object: 'embedding', index: 0, embedding: [0.5, -0.25] },
        { index: 1, embedding: [1, 0] },
      ],
    });
    expect(await lab.row(0)).toMatchObject({ status: 'success', usageKnown: false, costUsd: null });
  });

  test('answers the official SDK, which asks for base64', async () => {
    const lab = setup('gemini', { ...answer, usageMetadata: { promptTokenCount: 4 } });
    const fetch = (url: string | URL | Request, init?: RequestInit) =>
      lab.gateway.fetch(new Request(url, init));
    const client = new OpenAI({ apiKey: 'none', baseURL: 'http://127.0.0.1:8088/v1', fetch });
    const { data, usage } = await client.embeddings.create({ model: 'gem', input: ['a', 'b'] });
    expect(data.map((each) => [...each.embedding])).toEqual([
      [0.5, -0.25],
      [1, 0],
    ]);
    expect(usage.prompt_tokens).toBe(4);
    const raw = await lab.post(PATH, { model: 'gem', input: ['a', 'b'], encoding_format: 'base64' });
    expect(((await raw.json()) as { data: JsonObject[] }).data[1]?.embedding).toBe('AACAPwAAAAA=');
  });

  test('takes no token ids', async () => {
    const lab = setup('gemini');
    const response = await lab.post(PATH, { model: 'gem', input: [[1, 2]] });
    expect(response.status).toBe(400);
    expect((await lab.row(0)).errorCode).toBe('unsupported_feature');
    expect(lab.upstream.requests).toHaveLength(0);
  });

  test('an answer without vectors is malformed', async () => {
    const lab = setup('gemini', { nothing: 1 });
    expect((await lab.post(PATH, { model: 'gem', input: 'a' })).status).toBe(502);
    expect((await lab.row(0)).errorCode).toBe('upstream_malformed');
  });
});

test('Azure embeds at the address of the deployment', async () => {
  const upstream = createReplayFetch(jsonReply(OPENAI));
  const azure = { options: { resource: 'lab', api_version: '2024-10-21' }, api_key: 'lab-key-azure' };
  const { post } = createTestGateway({ config: { providers: { azure } }, fetch: upstream.fetch });
  const response = await post(PATH, { model: 'azure/vectors', input: 'a' });
  expect(response.status).toBe(200);
  expect(upstream.requests[0]?.path).toBe('/openai/deployments/vectors/embeddings?api-version=2024-10-21');
});

test('a provider without embeddings is named in the refusal', async () => {
  const lab = setup('claude');
  const response = await lab.post(PATH, { model: 'asked', input: 'a' });
  expect(response.status).toBe(400);
  const { error } = (await response.json()) as { error: { message: string; param: string } };
  expect(error.message).toContain('lab (model asked) speaks anthropic-messages');
  expect(error.param).toBe('model');
  expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'unsupported_feature' });
});

test('where the default provider has none, the one that knows the model is asked', async () => {
  const upstream = createReplayFetch(jsonReply(OPENAI));
  const openai = { kind: 'openai', base_url: 'http://upstream.test/v1', api_key: 'lab-key-openai' };
  const lab = createTestGateway({
    config: { providers: { lab: LAB_PROVIDERS.claude, openai }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
  });
  const ask = (model: string) => lab.post(PATH, { model, input: 'a' });
  expect((await ask('text-embedding-3-small')).headers.get('x-sluice-provider')).toBe('openai');
  expect((await lab.row(0)).route).toMatchObject({
    kind: 'default',
    rule: 'the provider that knows the model',
    why: 'no rule matches, and lab, routing.default_provider, cannot answer what is asked',
  });
  // Nobody makes vectors of a model that is not known, the simulator least of all.
  expect((await ask('unheard-of')).status).toBe(400);
  expect(upstream.requests).toHaveLength(1);
});

// Vectors of two models cannot be compared.
test.each([
  ['another model', 'spare/other', 503],
  ['the default model', 'spare', 503],
  ['the same model', 'spare/asked', 200],
  ['the same model of a vendor', 'spare/vendor/asked', 200],
  ['what it calls the same model', 'aliased', 200],
])('where a provider fails, %s at the next: %s', async (_, next, status) => {
  const upstream = createReplayFetch(({ path }) =>
    path.startsWith('/first')
      ? jsonReply({ error: { message: 'down' } }, { status: 503 })
      : jsonReply(OPENAI),
  );
  const lab = { dialect: 'openai-chat' as const, max_retries: 0 };
  const { post, row } = createTestGateway({
    config: {
      providers: {
        first: { ...lab, base_url: 'https://lab.test/first' },
        spare: { ...lab, base_url: 'https://lab.test/spare', default_model: 'other' },
        aliased: { ...lab, base_url: 'https://lab.test/aliased', models: { asked: 'deployed' } },
      },
      routing: { default_provider: 'first', fallback_chain: [next] },
    },
    fetch: upstream.fetch,
  });
  expect((await post(PATH, { model: 'asked', input: 'a' })).status).toBe(status);
  expect((await row(0)).attempts).toHaveLength(status === 200 ? 2 : 1);
});

test('a target of the chain without embeddings is passed over, also while the first one has to be waited for', async () => {
  const upstream = createReplayFetch(
    jsonReply({ error: { message: 'Rate limit reached. Please try again in 40s.' } }, { status: 429 }),
  );
  const { post, row } = createTestGateway({
    config: {
      providers: { lab: { ...LAB_PROVIDERS.gpt, max_retries: 0 }, claude: LAB_PROVIDERS.claude },
      routing: { default_provider: 'lab', fallback_chain: ['claude/asked'] },
    },
    fetch: upstream.fetch,
  });
  for (const index of [0, 1]) {
    const response = await post(PATH, { model: 'asked', input: 'a' });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '40']);
    const { errorCode, attempts } = await row(index);
    expect([errorCode, attempts.map(({ provider }) => provider)]).toEqual(['upstream_rate_limited', ['lab']]);
  }
});

test('where a provider fails, the next target of its own rule: whoever wrote both knows that they are one model', async () => {
  const upstream = createReplayFetch(({ path }) =>
    path.startsWith('/first')
      ? jsonReply({ error: { message: 'down' } }, { status: 503 })
      : jsonReply(OPENAI),
  );
  const lab = { dialect: 'openai-chat' as const, max_retries: 0 };
  const { post, row } = createTestGateway({
    config: {
      providers: {
        first: { ...lab, base_url: 'https://lab.test/first' },
        spare: { ...lab, base_url: 'https://lab.test/spare' },
      },
      routing: { model_mappings: [{ from: 'asked', to: ['first/asked', 'spare/my-deployment'] }] },
    },
    fetch: upstream.fetch,
  });
  expect((await post(PATH, { model: 'asked', input: 'a' })).status).toBe(200);
  expect((await row(0)).attempts).toMatchObject([{ provider: 'first' }, { model: 'my-deployment' }]);
});

test.each([
  [{ input: 5 }, 'input'],
  [{ input: [] }, 'input'],
  [{ input: ['a', 1] }, 'input[1]'],
  [{ input: 'a', dimensions: 0 }, 'dimensions'],
  [{ input: 'a', encoding_format: 'hex' }, 'encoding_format'],
])('%j is refused naming %s', async (body, field) => {
  const lab = setup('gemini');
  const response = await lab.post(PATH, { model: 'asked', ...body });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { param: field } });
});

test('the simulator embeds: the same text in the same place, unit length, as long as asked', async () => {
  const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('unused')) });
  const fetch = (url: string | URL | Request, init?: RequestInit) => gateway.fetch(new Request(url, init));
  const client = new OpenAI({ apiKey: 'none', baseURL: 'http://127.0.0.1:8088/v1', fetch });
  const { data, usage } = await client.embeddings.create({
    model: 'simulator/demo',
    input: ['one text', 'another', 'one text'],
    dimensions: 5,
  });
  const [first, second, third] = data.map((each) => [...each.embedding]);
  expect(first).toHaveLength(5);
  expect(third).toEqual(first ?? []);
  expect(second).not.toEqual(first ?? []);
  expect(Math.hypot(...(first ?? []))).toBeCloseTo(1, 5);
  expect(usage.total_tokens).toBeGreaterThan(0);
});

test.each([
  [PATH, 'ollama', { input: 'a', input_type: 'query', truncate: 'END' }, ['input_type', 'truncate']],
  ['/api/embed', 'gpt', { input: 'a', keep_alive: '1m', options: { num_ctx: 9 } }, ['keep_alive', 'options']],
] as const)(
  'what %s asks of another dialect’s provider that it has no word for is named',
  async (path, provider, asked, lost) => {
    const lab = setup(provider, provider === 'gpt' ? OPENAI : { model: 'served', embeddings: [[0.5]] });
    const response = await lab.post(path, { model: 'asked', ...asked, agent_type: 'mine' });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-sluice-lost')).toBe(lost.join(', '));
    expect((await lab.row(0)).lost).toEqual([...lost]);
  },
);

// LiteLLM's client of Ollama ends in an error without the count.
test('/api/embed states a count where the provider counts none', async () => {
  const lab = setup('gpt', { data: [{ index: 0, embedding: [0.5] }] });
  const response = await lab.post('/api/embed', { model: 'asked', input: 'a' });
  expect(await response.json()).toMatchObject({ embeddings: [[0.5]], prompt_eval_count: 0 });
});

test.each([
  ['/api/embed', { input: [] }, 'input'],
  ['/api/embed', { input: ['a', 1] }, 'input'],
  ['/api/embed', {}, 'input'],
  ['/api/embeddings', { prompt: 1 }, 'prompt'],
])('%s %j is refused naming %s', async (path, body, field) => {
  const lab = setup('gpt', {});
  const response = await lab.post(path, { model: 'asked', ...body });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain(`${field}: must be a text or a list of texts`);
  expect(lab.upstream.requests).toHaveLength(0);
});
