// Embeddings on Bedrock: each vendor's own body, by InvokeModel.
import { expect, test } from 'bun:test';
import { jsonReply } from '../../support/reply.ts';
import { bedrockLab } from './lab.ts';

const TITAN = 'amazon.titan-embed-text-v2:0';
const COHERE = 'cohere.embed-multilingual-v3';
const NOVA = 'amazon.nova-2-multimodal-embeddings-v1:0';

test('Titan embeds one text, and counts it', async () => {
  const { post, sent, upstream, row } = bedrockLab(
    jsonReply({ embedding: [0.5, -1], inputTextTokenCount: 3, embeddingsByType: { float: [0.5, -1] } }),
  );
  const body = { model: TITAN, input: 'a', dimensions: 256, encoding_format: 'float', user: 'u' };
  const response = await post('/v1/embeddings', body);
  expect(await response.json()).toEqual({
    object: 'list',
    data: [{ object: 'embedding', index: 0, embedding: [0.5, -1] }],
    model: TITAN,
    usage: { prompt_tokens: 3, total_tokens: 3 },
  });
  expect(upstream.requests[0]?.path).toBe(`/model/${encodeURIComponent(TITAN)}/invoke`);
  expect(sent()).toEqual({ inputText: 'a', dimensions: 256 });
  expect(response.headers.get('x-sluice-lost')).toContain('user');
  const { operation, usage, costUsd } = await row(0);
  expect([operation, usage.inputTokens]).toEqual(['embed', 3]);
  // A fifth of the price of the first Titan.
  expect(costUsd).toBeCloseTo((3 * 0.02) / 1e6, 12);
});

test.each([
  ['by type', { embeddings: { float: [[1], [2]] }, response_type: 'embeddings_by_type' }],
  ['plain', { embeddings: [[1], [2]], response_type: 'embeddings_floats' }],
])('Cohere embeds a batch, answered %s', async (_, answer) => {
  const { post, sent, row } = bedrockLab(jsonReply(answer));
  const response = await post('/v1/embeddings', { model: COHERE, input: ['a', 'b'] });
  expect(await response.json()).toMatchObject({ data: [{ embedding: [1] }, { index: 1, embedding: [2] }] });
  expect(sent()).toEqual({
    texts: ['a', 'b'],
    input_type: 'search_document',
    embedding_types: ['float'],
  });
  expect(await row(0)).toMatchObject({ usageKnown: false, costUsd: null });
});

test('Cohere’s tokens are counted in a header', async () => {
  const counted = { 'x-amzn-bedrock-input-token-count': '12', 'x-amzn-bedrock-output-token-count': '0' };
  const reply = jsonReply({ embeddings: { float: [[1]] } });
  const { post, row } = bedrockLab({ ...reply, headers: { ...reply.headers, ...counted } });
  const response = await post('/v1/embeddings', { model: COHERE, input: ['a'] });
  expect(await response.json()).toMatchObject({ usage: { prompt_tokens: 12 } });
  const { usage, costUsd } = await row(0);
  expect(usage.inputTokens).toBe(12);
  expect(costUsd).toBeCloseTo((12 * 0.1) / 1e6, 12);
});

test('Nova embeds one text, for a purpose', async () => {
  const { post, sent, upstream } = bedrockLab(
    jsonReply({ embeddings: [{ embeddingType: 'TEXT', embedding: [0.5, -1] }] }),
  );
  const response = await post('/v1/embeddings', { model: NOVA, input: ['a'], dimensions: 256 });
  expect(await response.json()).toMatchObject({ data: [{ index: 0, embedding: [0.5, -1] }] });
  expect(upstream.requests[0]?.path).toBe(`/model/${encodeURIComponent(NOVA)}/invoke`);
  const params = { embeddingDimension: 256, text: { truncationMode: 'NONE', value: 'a' } };
  expect(sent()).toEqual({
    taskType: 'SINGLE_EMBEDDING',
    singleEmbeddingParams: { ...params, embeddingPurpose: 'GENERIC_INDEX' },
  });
});

test.each([
  ['RETRIEVAL_QUERY', 'TEXT_RETRIEVAL', null],
  ['CLUSTERING', 'CLUSTERING', null],
  ['FACT_VERIFICATION', 'GENERIC_INDEX', 'taskType'],
])('Nova is told what Gemini’s clients call %s', async (taskType, embeddingPurpose, lost) => {
  const { post, sent } = bedrockLab(jsonReply({ embeddings: [{ embedding: [1] }] }));
  const body = { content: { parts: [{ text: 'a' }] }, taskType };
  const response = await post(`/v1beta/models/${encodeURIComponent(NOVA)}:embedContent`, body);
  expect(await response.json()).toMatchObject({ embedding: { values: [1] } });
  expect(sent()).toMatchObject({ singleEmbeddingParams: { embeddingPurpose } });
  expect(response.headers.get('x-sluice-lost')).toBe(lost);
});

test('the Titan that embeds images, too, has another word for dimensions', async () => {
  const { post, sent } = bedrockLab(jsonReply({ embedding: [1], inputTextTokenCount: 1 }));
  await post('/v1/embeddings', { model: 'amazon.titan-embed-image-v1', input: 'a', dimensions: 384 });
  expect(sent()).toEqual({ inputText: 'a', embeddingConfig: { outputEmbeddingLength: 384 } });
});

test.each([
  [{ model: TITAN, input: [1, 2] }, 'not token ids'],
  [{ model: 'amazon.nova-pro-v1:0', input: 'a' }, 'amazon.nova-pro-v1:0'],
])('%j is refused with the reason', async (body, reason) => {
  const { post, upstream } = bedrockLab(jsonReply({}));
  const response = await post('/v1/embeddings', body);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain(reason);
  expect(upstream.requests).toHaveLength(0);
});

test('an answer without a vector is malformed', async () => {
  const { post } = bedrockLab(jsonReply({ inputTextTokenCount: 1 }));
  const response = await post('/v1/embeddings', { model: TITAN, input: 'a' });
  expect(response.status).toBe(502);
  expect(await response.text()).toContain('embedding is missing');
});
