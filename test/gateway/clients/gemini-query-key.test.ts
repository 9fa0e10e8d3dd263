// `?key=` on Gemini's paths: the gateway's key or the client's own, and never anybody else's.
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../../src/index.ts';
import { wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const SERVER_KEY = 'qzServerKey-77';
const CLIENT_KEY = 'qzClientKey-31';
const BODY = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
const ANSWER = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
};

type Logged = [level: string, message: string, fields?: Record<string, unknown>];

function setup(
  server: ConfigInput['server'],
  provider: keyof typeof LAB_PROVIDERS,
  answer: unknown = ANSWER,
) {
  const upstream = createReplayFetch(() => jsonReply(answer));
  const logged: Logged[] = [];
  const { api_key: _, ...lab } = LAB_PROVIDERS[provider];
  const config = { server, providers: { lab }, routing: { default_provider: 'lab' } };
  const host = { log: (...entry: Logged) => void logged.push(entry) };
  const gateway = createTestGateway({ config, fetch: upstream.fetch, host });
  const ask = (query: string, headers: Record<string, string> = {}) =>
    gateway.post(`/v1beta/models/m:generateContent${query}`, BODY, { headers });
  return { ...gateway, ask, upstream, logged };
}

describe('with server.keys', () => {
  const server = { keys: [SERVER_KEY] };

  test('one of them in the query is enough, and goes to no provider', async () => {
    const { ask, upstream } = setup(server, 'gemini');
    expect((await ask(`?key=${SERVER_KEY}`)).status).toBe(200);
    expect(upstream.requests[0]?.path).toBe('/v1beta/models/m:generateContent');
    expect([...(upstream.requests[0]?.headers ?? [])].flat().join(' ')).not.toContain(SERVER_KEY);
  });

  test('another is refused, and its text appears nowhere', async () => {
    const { ask, row, logged, upstream } = setup(server, 'gemini');
    const response = await ask(`?key=${CLIENT_KEY}`);
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain(CLIENT_KEY);
    expect(JSON.stringify([await row(0), logged])).not.toContain(CLIENT_KEY);
    expect(upstream.requests).toHaveLength(0);
  });

  test('beside a provider’s key in the header, the query’s may be the gateway’s', async () => {
    const { ask, upstream } = setup(server, 'gemini');
    const response = await ask(`?key=${SERVER_KEY}`, { 'x-goog-api-key': CLIENT_KEY });
    expect(response.status).toBe(200);
    expect(upstream.requests[0]?.path).not.toContain('key=');
  });

  test('lists of models take it too', async () => {
    const { gateway } = setup(server, 'gemini', { models: [] });
    const list = (query: string) =>
      gateway.fetch(new Request(`http://127.0.0.1:8088/v1beta/models${query}`)).then(({ status }) => status);
    expect(await list(`?key=${SERVER_KEY}`)).toBe(200);
    expect(await list('?key=other')).toBe(401);
    expect(await list('')).toBe(401);
  });

  test('on the paths of other dialects it is no key', async () => {
    const { post } = setup(server, 'claude', wholeMessage('Hi'));
    const body = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
    expect((await post(`/v1/messages?key=${SERVER_KEY}`, body)).status).toBe(401);
  });
});

describe('without server.keys', () => {
  test('it is the client’s own key for a Gemini provider', async () => {
    const { ask, upstream, row } = setup({}, 'gemini');
    expect((await ask(`?key=${CLIENT_KEY}&x=1`)).status).toBe(200);
    expect(upstream.requests[0]?.headers.get('x-goog-api-key')).toBe(CLIENT_KEY);
    expect(upstream.requests[0]?.path).toBe('/v1beta/models/m:generateContent?x=1');
    expect(JSON.stringify(await row(0))).not.toContain(CLIENT_KEY);
  });

  test.each(['%C3%A9%C3%A9%C3%A9%C3%A9', 'a%0D%0Ax-other:%201', '%00'])(
    'what no header can hold is none: %s',
    async (key) => {
      const { ask, upstream } = setup({}, 'gemini');
      expect((await ask(`?key=${key}`)).status).toBe(200);
      expect(upstream.requests[0]?.headers.has('x-goog-api-key')).toBe(false);
      expect(upstream.requests[0]?.headers.has('x-other')).toBe(false);
    },
  );

  test('no other dialect’s provider ever sees it', async () => {
    const { ask, upstream } = setup({}, 'claude', wholeMessage('Hi'));
    expect((await ask(`?key=${CLIENT_KEY}`)).status).toBe(200);
    const [request] = upstream.requests;
    expect(`${request?.path} ${[...(request?.headers ?? [])].flat().join(' ')}`).not.toContain(CLIENT_KEY);
  });

  test('what an upstream quotes of it is hidden', async () => {
    const error = { error: { code: 400, status: 'INVALID_ARGUMENT', message: `bad key ${CLIENT_KEY}` } };
    const upstream = createReplayFetch(() => jsonReply(error, { status: 400 }));
    const { api_key: _, ...lab } = LAB_PROVIDERS.gemini;
    const { post, row } = createTestGateway({
      config: { providers: { lab }, routing: { default_provider: 'lab' } },
      fetch: upstream.fetch,
    });
    const response = await post(`/v1beta/models/m:generateContent?key=${CLIENT_KEY}`, BODY);
    expect(await response.text()).not.toContain(CLIENT_KEY);
    expect(JSON.stringify(await row(0))).not.toContain(CLIENT_KEY);
  });
});
