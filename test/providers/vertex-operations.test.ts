// Counting and embeddings on Google Cloud, whose methods take other bodies than the Gemini API's.
import { expect, test } from 'bun:test';
import { jsonReply } from '../support/reply.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const MODELS = '/v1/projects/p1/locations/l1/publishers/google/models';
const CONTENTS = [{ role: 'user', parts: [{ text: 'hi' }] }];

function setup(answer: unknown) {
  const upstream = createReplayFetch(jsonReply(answer));
  const vertex = { options: { project: 'p1', location: 'l1' }, max_retries: 0 };
  const price = { input_per_million: 10, output_per_million: 0 };
  const gateway = createTestGateway({
    config: { providers: { vertex }, costs: { pricing_overrides: { 'vertex/*': price } } },
    fetch: upstream.fetch,
    host: { authorize: async () => ({ authorization: 'Bearer t' }) },
  });
  return { ...gateway, upstream, sent: () => upstream.requests[0]?.json() };
}

test('a count of another dialect’s client has the request’s fields at its top', async () => {
  const { post, upstream, sent } = setup({ totalTokens: 7, totalBillableCharacters: 2 });
  const response = await post('/v1/messages/count_tokens', {
    model: 'vertex/gemini-2.5-pro',
    system: 'Be brief.',
    messages: [{ role: 'user', content: 'hi' }],
  });
  expect(await response.json()).toEqual({ input_tokens: 7 });
  expect(response.headers.get('x-sluice-estimate')).toBeNull();
  expect(upstream.requests[0]?.path).toBe(`${MODELS}/gemini-2.5-pro:countTokens`);
  expect(upstream.requests[0]?.headers.get('authorization')).toBe('Bearer t');
  expect(sent()).toEqual({ contents: CONTENTS, systemInstruction: { parts: [{ text: 'Be brief.' }] } });
});

test('a Gemini client’s count passes, a request one level down is lifted', async () => {
  const plain = setup({ totalTokens: 7 });
  const path = '/v1beta/models/vertex%2Fgemini-2.5-pro:countTokens';
  const response = await plain.post(path, { contents: CONTENTS });
  expect(await response.json()).toEqual({ totalTokens: 7 });
  expect(plain.sent()).toEqual({ contents: CONTENTS });

  const nested = setup({ totalTokens: 9 });
  const systemInstruction = { parts: [{ text: 'Be brief.' }] };
  const request = { model: 'models/gemini-2.5-pro', contents: CONTENTS, systemInstruction };
  await nested.post(path, { generateContentRequest: request });
  expect(nested.sent()).toEqual({ contents: CONTENTS, systemInstruction });
});

test('embeddings are predictions, their counts added up', async () => {
  const vector = (values: number[], token_count: number) => ({
    embeddings: { values, statistics: { token_count, truncated: false } },
  });
  const { post, upstream, sent, row } = setup({ predictions: [vector([0.5, 1], 3), vector([-1, 0], 4)] });
  const response = await post('/v1/embeddings', {
    model: 'vertex/text-embedding-005',
    input: ['a', 'b'],
    dimensions: 2,
    encoding_format: 'float',
  });
  expect(upstream.requests[0]?.path).toBe(`${MODELS}/text-embedding-005:predict`);
  expect(sent()).toEqual({
    instances: [{ content: 'a' }, { content: 'b' }],
    parameters: { outputDimensionality: 2 },
  });
  expect(await response.json()).toMatchObject({
    data: [{ embedding: [0.5, 1] }, { embedding: [-1, 0] }],
    usage: { prompt_tokens: 7, total_tokens: 7 },
  });
  expect(await row(0)).toMatchObject({ usage: { inputTokens: 7 }, costUsd: 0.00007 });
});

test('embeddings without counts have no usage', async () => {
  const { post, row } = setup({ predictions: [{ embeddings: { values: [1] } }] });
  const body = { model: 'vertex/text-embedding-005', input: 'a', encoding_format: 'float' };
  expect((await post('/v1/embeddings', body)).status).toBe(200);
  expect(await row(0)).toMatchObject({ usageKnown: false, costUsd: null });
});

test('an answer without vectors is malformed', async () => {
  const { post } = setup({ predictions: [{}] });
  const response = await post('/v1/embeddings', { model: 'vertex/text-embedding-005', input: 'a' });
  expect(response.status).toBe(502);
  expect(await response.text()).toContain('embeddings[0].values is not a list of numbers');
});
