// Embeddings for clients of Gemini's dialect, from whichever provider.
import { describe, expect, test } from 'bun:test';
import { GoogleGenAI } from '@google/genai';
import type { ConfigInput } from '../../../src/index.ts';
import { jsonReply } from '../../support/reply.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const GEMINI = LAB_PROVIDERS.gemini;
const VERTEX = {
  kind: 'vertex',
  options: { project: 'p', location: 'l' },
  api_key: 'ya29.t',
  max_retries: 0,
};
const BEDROCK = { kind: 'bedrock', options: { region: 'r-1' }, api_key: 'k', max_retries: 0 };
const BATCH = '/v1beta/models/m:batchEmbedContents';
const SINGLE = '/v1beta/models/m:embedContent';

function setup(
  lab: NonNullable<ConfigInput['providers']>[string],
  answer: unknown,
  models?: Record<string, string>,
) {
  const upstream = createReplayFetch(jsonReply(answer));
  const gateway = createTestGateway({
    config: {
      providers: { lab: { ...lab, ...(models !== undefined && { models }) } },
      routing: { default_provider: 'lab' },
    },
    fetch: upstream.fetch,
  });
  return {
    ...gateway,
    upstream,
    sent: () => upstream.requests[0]?.json(),
    path: () => upstream.requests[0]?.path,
  };
}

const text = (words: string, more = {}) => ({ content: { parts: [{ text: words }] }, ...more });

describe('Google’s SDK', () => {
  test('gets vectors of an OpenAI-shaped provider', async () => {
    const data = [1, 2].map((value, index) => ({ object: 'embedding', index, embedding: [value] }));
    const lab = setup(LAB_PROVIDERS.gpt, { data, model: 'm', usage: { prompt_tokens: 4, total_tokens: 4 } });
    const fetch = (url: string | URL | Request, init?: RequestInit) =>
      lab.gateway.fetch(new Request(url, init));
    const httpOptions = { baseUrl: 'http://127.0.0.1:8088', fetch: fetch as typeof globalThis.fetch };
    const { models } = new GoogleGenAI({ apiKey: 'none', httpOptions });
    const config = { outputDimensionality: 2, taskType: 'CLUSTERING' };
    const { embeddings } = await models.embedContent({ model: 'm', contents: ['a', 'b'], config });
    expect(embeddings).toEqual([{ values: [1] }, { values: [2] }]);
    expect(lab.sent()).toEqual({ model: 'm', input: ['a', 'b'], dimensions: 2, encoding_format: 'float' });
    expect(await lab.row(0)).toMatchObject({
      operation: 'embed',
      usage: { inputTokens: 4 },
      lost: ['taskType'],
    });
  });
});

describe('a provider of the same dialect', () => {
  test('gets a batch as it is, and its answer passes', async () => {
    const answer = { embeddings: [{ values: [0.5] }], later: 1 };
    const lab = setup(GEMINI, answer);
    const body = `{ "requests":[{"model":"models/m",  "content":{"parts":[{"text":"a"}]}, "odd":1.0}] }`;
    const response = await lab.post(BATCH, body);
    expect(await response.json()).toEqual(answer);
    expect(new TextDecoder().decode(lab.upstream.requests[0]?.body)).toBe(body);
    expect(lab.path()).toBe(BATCH);
  });

  test('gets the model that serves in each request of a batch', async () => {
    const lab = setup(GEMINI, { embeddings: [{ values: [1] }] }, { m: 'gem-embed' });
    await lab.post(BATCH, { requests: [text('a', { model: 'models/m', title: 't' })] });
    expect(lab.path()).toBe('/v1beta/models/gem-embed:batchEmbedContents');
    expect(lab.sent()).toEqual({ requests: [text('a', { model: 'models/gem-embed', title: 't' })] });
  });

  test('is asked for one alone as a list of one, with all that it says', async () => {
    const lab = setup(GEMINI, { embeddings: [{ values: [0.5] }] });
    const said = { taskType: 'RETRIEVAL_DOCUMENT', title: 't', outputDimensionality: 1 };
    const response = await lab.post(SINGLE, text('a', said));
    expect(await response.json()).toEqual({ embedding: { values: [0.5] } });
    expect(lab.sent()).toEqual({ requests: [text('a', { model: 'models/m', ...said })] });
    expect(response.headers.get('x-sluice-lost')).toBeNull();
  });
});

test.each([
  [
    BATCH,
    { requests: [text('a', { model: 'm', autoTruncate: true, task_type: 'CLUSTERING' })] },
    ['requests.autoTruncate', 'taskType'],
  ],
  [
    '/v1/publishers/google/models/m:predict',
    {
      instances: [{ content: 'a', mimeType: 'x' }],
      parameters: { autoTruncate: true, outputDimensionality: 1 },
    },
    ['instances.mimeType', 'parameters.autoTruncate'],
  ],
  [SINGLE, text('a', { embedContentConfig: { autoTruncate: true } }), ['embedContentConfig.autoTruncate']],
])('what another provider is not told is named: %s', async (path, body, lost) => {
  const lab = setup(LAB_PROVIDERS.gpt, { data: [{ index: 0, embedding: [1] }], model: 'm', usage: {} });
  const response = await lab.post(path, body);
  expect(response.status).toBe(200);
  expect((await lab.row(0)).lost.toSorted()).toEqual(lost);
});

test('Vertex predicts', async () => {
  const predictions = [{ embeddings: { values: [0.5], statistics: { token_count: 2 } } }];
  const lab = setup(VERTEX, { predictions });
  const response = await lab.post(SINGLE, text('a', { taskType: 'RETRIEVAL_QUERY' }));
  expect(await response.json()).toEqual({
    embedding: { values: [0.5] },
    usageMetadata: { promptTokenCount: 2 },
  });
  expect(lab.path()).toEndWith('/m:predict');
  expect(lab.sent()).toEqual({ instances: [{ content: 'a', task_type: 'RETRIEVAL_QUERY' }], parameters: {} });
});

test('Vertex is asked for one text by :embedContent where it has no :predict for the model', async () => {
  const answer = { embedding: { values: [0.5] }, usageMetadata: { promptTokenCount: 2 } };
  const lab = setup(VERTEX, answer, { m: 'gemini-embedding-2' });
  const ask = (input: unknown) => lab.post('/v1/embeddings', { model: 'm', input, dimensions: 1 });
  expect(await (await ask(['a'])).json()).toMatchObject({
    data: [{ embedding: [0.5] }],
    usage: { prompt_tokens: 2 },
  });
  expect(lab.path()).toEndWith('/gemini-embedding-2:embedContent');
  expect(lab.sent()).toEqual({
    content: { parts: [{ text: 'a' }] },
    embedContentConfig: { outputDimensionality: 1 },
  });
  const older = setup(VERTEX, { predictions: [] }, { m: 'gemini-embedding-001' });
  await older.post('/v1/embeddings', { model: 'm', input: ['a'] });
  expect(older.path()).toEndWith('/gemini-embedding-001:predict');
});

test.each([
  ['RETRIEVAL_QUERY', 'search_query', null],
  ['CLUSTERING', 'clustering', null],
  ['SEMANTIC_SIMILARITY', 'search_document', 'taskType'],
])('Cohere on Bedrock is told %s as %s', async (taskType, type, lost) => {
  const lab = setup(BEDROCK, { embeddings: { float: [[1]] } }, { m: 'cohere.embed-v4:0' });
  const response = await lab.post(SINGLE, text('a', { taskType }));
  expect(await response.json()).toEqual({ embedding: { values: [1] } });
  expect(lab.sent()).toMatchObject({ texts: ['a'], input_type: type });
  expect(response.headers.get('x-sluice-lost')).toBe(lost);
});

test.each([
  [BATCH, { requests: [] }, 'requests'],
  [BATCH, { requests: [text('a'), text('b', { outputDimensionality: 3 })] }, 'outputDimensionality'],
  [BATCH, { requests: [7] }, 'requests[0]'],
  [SINGLE, {}, 'content'],
  [SINGLE, { content: { parts: [] } }, 'content.parts'],
  [SINGLE, { content: { parts: [{ inlineData: { mimeType: 'image/png', data: '' } }] } }, 'only text'],
  [SINGLE, text('a', { outputDimensionality: 0.5 }), 'outputDimensionality'],
])('%s %j is refused and told why', async (path, body, reason) => {
  const lab = setup(LAB_PROVIDERS.gpt, {});
  const response = await lab.post(path, body);
  expect(response.status).toBe(400);
  const { error } = (await response.json()) as { error: { message: string; status: string } };
  expect(error.status).toBe('INVALID_ARGUMENT');
  expect(error.message).toContain(reason);
  expect(lab.upstream.requests).toHaveLength(0);
});

test('the simulator embeds for such clients too', async () => {
  const { post } = createTestGateway({ fetch: () => Promise.reject(new Error('no network')) });
  const ask = async (path: string, body: unknown) => (await post(path, body)).json();
  const one = (await ask('/v1beta/models/simulator%2Ffast:embedContent', text('a'))) as {
    embedding: { values: number[] };
  };
  const many = await ask('/v1beta/models/simulator%2Ffast:batchEmbedContents', {
    requests: [text('a'), text('b')],
  });
  expect(one.embedding.values.length).toBeGreaterThan(0);
  expect(many).toMatchObject({ embeddings: [one.embedding, {}] });
});
