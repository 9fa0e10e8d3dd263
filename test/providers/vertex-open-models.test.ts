// Open models on Google Cloud: asked in Chat Completions, whatever the client speaks.
import { expect, test } from 'bun:test';
import { jsonReply } from '../support/reply.ts';
import { wholeChat } from '../support/message-stream.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const LLAMA = 'meta/llama-3.3-70b-instruct-maas';
const AT =
  'https://us-central1-aiplatform.googleapis.com/v1/projects/p1/locations/us-central1/endpoints/openapi';

function lab() {
  const urls: string[] = [];
  const upstream = createReplayFetch(jsonReply(wholeChat('hello')));
  const options = { project: 'p1', location: 'us-central1' };
  const gateway = createTestGateway({
    config: { providers: { vertex: { options, max_retries: 0 } } },
    host: { authorize: async () => ({ authorization: 'Bearer fetched' }) },
    fetch(url, init) {
      urls.push(url);
      return upstream.fetch(url, init);
    },
  });
  return { ...gateway, urls, sent: () => upstream.requests[0] };
}

test('a client of Chat Completions is passed on', async () => {
  const { post, urls, sent, row } = lab();
  const body = `{"model": "vertex/${LLAMA}","messages":[{"role":"user","content":"h\\u0069"}]}`;
  const response = await post('/v1/chat/completions', body);
  expect(await response.json()).toEqual(wholeChat('hello'));
  expect(urls).toEqual([`${AT}/chat/completions`]);
  expect(new TextDecoder().decode(sent()?.body)).toBe(body.replace('vertex/', ''));
  expect(sent()?.headers.get('authorization')).toBe('Bearer fetched');
  expect(await row(0)).toMatchObject({ status: 'success', costUsd: null });
});

test.each([
  ['/v1/messages', { model: `vertex/${LLAMA}`, max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }],
  [
    `/v1beta/models/${encodeURIComponent(`vertex/${LLAMA}`)}:generateContent`,
    { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
  ],
])('a client of %s is translated', async (path, body) => {
  const { post, urls, sent } = lab();
  expect(await (await post(path, body)).text()).toContain('hello');
  expect(urls).toEqual([`${AT}/chat/completions`]);
  expect(sent()?.json()).toMatchObject({ model: LLAMA, messages: [{ role: 'user', content: 'hi' }] });
});

test('tokens are estimated, and text completions refused, as neither is served there', async () => {
  const { post, urls } = lab();
  const messages = [{ role: 'user', content: 'hi' }];
  const counted = await post('/v1/messages/count_tokens', { model: `vertex/${LLAMA}`, messages });
  expect(counted.headers.get('x-sluice-estimate')).toBe('tokenizer');
  const completed = await post('/v1/completions', { model: `vertex/${LLAMA}`, prompt: 'hi' });
  expect(completed.status).toBeGreaterThanOrEqual(400);
  expect(urls).toEqual([]);
});
