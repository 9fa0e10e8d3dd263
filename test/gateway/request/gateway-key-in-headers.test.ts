// A gateway's key that a client repeats in a header of its own goes to no provider; other headers pass.
import { expect, test } from 'bun:test';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';
import { wholeChat } from '../../support/message-stream.ts';

const KEY = 'qzGate+Way/Key 1';
const PROJECT_KEY = 'qzProject-Key-1';
const THEIRS = 'qzCache-Key-123';

test.each([
  ['answers', '/v1/chat/completions'],
  ['what is forwarded', '/v1/moderations'],
])('%s', async (_, path) => {
  const upstream = createReplayFetch(() => jsonReply(wholeChat('Hi')));
  const { post } = createTestGateway({
    config: {
      server: { keys: [KEY], project_keys: { web: [PROJECT_KEY] } },
      providers: { gpt: LAB_PROVIDERS.gpt },
    },
    fetch: upstream.fetch,
  });
  const body = { model: 'gpt/m', input: 'hi', messages: [{ role: 'user', content: 'hi' }] };
  const headers = {
    'x-sluice-key': KEY,
    'helicone-auth': `Bearer ${KEY}`,
    'x-litellm-api-key': KEY,
    'x-project': PROJECT_KEY,
    'x-cache-auth': `Bearer ${THEIRS}`,
    'x-title': `about ${PROJECT_KEY}s`,
  };
  expect((await post(path, body, { headers })).status).toBe(200);
  const names = ['helicone-auth', 'x-litellm-api-key', 'x-project', 'x-cache-auth', 'x-title'];
  expect(names.map((name) => upstream.requests[0]?.headers.get(name) ?? null)).toEqual([
    null,
    null,
    null,
    `Bearer ${THEIRS}`,
    `about ${PROJECT_KEY}s`,
  ]);
});
