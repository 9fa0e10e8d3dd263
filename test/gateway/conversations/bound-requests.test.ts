// Requests that rest on what only one provider keeps or can write: only that one is asked, nobody answers half of a
// conversation.
import { expect, test } from 'bun:test';
import { jsonReply } from '../../support/reply.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const ANSWER = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'here' }] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
};

test("Gemini's stored prefix: refused before anyone is asked, or passed on as it is", async () => {
  const upstream = createReplayFetch(() => jsonReply(ANSWER));
  const gateway = createTestGateway({ config: { providers: LAB_PROVIDERS }, fetch: upstream.fetch });
  const body = { cachedContent: 'cachedContents/1', contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
  const ask = (provider: string) => gateway.post(`/v1beta/models/${provider}%2Fm:generateContent`, body);
  for (const provider of ['claude', 'gpt', 'responses']) {
    const refused = await ask(provider);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain(
      `cachedContent: ${provider} cannot accept it: the beginning of the conversation is stored by another provider`,
    );
  }
  expect(upstream.requests).toEqual([]);
  expect((await ask('gemini')).status).toBe(200);
  expect(upstream.requests[0]?.json()).toEqual(body);
});

const MESSAGE = {
  ...{
    id: 'msg_2',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [{ type: 'text', text: 'here' }],
  },
  ...{ stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } },
};

test.each([
  [
    { thread: { type: 'continue', previous_message_id: 'msg_1' } },
    'the earlier turns are stored by the provider',
    // The Python SDK's tool runner begins threads unasked, and reads this: it sends the whole conversation then.
    { error_code: 'thread_not_found' },
  ],
])('of Anthropic, %j', async (more, reason, details) => {
  const upstream = createReplayFetch(() => jsonReply(MESSAGE));
  const gateway = createTestGateway({ config: { providers: LAB_PROVIDERS }, fetch: upstream.fetch });
  const body = { max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], ...more };
  for (const provider of ['gemini', 'gpt', 'responses']) {
    const refused = await gateway.post('/v1/messages', { model: `${provider}/m`, ...body });
    expect(refused.status).toBe(400);
    const { error } = await refused.json();
    expect(error.message).toContain(`${provider} cannot accept it: ${reason}`);
    expect(error.details).toEqual(details);
  }
  expect(upstream.requests).toEqual([]);
  expect((await gateway.post('/v1/messages', { model: 'claude/m', ...body })).status).toBe(200);
  expect(upstream.requests[0]?.json()).toMatchObject(body);
});

test('a thread that begins is reported whole: whoever is asked can answer', async () => {
  const upstream = createReplayFetch(() => jsonReply(ANSWER));
  const { post, row } = createTestGateway({ config: { providers: LAB_PROVIDERS }, fetch: upstream.fetch });
  const messages = [{ role: 'user', content: 'hi' }];
  const asked = { model: 'gemini/m', max_tokens: 9, messages, thread: { type: 'create' } };
  expect((await post('/v1/messages', asked)).status).toBe(200);
  expect((await row(0)).lost).toContain('thread');
});
