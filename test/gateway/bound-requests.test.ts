// A Gemini request that rests on a stored prefix: only who keeps it is asked, nobody answers half of a conversation.
import { expect, test } from 'bun:test';
import { jsonReply } from '../support/reply.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { createTestGateway, LAB_PROVIDERS } from '../support/test-gateway.ts';

const ANSWER = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'here' }] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
};

test('refused before anyone is asked, or passed on as it is', async () => {
  const upstream = createReplayFetch(() => jsonReply(ANSWER));
  const gateway = createTestGateway({ config: { providers: LAB_PROVIDERS }, fetch: upstream.fetch });
  const body = { cachedContent: 'cachedContents/1', contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
  const ask = (provider: string) => gateway.post(`/v1beta/models/${provider}%2Fm:generateContent`, body);
  for (const provider of ['claude', 'gpt', 'responses']) {
    const refused = await ask(provider);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain(
      `cachedContent: ${provider} cannot take it: the beginning of the conversation is kept by another provider`,
    );
  }
  expect(upstream.requests).toEqual([]);
  expect((await ask('gemini')).status).toBe(200);
  expect(upstream.requests[0]?.json()).toEqual(body);
});
