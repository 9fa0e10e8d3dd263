// Ollama takes a body for JSON whatever its content type says, which web pages must not profit from.
import { describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const ASK = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const JSON_TYPE = { 'content-type': 'application/json' };
const MESSAGE_BODY = {
  ...{
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [{ type: 'text', text: 'Hello' }],
  },
  ...{ stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 3, output_tokens: 2 } },
};

describe('a body that curl calls a form', () => {
  const FORM = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'curl/8.5.0' };
  const ask = (path: string, body: JsonObject, headers: Record<string, string>) =>
    createTestGateway({
      config: { providers: { lab: LAB_PROVIDERS.claude }, routing: { default_provider: 'lab' } },
      fetch: createReplayFetch(replyWith(JSON.stringify(MESSAGE_BODY), { headers: JSON_TYPE })).fetch,
    }).post(path, body, { headers });

  test.each([
    ['/api/chat', { ...ASK, stream: false }],
    ['/api/generate', { model: 'm', prompt: 'hi', stream: false }],
    ['/api/show', { model: 'm' }],
  ])('%s takes it, as Ollama does', async (path, body) => {
    expect((await ask(path, body, FORM)).status).toBe(200);
  });

  test.each([
    ['its user agent', { ...FORM, 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' }],
    [
      'the page’s origin, were it the gateway’s own',
      { ...FORM, origin: 'http://127.0.0.1:8088', host: '127.0.0.1:8088' },
    ],
    ['the site of the page', { ...FORM, 'sec-fetch-site': 'none' }],
  ])('is refused from a browser, known by %s', async (_, headers) => {
    for (const path of ['/api/chat', '/api/show']) {
      const answer = await ask(path, ASK, headers);
      expect(answer.status).toBe(415);
    }
  });

  test('is refused by the paths of other dialects', async () => {
    expect((await ask('/v1/chat/completions', ASK, FORM)).status).toBe(415);
  });
});
