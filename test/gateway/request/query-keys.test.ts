// A key of the gateway in the query goes to no provider; the rest of the query passes as it is.
import { expect, test } from 'bun:test';
import { withQuery } from '../../../src/gateway/attempts/pass-query.ts';
import { createGateway } from '../../../src/index.ts';
import { wholeChat, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';

const KEY = 'qzGate+Way/Key 1';
const BODY = JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] });

test.each([
  ['messages', '?key=qzGate%2BWay%2FKey%201&beta=true', '?beta=true'],
  ['messages', '?a=%7e&token=qzGate+Way/Key%201&b', '?a=%7e&b'],
  ['chat/completions', '?x=qzGate%2BWay%2FKey+1', ''],
  ['chat/completions', '?key=theirs&&a=1+2', '?key=theirs&&a=1+2'],
])('/v1/%s%s', async (path, query, expected) => {
  const upstream = createReplayFetch(() =>
    jsonReply(path === 'messages' ? wholeMessage('Hi') : wholeChat('Hi')),
  );
  const provider = { base_url: 'http://upstream.test', max_retries: 0 };
  const gateway = createGateway(
    {
      server: { keys: [KEY] },
      providers: {
        one: { dialect: path === 'messages' ? 'anthropic-messages' : 'openai-chat', ...provider },
      },
      routing: { default_provider: 'one' },
    },
    { host: { fetch: upstream.fetch } },
  );
  const response = await gateway.fetch(
    new Request(`http://127.0.0.1:8088/v1/${path}${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-sluice-key': KEY },
      body: BODY,
    }),
  );
  expect(response.status).toBe(200);
  await response.text();
  await gateway.close();
  expect(upstream.requests.map((request) => request.path.replace(/^[^?]*/, ''))).toEqual([expected]);
});

test('a parameter that the provider’s address has is not repeated', () => {
  const address = 'http://upstream.test/chat?api-version=1';
  expect(withQuery(address, '?api-version=2&a=%7e')).toBe(`${address}&a=%7e`);
});
