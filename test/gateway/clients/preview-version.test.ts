// Google's preview version (v1alpha): Google is asked at it by clients that ask at it, since some fields exist only there; other
// servers of the dialect, and clients of other dialects, keep to the usual one.
import { expect, test } from 'bun:test';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const PART = { text: 'Hello', mediaResolution: { level: 'MEDIA_RESOLUTION_HIGH' } };
const ASK = { contents: [{ role: 'user', parts: [PART] }] };
const CHAT = { model: 'google/m', messages: [{ role: 'user', content: 'hi' }] };
const ANSWER = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  totalTokens: 1,
  embedding: { values: [1] },
};

async function askedAt(path: string, body: JsonObject = ASK): Promise<string | undefined> {
  const upstream = createReplayFetch(jsonReply(ANSWER));
  const google = { kind: 'gemini', base_url: 'http://google.test', api_key: 'k' } as const;
  const { post } = createTestGateway({
    config: { providers: { google, lab: LAB_PROVIDERS.gemini } },
    fetch: upstream.fetch,
  });
  const response = await post(path, body);
  expect(response.status, await response.text()).toBe(200);
  return upstream.requests[0]?.path;
}

test.each([
  ['/v1alpha/models/google%2Fm:generateContent', '/v1alpha/models/m:generateContent'],
  [
    '/v1alpha/models/google%2Fm:streamGenerateContent?alt=sse',
    '/v1alpha/models/m:streamGenerateContent?alt=sse',
  ],
  ['/v1alpha/models/google%2Fm:countTokens', '/v1alpha/models/m:countTokens'],
  ['/v1beta/models/google%2Fm:generateContent', '/v1beta/models/m:generateContent'],
  ['/v1/models/google%2Fm:generateContent', '/v1beta/models/m:generateContent'],
  ['/v1alpha/models/lab%2Fm:generateContent', '/v1beta/models/m:generateContent'],
])('%s: asked at %s', async (path, asked) => {
  expect(await askedAt(path)).toEndWith(asked);
});

test('embeddings too', async () => {
  const body = { content: { parts: [{ text: 'Hello' }] } };
  const path = '/v1alpha/models/google%2Fm:embedContent';
  expect(await askedAt(path, body)).toEndWith('/v1alpha/models/m:batchEmbedContents');
});

test('a client of another dialect', async () => {
  expect(await askedAt('/v1/chat/completions', CHAT)).toEndWith('/v1beta/models/m:generateContent');
});
