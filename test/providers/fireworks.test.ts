// Fireworks answers long requests only in streams: who asks for a whole answer gets one.
import { expect, test } from 'bun:test';
import { CHAT } from '../support/message-stream.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const WHOLE = {
  ...{ id: 'c', object: 'chat.completion', created: 1, model: 'served' },
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
};

function setup() {
  const upstream = createReplayFetch(({ json }) =>
    (json() as { stream?: boolean }).stream === true
      ? replyWith(CHAT.start + CHAT.delta('Hi') + CHAT.end)
      : jsonReply(WHOLE),
  );
  const config = { providers: { fireworks: { api_key: 'key-for-fireworks' } } };
  return { upstream, ...createTestGateway({ config, fetch: upstream.fetch }) };
}

const messages = [{ role: 'user', content: 'hi' }];
const model = 'fireworks/accounts/fireworks/models/kimi-k2';

test.each([
  ['Chat', '/v1/chat/completions', { max_tokens: 4_097 }],
  ["Chat's newer field", '/v1/chat/completions', { max_completion_tokens: 8_000 }],
  ['Messages', '/v1/messages', { max_tokens: 8_192 }],
])('%s, with a limit that needs a stream', async (_, path, limit) => {
  const { post, upstream, row } = setup();
  const response = await post(path, { model, messages, ...limit });
  expect(upstream.requests[0]?.json()).toMatchObject({
    stream: true,
    stream_options: { include_usage: true },
  });
  expect(response.headers.get('content-type')).toContain('application/json');
  const answer = (await response.json()) as { usage: object };
  expect(JSON.stringify(answer)).toContain('"Hi"');
  expect(JSON.stringify(answer.usage)).toContain('7');
  expect(await row(0)).toMatchObject({ status: 'success', streamed: false, usage: { outputTokens: 3 } });
});

test.each([[{ max_tokens: 4_096 }], [{}], [{ max_tokens: 9_000, n: 2 }]])(
  '%j is asked for as it is',
  async (limit) => {
    const { post, upstream } = setup();
    await (await post('/v1/chat/completions', { model, messages, ...limit })).text();
    expect(upstream.requests[0]?.json()).not.toHaveProperty('stream');
  },
);
