// More texts than a provider embeds at once: it is asked in parts, and the client gets one answer.
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../../src/index.ts';
import { asArray, asObject, asString, parseObject } from '../../../src/model/json/json.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, type SeenRequest } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const PROVIDERS: ConfigInput['providers'] = {
  gemini: { api_key: 'k', max_retries: 0 },
  vertex: { options: { project: 'p', location: 'us-central1' }, api_key: 'k', max_retries: 0 },
  bedrock: { options: { region: 'us-east-1' }, api_key: 'k', max_retries: 0 },
};

/** Each text is a number, which is its vector too. */
function textsIn(request: SeenRequest): string[] {
  const body = parseObject(new TextDecoder().decode(new Uint8Array(request.body))) ?? {};
  const several = asArray(body.requests) ?? asArray(body.instances) ?? asArray(body.texts);
  if (several !== undefined)
    return several.map((entry) => {
      const { content } = asObject(entry) ?? {};
      const [part] = asArray(asObject(content)?.parts) ?? [];
      return asString(entry) ?? asString(content) ?? asString(asObject(part)?.text) ?? '';
    });
  const [part] = asArray(asObject(body.content)?.parts) ?? [];
  return [asString(body.inputText) ?? asString(asObject(part)?.text) ?? ''];
}

const vectorOf = (text: string) => [Number(text)];

const ANSWERS: Record<string, (texts: string[]) => object> = {
  batchEmbedContents: (texts) => ({ embeddings: texts.map((text) => ({ values: vectorOf(text) })) }),
  embedContent: ([text = '']) => ({
    embedding: { values: vectorOf(text) },
    usageMetadata: { promptTokenCount: 2 },
  }),
  predict: (texts) => ({
    predictions: texts.map((text) => ({
      embeddings: { values: vectorOf(text), statistics: { token_count: 2 } },
    })),
  }),
  titan: ([text = '']) => ({ embedding: vectorOf(text), inputTextTokenCount: 2 }),
  cohere: (texts) => ({ embeddings: { float: texts.map(vectorOf) } }),
};

async function asked(model: string, count: number, answer: (request: SeenRequest, texts: string[]) => Reply) {
  const upstream = createReplayFetch((request) => answer(request, textsIn(request)));
  const lab = createTestGateway({ config: { providers: PROVIDERS }, fetch: upstream.fetch });
  const input = Array.from({ length: count }, (_, at) => String(at));
  const response = await lab.post('/v1/embeddings', { model, input });
  return { ...lab, response, sizes: upstream.requests.map((request) => textsIn(request).length) };
}

describe('an OpenAI client’s list', () => {
  test.each([
    ['gemini/gemini-embedding-001', 'batchEmbedContents', 250, [100, 100, 50], 0],
    ['gemini/gemini-embedding-001', 'batchEmbedContents', 100, [100], 0],
    ['vertex/gemini-embedding-2', 'embedContent', 3, [1, 1, 1], 6],
    ['vertex/gemini-embedding-001', 'predict', 2, [1, 1], 4],
    ['vertex/text-embedding-005', 'predict', 251, [250, 1], 502],
    ['bedrock/amazon.titan-embed-text-v2:0', 'titan', 9, new Array(9).fill(1), 18],
    ['bedrock/cohere.embed-v4:0', 'cohere', 100, [96, 4], 0],
  ] as const)('for %s by %s: %p texts', async (model, method, count, sizes, tokens) => {
    const { response, row, ...lab } = await asked(model, count, (_, texts) =>
      jsonReply(ANSWERS[method]?.(texts) ?? {}),
    );
    expect(response.status).toBe(200);
    const body = await response.json();
    expect(body.data.map((entry: { embedding: number[] }) => entry.embedding[0])).toEqual(
      Array.from({ length: count }, (_, at) => at),
    );
    expect(body.data.map((entry: { index: number }) => entry.index)).toEqual(
      Array.from({ length: count }, (_, at) => at),
    );
    expect(body.usage.prompt_tokens).toBe(tokens);
    expect(lab.sizes.toSorted((one, other) => other - one)).toEqual([...sizes]);
    expect(await row(0)).toMatchObject({
      operation: 'embed',
      status: 'success',
      usageKnown: tokens > 0,
      usage: { inputTokens: tokens },
      attempts: [{ status: 200 }],
    });
  });

  test('fails as a whole where a part fails, no further part is asked for, and what was answered is billed', async () => {
    const error = jsonReply({ message: 'no' }, { status: 400 });
    const { response, row, sizes } = await asked('bedrock/amazon.titan-embed-text-v2:0', 90, (_, texts) =>
      texts[0] === '10' ? error : jsonReply(ANSWERS.titan?.(texts) ?? {}),
    );
    expect(response.status).toBe(400);
    expect(sizes.length).toBeLessThan(20);
    const { costUsd, attempts } = await row(0);
    expect(attempts).toMatchObject([{ status: 200, error: 'upstream_rejected' }]);
    const tokens = attempts[0]?.usage?.inputTokens ?? 0;
    expect(tokens).toBeGreaterThanOrEqual(20);
    expect(costUsd).toBeCloseTo((tokens * 0.02) / 1e6, 12);
  });
});
