// Clients of Amazon's that embed texts in the words of Titan, Cohere or Nova: other providers' models answer in these too.
import { InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { describe, expect, test } from 'bun:test';
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts';
import type { ConfigInput } from '../../../src/index.ts';
import { createAmazonLab } from '../../support/amazon-lab.ts';
import { jsonReply } from '../../support/reply.ts';

const PROVIDERS: ConfigInput['providers'] = {
  openai: { api_key: 'key-for-openai', max_retries: 0 },
  gemini: { api_key: 'key-for-gemini', max_retries: 0 },
  anthropic: { api_key: 'key-for-anthropic', max_retries: 0 },
};
const BEDROCK = { api_key: 'key-for-bedrock', base_url: 'https://amazon.test', max_retries: 0 };
const EMBEDDED = {
  object: 'list',
  model: 'text-embedding-3-small',
  data: [
    { object: 'embedding', index: 0, embedding: [0.5, -1] },
    { object: 'embedding', index: 1, embedding: [2, 3] },
  ],
  usage: { prompt_tokens: 7, total_tokens: 7 },
};
const answerTo = (texts: number) => ({ ...EMBEDDED, data: EMBEDDED.data.slice(0, texts) });

async function asked(
  modelId: string,
  body: object,
  answer: object,
  config: ConfigInput = { providers: PROVIDERS },
) {
  const lab = createAmazonLab(jsonReply(answer), { config });
  const got = await lab.client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
  const [request] = lab.upstream.requests;
  return { ...lab, answer: JSON.parse(got.body.transformToString()), request, sent: request?.json() };
}

describe('at OpenAI', () => {
  const MODEL = 'openai/text-embedding-3-small';

  test('in Titan’s words', async () => {
    const { answer, request, sent, row } = await asked(
      MODEL,
      { inputText: 'a', dimensions: 256 },
      answerTo(1),
    );
    expect(answer).toEqual({
      embedding: [0.5, -1],
      embeddingsByType: { float: [0.5, -1] },
      inputTextTokenCount: 7,
    });
    expect(request?.path).toBe('/v1/embeddings');
    expect(request?.headers.get('authorization')).toBe('Bearer key-for-openai');
    expect(sent).toEqual({
      model: 'text-embedding-3-small',
      input: ['a'],
      dimensions: 256,
      encoding_format: 'float',
    });
    const { operation, usage, costUsd, provider } = await row(0);
    expect({ operation, provider, tokens: usage.inputTokens }).toEqual({
      operation: 'embed',
      provider: 'openai',
      tokens: 7,
    });
    expect(costUsd).toBeCloseTo((7 * 0.02) / 1e6, 12);
  });

  test('in Cohere’s, with the count in a header', async () => {
    const texts = { texts: ['a', 'b'], input_type: 'search_query' };
    const { answer, sent, gateway } = await asked(MODEL, texts, answerTo(2));
    expect(answer).toEqual({
      response_type: 'embeddings_floats',
      embeddings: [
        [0.5, -1],
        [2, 3],
      ],
    });
    expect(sent).toMatchObject({ input: ['a', 'b'] });
    const response = await gateway.fetch(
      new Request(`http://127.0.0.1:8088/model/${encodeURIComponent(MODEL)}/invoke`, {
        method: 'POST',
        body: JSON.stringify({ ...texts, embedding_types: ['float'] }),
        headers: { 'content-type': 'application/json' },
      }),
    );
    expect(response.headers.get('x-amzn-bedrock-input-token-count')).toBe('7');
    expect(response.headers.get('x-sluice-lost')).toBe('taskType');
    expect(await response.json()).toMatchObject({
      response_type: 'embeddings_by_type',
      embeddings: {
        float: [
          [0.5, -1],
          [2, 3],
        ],
      },
    });
  });
});

test('vectors of length 1 for Titan’s `normalize: false` are a named loss, and elsewhere as they are', async () => {
  const unnormalized = { inputText: 'a', normalize: false };
  const lost = await asked('openai/text-embedding-3-small', unnormalized, answerTo(1));
  expect((await lost.row(0)).lost).toEqual(['normalize']);
  const normalized = await asked(
    'openai/text-embedding-3-small',
    { inputText: 'a', normalize: true },
    answerTo(1),
  );
  expect((await normalized.row(0)).lost).toEqual([]);
  const build = bedrockConverse.embeddings?.buildRequest;
  const request = { model: '', input: [{ type: 'text' as const, text: 'a' }], encoding: 'float' as const };
  const built = (model: string) =>
    build?.({ ...request, unnormalized: true }, { model, quirks: {} } as Parameters<typeof build>[1]);
  expect(built('amazon.titan-embed-text-v2:0')).toEqual({ body: unnormalized, losses: [] });
  expect(built('amazon.titan-embed-text-v1')).toMatchObject({
    body: { inputText: 'a' },
    losses: [{ feature: 'normalize', outcome: 'lost' }],
  });
});

test('in Nova’s words at Gemini, which is told the purpose', async () => {
  const params = {
    embeddingPurpose: 'TEXT_RETRIEVAL',
    embeddingDimension: 256,
    text: { truncationMode: 'END', value: 'a' },
  };
  const body = { taskType: 'SINGLE_EMBEDDING', singleEmbeddingParams: params };
  const { answer, sent } = await asked('gemini/gemini-embedding-001', body, {
    embeddings: [{ values: [1, 2] }],
  });
  expect(answer).toEqual({ embeddings: [{ embeddingType: 'TEXT', embedding: [1, 2] }] });
  expect(sent).toMatchObject({ requests: [{ taskType: 'RETRIEVAL_QUERY', outputDimensionality: 256 }] });
});

test('a mapping leads Titan’s name to another model where there is no Amazon', async () => {
  const config: ConfigInput = {
    providers: PROVIDERS,
    routing: { model_mappings: [{ from: 'amazon.titan-embed-*', to: 'openai/text-embedding-3-small' }] },
  };
  const { sent } = await asked('amazon.titan-embed-text-v2:0', { inputText: 'a' }, answerTo(1), config);
  expect(sent).toMatchObject({ model: 'text-embedding-3-small' });
});

test('with Amazon, its own models get the bytes, and others’ are asked when they are named', async () => {
  const config = { providers: { ...PROVIDERS, bedrock: BEDROCK } };
  const titan = { inputText: 'a', normalize: false };
  const own = await asked(
    'amazon.titan-embed-text-v2:0',
    titan,
    { embedding: [1], inputTextTokenCount: 1 },
    config,
  );
  expect(own.sent).toEqual(titan);
  expect(own.request?.headers.get('authorization')).toBe('Bearer key-for-bedrock');
  expect(await own.row(0)).toMatchObject({ operation: 'infer' });
  const other = await asked('openai/text-embedding-3-small', titan, answerTo(1), config);
  expect(other.request?.headers.get('authorization')).toBe('Bearer key-for-openai');
});

test.each([
  [{ inputText: 'a', embeddingTypes: ['binary'] }, 'embeddingTypes'],
  [{ texts: ['a', 5] }, 'texts[1]: must be a string'],
  [{ texts: [] }, 'at least one text'],
  [{ singleEmbeddingParams: { image: {} } }, 'a text is required'],
  [{ inputText: 'a prompt', textGenerationConfig: {} }, 'anthropic_version'],
])('%j is refused elsewhere with the reason', async (body, reason) => {
  const failure = await asked('openai/text-embedding-3-small', body, answerTo(1)).catch(
    (thrown: Error) => thrown,
  );
  expect(failure).toMatchObject({ name: 'ValidationException', message: expect.stringContaining(reason) });
});

test('a provider without embeddings is named', async () => {
  const failure = await asked('anthropic/claude-x', { inputText: 'a' }, {}).catch((thrown: Error) => thrown);
  expect(failure).toMatchObject({ message: expect.stringContaining('which has none') });
});
