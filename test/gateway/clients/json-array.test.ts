// A client that reads its stream as one JSON array, whoever answers.
import { describe, expect, test } from 'bun:test';
import { asObject, type JsonObject } from '../../../src/model/json/json.ts';
import { clientRequest, LAB_PROVIDER_OF, SPOKEN_DIALECTS } from '../../support/client-requests.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';
import { CARRY_PROVIDERS } from '../carry/providers.ts';

describe.each(SPOKEN_DIALECTS.map((dialect) => [dialect] as const))('answered by %s', (dialect) => {
  const ask = async (answer: string, fault: Pick<Reply, 'fault'> = {}) => {
    const upstream = createReplayFetch(replyWith(answer, fault));
    const config = {
      providers: { lab: LAB_PROVIDERS[LAB_PROVIDER_OF[dialect]] },
      routing: { default_provider: 'lab' },
    };
    const { post, row } = createTestGateway({ config, fetch: upstream.fetch });
    const more = { generationConfig: { thinkingConfig: { includeThoughts: true } } };
    const { path, body } = clientRequest('gemini', { stream: true, more });
    const response = await post(path.replace('?alt=sse', ''), body);
    const chunks = JSON.parse(await response.text()) as JsonObject[];
    return { response, chunks, status: (await row(0)).status };
  };

  test('each chunk is an element', async () => {
    const { response, chunks, status } = await ask(CARRY_PROVIDERS[dialect].answer);
    expect([response.status, response.headers.get('content-type'), status]).toEqual([
      200,
      'application/json',
      'success',
    ]);
    expect(chunks.length).toBeGreaterThan(2);
    expect(JSON.stringify(chunks)).toContain('at once.');
    expect(chunks.filter((chunk) => JSON.stringify(chunk).includes('finishReason'))).toHaveLength(1);
  });

  test.each(['cut', 'reset'] as const)(
    'a stream that is %s ends with an error and is an array still',
    async (kind) => {
      const { answer } = CARRY_PROVIDERS[dialect];
      const after = answer.indexOf('weather');
      const { chunks, status } = await ask(answer, { fault: { kind, after } });
      expect(status).toBe('truncated');
      expect(asObject(chunks.at(-1)?.error)?.code).toBeNumber();
    },
  );
});
