// Web pages and extensions that the configuration allows: what their browsers ask first, and what they may read then.
import { describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { ConfigInput } from '../../../src/index.ts';
import { resolveInput } from '../../support/resolve-input.ts';
import { labConfig } from '../../support/lab-config.ts';
import { MESSAGE, utf8, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const SELF = '127.0.0.1:8088';
const PAGE = 'http://localhost:5173';
const EXTENSION = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop';
const KEY = 'gateway-key-0001';
const ALLOWED = { allowed_origins: [PAGE, EXTENSION] };
const ANY = { allowed_origins: ['*'], keys: [KEY] };

const ASK = { model: 'claude/m', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

function setup(server: ConfigInput['server'] = ALLOWED, reply: Reply = jsonReply(wholeMessage('served'))) {
  const upstream = createReplayFetch(() => reply);
  const config = labConfig('http://upstream.test', {}, { server });
  const lab = createTestGateway({ config, fetch: upstream.fetch });
  const ask = (path: string, method: string, headers: Record<string, string>) =>
    lab.gateway.fetch(new Request(`http://${SELF}${path}`, { method, headers: { host: SELF, ...headers } }));
  return { ...lab, upstream, ask };
}

const preflight = (origin: string, more: Record<string, string> = {}) => ({
  origin,
  'access-control-request-method': 'POST',
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  ...more,
});

const fromPage = (origin: string) => ({
  host: SELF,
  origin,
  'sec-fetch-site': 'same-site',
  'sec-fetch-mode': 'cors',
});

const listOf = (response: Response, name: string) => (response.headers.get(name) ?? '').split(', ');

describe('the browser’s own question', () => {
  test.each([PAGE, EXTENSION])('%s may ask', async (origin) => {
    const lab = setup();
    const wanted = 'authorization,content-type,x-stainless-lang';
    const headers = preflight(origin, { 'access-control-request-headers': wanted });
    const answer = await lab.ask('/v1/messages', 'OPTIONS', headers);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('access-control-allow-headers')).toBe(wanted);
    expect(answer.headers.get('access-control-max-age')).toBe('7200');
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    expect(answer.headers.has('access-control-allow-private-network')).toBe(false);
    // What is forwarded may be changed, too: a cache of Gemini's by PATCH.
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
    expect(listOf(answer, 'access-control-allow-methods')).toEqual(methods);
    expect(listOf(answer, 'vary').sort()).toEqual(['access-control-request-headers', 'origin']);
    expect(await answer.text()).toBe('');
    expect(lab.rows).toHaveLength(0);
    expect(lab.upstream.requests).toHaveLength(0);
  });

  test.each([
    '/v1/chat/completions',
    '/v1beta/models/m:generateContent',
    '/v1/models',
    '/gateway/streams/x',
    '/no',
  ])('for %s too, before any key is shown', async (path) => {
    const lab = setup({ ...ALLOWED, keys: [KEY] });
    expect((await lab.ask(path, 'OPTIONS', preflight(PAGE))).status).toBe(204);
  });

  test('a page from the internet that asks this machine gets permission in its preflight', async () => {
    const headers = preflight(PAGE, { 'access-control-request-private-network': 'true' });
    const answer = await setup().ask('/v1/messages', 'OPTIONS', headers);
    expect(answer.headers.get('access-control-allow-private-network')).toBe('true');
  });

  test.each([
    ['Anthropic', sentByAnthropic],
    ['OpenAI', sentByOpenai],
  ])('what the SDK of %s sends from a browser', async (_, sent) => {
    const { path, names } = await sent();
    expect(names).toContain('content-type');
    const headers = preflight(EXTENSION, { 'access-control-request-headers': names.join(',') });
    const answer = await setup().ask(path, 'OPTIONS', headers);
    expect(answer.headers.get('access-control-allow-headers')?.split(',')).toEqual(names);
  });

  test.each<[string, ConfigInput['server'], Record<string, string>, string]>([
    ['a page that is not named', ALLOWED, preflight('https://evil.test'), 'server.allowed_origins'],
    ['a longer name', ALLOWED, preflight(`${PAGE}.evil.test`), 'server.allowed_origins'],
    ['another port', ALLOWED, preflight('http://localhost:5174'), 'server.allowed_origins'],
    ['no name at all', ALLOWED, preflight('null'), 'server.allowed_origins'],
    ['any page, where none is named', {}, preflight(PAGE), 'server.allowed_origins'],
    [
      'a page that is not named, of a gateway that others reach',
      { host: '0.0.0.0', keys: [KEY], ...ALLOWED },
      preflight('https://evil.test', { host: 'gateway.lan:8088' }),
      'server.allowed_origins',
    ],
    [
      'a name that was made to lead here',
      ALLOWED,
      preflight(PAGE, { host: 'evil.test:8088' }),
      'loopback only',
    ],
    [
      'such a name, all being allowed',
      ANY,
      preflight('http://evil.test', { host: 'evil.test' }),
      'loopback only',
    ],
  ])('refused: %s', async (_, server, headers, said) => {
    const answer = await setup(server).ask('/v1/messages', 'OPTIONS', headers);
    expect(answer.status).toBe(403);
    expect(answer.headers.has('access-control-allow-methods')).toBe(false);
    expect(await answer.text()).toContain(said);
  });

  test('OPTIONS that is no such question is as before', async () => {
    const lab = setup();
    expect((await lab.ask('/v1/messages', 'OPTIONS', { origin: PAGE })).status).toBe(405);
  });
});

describe('what such a page reads', () => {
  const limits = {
    'request-id': 'req_1',
    'anthropic-ratelimit-requests-remaining': '9',
    'access-control-allow-origin': 'https://upstream.test',
    'access-control-allow-credentials': 'true',
  };

  const own = ['request-id', 'provider', 'model', 'attempts', 'overhead-ms'].map(
    (name) => `x-sluice-${name}`,
  );

  function expectReadable(answer: Response, names: readonly string[], origin = PAGE): void {
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    expect(listOf(answer, 'vary')).toContain('origin');
    const exposed = listOf(answer, 'access-control-expose-headers');
    expect(exposed).toEqual(expect.arrayContaining([...names]));
    for (const name of exposed) expect(name).not.toMatch(/^(access-control-|vary$|content-type$|set-cookie)/);
  }

  test('a whole answer, and its headers', async () => {
    const lab = setup(ALLOWED, jsonReply(wholeMessage('served'), { headers: limits }));
    const answer = await lab.post('/v1/messages', ASK, { headers: fromPage(EXTENSION) });
    expect(answer.status).toBe(200);
    expectReadable(answer, [...own, 'request-id', 'anthropic-ratelimit-requests-remaining'], EXTENSION);
    expect(lab.upstream.requests[0]?.headers.has('origin')).toBe(false);
  });

  test('a stream, whose bytes pass as they came', async () => {
    const bytes = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello') + MESSAGE.end;
    const lab = setup(ALLOWED, replyWith(utf8(bytes), { headers: limits }));
    const answer = await lab.post('/v1/messages', { ...ASK, stream: true }, { headers: fromPage(PAGE) });
    expectReadable(answer, [...own, 'request-id']);
    expect(await answer.text()).toBe(bytes);
  });

  test('a provider’s refusal, and when to ask again', async () => {
    const refusal = { type: 'error', error: { type: 'rate_limit_error', message: 'later' } };
    const lab = setup(ALLOWED, jsonReply(refusal, { status: 429, headers: { 'retry-after': '7' } }));
    const answer = await lab.post('/v1/messages', ASK, { headers: fromPage(PAGE) });
    expect(answer.status).toBe(429);
    expectReadable(answer, ['x-sluice-request-id', 'retry-after']);
  });

  test.each<[string, ConfigInput['server'], string, number]>([
    ['no key', { ...ALLOWED, keys: [KEY] }, '/v1/messages', 401],
    ['an unknown path', ALLOWED, '/v1/nothing', 404],
    ['a name that was made to lead here', ALLOWED, '/v1/messages', 403],
  ])('the gateway’s own: %s', async (what, server, path, status) => {
    const headers = { ...fromPage(PAGE), ...(what.startsWith('a name') && { host: 'evil.test' }) };
    const answer = await setup(server).post(path, ASK, { headers });
    expect(answer.status).toBe(status);
    expectReadable(answer, ['x-sluice-request-id']);
  });

  test.each(['/gateway/health', '/gateway/streams', '/gateway/streams/live', '/v1/models', '/metrics'])(
    'the page %s',
    async (path) => {
      const lab = setup();
      const answer = await lab.ask(path, 'GET', fromPage(PAGE));
      expect(answer.status).toBe(200);
      expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
      await answer.body?.cancel();
    },
  );
});

describe('a gateway that ends', () => {
  const turnedAway = (path: string, headers: Record<string, string>, method = 'POST') =>
    setup().gateway.turnAway(new Request(`http://${SELF}${path}`, { method, headers }));

  test.each([
    ['/v1/messages', 'request-id', { type: 'overloaded_error' }],
    ['/v1/chat/completions', 'x-request-id', { type: 'server_error', code: 'shutting_down' }],
    ['/v1/responses', 'x-request-id', { type: 'server_error', code: 'shutting_down' }],
    ['/v1beta/models/m:generateContent', 'x-sluice-request-id', { code: 503, status: 'UNAVAILABLE' }],
    ['/gateway/audit', 'x-sluice-request-id', { code: 'shutting_down' }],
  ])('%s: 503 in the words of its client, which a page may read', async (path, name, allowed) => {
    const answer = await turnedAway(path, fromPage(PAGE));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(listOf(answer, 'access-control-expose-headers')).toContain(name);
    expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(await answer.json()).toMatchObject({ error: allowed });
  });

  test('a browser’s question before it is still answered', async () => {
    expect((await turnedAway('/v1/messages', preflight(PAGE), 'OPTIONS')).status).toBe(204);
  });

  test('to any other page it says nothing', async () => {
    const answer = await turnedAway('/v1/messages', fromPage('https://evil.test'));
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([503, null]);
  });
});

describe('who else asks', () => {
  test('programs, and the gateway’s own page, are served as ever; nothing that is kept is shown to another', async () => {
    const lab = setup();
    for (const headers of [{}, { host: SELF, origin: `http://${SELF}` }]) {
      const answer = await lab.post('/v1/messages', ASK, { headers });
      expect(answer.status).toBe(200);
      expect(answer.headers.has('access-control-allow-origin')).toBe(false);
      expect(answer.headers.get('vary')).toBe('origin');
    }
  });

  test('a page that is not named gets a refusal that it cannot read and that is recorded', async () => {
    const lab = setup();
    const answer = await lab.post('/v1/messages', ASK, { headers: fromPage('https://evil.test') });
    expect(answer.status).toBe(403);
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    expect((await lab.row(0)).errorMessage).toContain('server.allowed_origins');
    expect(lab.upstream.requests).toHaveLength(0);
  });

  test('an image in a page that is named is still refused: it does not say who asks', async () => {
    const headers = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    expect((await setup().ask('/gateway/audit', 'GET', headers)).status).toBe(403);
  });

  test.each(['https://any.test', 'null', EXTENSION])('%s, where all may ask: with a key', async (origin) => {
    const lab = setup(ANY);
    const headers = fromPage(origin);
    expect((await lab.ask('/v1/messages', 'OPTIONS', preflight(origin))).status).toBe(204);
    expect((await lab.post('/v1/messages', ASK, { headers })).status).toBe(401);
    const answer = await lab.post('/v1/messages', ASK, { headers: { ...headers, 'x-sluice-key': KEY } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
  });

  test('a gateway that others reach says it to pages that are named, and to no other', async () => {
    const lab = setup({ ...ALLOWED, host: '0.0.0.0', keys: [KEY] });
    const headers = { host: 'gateway.lan:8088', 'x-sluice-key': KEY };
    const named = await lab.post('/v1/messages', ASK, { headers: { ...headers, origin: PAGE } });
    expect([named.status, named.headers.get('access-control-allow-origin')]).toEqual([200, PAGE]);
    const other = await lab.post('/v1/messages', ASK, { headers: { ...headers, origin: 'https://b.test' } });
    expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([200, null]);
  });
});

test('a changed configuration holds for the next request', async () => {
  const lab = setup({});
  const ask = async () => (await lab.ask('/v1/messages', 'OPTIONS', preflight(PAGE))).status;
  expect(await ask()).toBe(403);
  for (const [server, status] of [
    [ALLOWED, 204],
    [{}, 403],
  ] as const) {
    lab.gateway.reload(resolveInput(labConfig('http://upstream.test', {}, { server })).config);
    expect(await ask()).toBe(status);
  }
});

/** What no page may send without asking. https://fetch.spec.whatwg.org/#cors-safelisted-request-header */
function namesToAskFor(headers: HeadersInit | undefined): string[] {
  const plain = ['accept', 'accept-language', 'content-language', 'user-agent'];
  return [...new Headers(headers).keys()].filter((name) => !plain.includes(name));
}

interface Sent {
  path: string;
  names: string[];
}

type SdkFetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Resolves to what the SDK would have sent. */
async function sentBy(ask: (fetch: SdkFetch) => Promise<unknown>): Promise<Sent> {
  const { promise, resolve } = Promise.withResolvers<Sent>();
  const asked = ask(async (url, init) => {
    resolve({ path: new URL(String(url)).pathname, names: namesToAskFor(init?.headers) });
    return new Response(null, { status: 400 });
  });
  await Promise.allSettled([asked]);
  return promise;
}

const browser = { dangerouslyAllowBrowser: true, maxRetries: 0, apiKey: 'sluice' } as const;

function sentByAnthropic(): Promise<Sent> {
  return sentBy((fetch) =>
    new Anthropic({ ...browser, baseURL: `http://${SELF}`, fetch }).messages.create({
      model: 'm',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'hi' }],
    }),
  );
}

function sentByOpenai(): Promise<Sent> {
  return sentBy((fetch) =>
    new OpenAI({ ...browser, baseURL: `http://${SELF}/v1`, fetch }).chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
    }),
  );
}
