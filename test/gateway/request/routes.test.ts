// Which dialect a path belongs to, and what the path says about the request.
import { describe, expect, test } from 'bun:test';
import { findModels, findRoute, findRouteBelow } from '../../../src/dialects/find-route.ts';
import type { ClientRoute } from '../../../src/dialects/dialect.ts';
import type { Incoming } from '../../../src/gateway/request/incoming.ts';
import { planCall } from '../../../src/gateway/attempts/plan.ts';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { clientRequest, SPOKEN_DIALECTS } from '../../support/client-requests.ts';
import { sampleProvider } from '../../support/provider-config.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const QUERY = new URLSearchParams();

describe.each(SPOKEN_DIALECTS.map((dialect) => [dialect] as const))('%s', (dialect) => {
  test.each([true, false])('its clients’ path is its own, streamed %p', (stream) => {
    const { path } = clientRequest(dialect, { model: 'asked', stream });
    const { pathname, searchParams } = new URL(path, 'http://any.test');
    const found = findRoute(pathname, searchParams);
    expect(found?.dialect.id).toBe(dialect);
    expect(found?.route.operation).toBe('generate');
    // What the path does not say, the body does.
    expect(found?.route.model ?? 'asked').toBe('asked');
    expect(found?.route.stream ?? stream).toBe(stream);
    expect(findRoute(`/prefix${pathname}`, searchParams)).toBeUndefined();
    expect(findRouteBelow(`/some/prefix${pathname}`, searchParams)).toMatchObject({ path: pathname });
  });
});

test('a colon may be written as URLs may write it', () => {
  for (const colon of [':', '%3A', '%3a'])
    expect(findRoute(`/v1beta/models/lab%2Fa${colon}b${colon}generateContent`, QUERY)?.route.model).toBe(
      'lab/a:b',
    );
});

test('a program that asks Google’s preview version is served as one that asks the usual one', async () => {
  const lab = createTestGateway({ fetch: () => Promise.reject(new Error('no request is expected')) });
  const asked = { contents: [{ parts: [{ text: 'Hello' }] }] };
  const answer = await lab.post('/v1alpha/models/simulator%2Ffast:generateContent', asked);
  expect(await answer.json()).toMatchObject({ candidates: [{ content: { role: 'model' } }] });
  expect(findRoute('/v1alpha/tunedModels/a:generateContent', QUERY)?.route.model).toBe('tunedModels/a');
});

describe('Groq’s SDKs, which write more of a path than OpenAI’s do', () => {
  test.each([
    ['/openai/v1/chat/completions', 'openai-chat', 'generate'],
    ['/openai/v1/embeddings', 'openai-chat', 'embed'],
    ['/openai/v1/responses', 'openai-responses', 'generate'],
  ])('%s is served', (path, dialect, operation) => {
    const found = findRoute(path, QUERY);
    expect(found?.dialect.id as string | undefined).toBe(dialect);
    expect(found?.route.operation as string | undefined).toBe(operation);
  });

  test('models are listed and found', () => {
    expect(findModels('/openai/v1/models', new Headers())?.asked).toEqual({});
    expect(findModels('/openai/v1/models/lab%2Fa', new Headers())?.asked).toEqual({ id: 'lab/a' });
  });

  test('nothing else is below it', () => {
    for (const path of ['/openai/v1/messages', '/openai/chat/completions', '/openai/openai/v1/responses'])
      expect(findRoute(path, QUERY)).toBeUndefined();
  });
});

describe('Azure’s SDKs, which write the deployment into it', () => {
  const azures = (path: string) => findRoute(path, new URLSearchParams('api-version=2024-10-21'))?.route;

  test('is read as the model, and the query goes no further', () => {
    const fast = { modelForBody: 'lab/fast', ownsQuery: true };
    expect(azures('/openai/deployments/lab%2Ffast/chat/completions')).toEqual({
      operation: 'generate',
      ...fast,
    });
    expect(azures('/openai/deployments/lab%2Ffast/embeddings')).toMatchObject({
      operation: 'embed',
      ...fast,
    });
    // Python's encodes nothing.
    expect(azures('/openai/deployments/lab/fast/chat/completions')).toMatchObject(fast);
    expect(azures('/openai/deployments/50%/chat/completions')).toMatchObject({ modelForBody: '50%' });
    expect(azures('/openai/responses')).toEqual({ operation: 'generate', ownsQuery: true });
    expect(azures('/openai/v1/chat/completions')).toEqual({ operation: 'generate' });
  });

  test('models are listed and found', () => {
    expect(findModels('/openai/models', new Headers())?.asked).toEqual({});
    expect(findModels('/openai/models/lab%2Fa', new Headers())?.asked).toEqual({ id: 'lab/a' });
  });
});

test('an error for a path that is almost right suggests the right one', async () => {
  const { post } = createTestGateway({ fetch: () => Promise.reject(new Error('no request is expected')) });
  const messageOf = async (path: string) => {
    const response = await post(path, {});
    expect(response.status).toBe(404);
    return ((await response.json()) as { error: { message: string } }).error.message;
  };
  expect(await messageOf('/chat/completions')).toContain('did you mean /v1/chat/completions?');
  expect(await messageOf('/v1/v1/messages')).toContain('did you mean /v1/messages?');
  expect(await messageOf(`${'/'.repeat(1_000)}v1/messages`)).not.toContain('did you mean');
  const gemini = '/v1beta/models/asked:generateContent';
  expect(await messageOf(`${gemini}/`)).toContain(`did you mean ${gemini}?`);
  expect(await messageOf('/v1/responses/')).toContain('did you mean /v1/responses?');
  expect(await messageOf('/nowhere')).toContain('no such path: /nowhere');
  expect(findRouteBelow('/nowhere', QUERY)).toBeUndefined();
});

test.each([
  ['/models', '/v1/models'],
  ['/v1/v1/models', '/v1/models'],
  ['/api/v1/models/', '/v1/models'],
])('the base URL of a client that lists models by GET %s is told to be wrong', async (path, meant) => {
  const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('no request is expected')) });
  const response = await gateway.fetch(new Request(`http://127.0.0.1:8088${path}`));
  expect(response.status).toBe(404);
  const message = `no such path: ${path}; did you mean ${meant}? Check the client's base URL`;
  expect(await response.json()).toMatchObject({ error: { message } });
});

test.each([
  ['/v1/responses/resp_1/input_items', 'the whole conversation as `input`'],
  ['/v1/messages/batches', '/v1/messages'],
  ['/v1/complete', '/v1/messages'],
  ['/v1/files/file_1/content', 'with each request that needs it, in base64'],
  [
    '/openai/deployments/fast/images/generations',
    'forwarded only to an enabled provider that speaks openai-chat or',
  ],
  ['/openai/responses/resp_1', 'the whole conversation as `input`'],
  ['/openai/v1/files', 'with each request that needs it, in base64'],
  ['/v1/organization/users', 'ask the provider itself'],
  ['/v1/organizations/plugins', 'ask the provider itself'],
  ['/v1/batches', 'each request of a batch separately'],
  ['/v1/images/generations', 'forwarded only to an enabled provider that speaks openai-chat or'],
  ['/v1/audio/transcriptions', 'forwarded only to an enabled provider that speaks openai-chat or'],
  ['/upload/v1beta/files', 'as `inlineData`'],
  ['/v1beta/files/a:download', 'as `inlineData`'],
  ['/upload/v1alpha/files', 'as `inlineData`'],
  ['/v1alpha/interactions', ':generateContent'],
  ['/v1beta/cachedContents/1', '`systemInstruction`, `tools` and `contents`'],
  ['/v1beta/batches/1', 'each request of a batch separately'],
  ['/v1beta/interactions', ':generateContent'],
  ['/v1beta/models/asked:generateContents', ':generateContent, :streamGenerateContent'],
  ['/v1beta/models/asked%3agenerateContents', ':generateContent, :streamGenerateContent'],
])('%s, which a vendor has, is refused with the way out', async (path, way) => {
  const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('no request is expected')) });
  const response = await gateway.fetch(new Request(`http://127.0.0.1:8088${path}`, { method: 'POST' }));
  const { error } = (await response.json()) as { error: { message: string } };
  expect(response.status).toBe(404);
  expect(error.message).toStartWith(`no such path: ${path}; `);
  expect(error.message).toContain(way);
});

test.each([
  ['/healthz', 'did you mean /gateway/health?'],
  ['/v1/health', 'did you mean /gateway/health?'],
  ['/health/readiness', 'did you mean /gateway/health?'],
  ['/dashboard', 'the dashboard is at /'],
  ['/ui/', 'the dashboard is at /'],
])('%s, which is elsewhere here, is refused with its place', async (path, place) => {
  const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('no request is expected')) });
  const response = await gateway.fetch(new Request(`http://127.0.0.1:8088${path}`));
  expect(response.status).toBe(404);
  expect(await response.text()).toContain(`no such path: ${path}; ${place}`);
});

test.each(['/', '/v1/models', '/v1beta/models', '/v1/models/simulator/demo'])(
  '%s is only read: another method is a 405 that says so',
  async (path) => {
    const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('none is expected')) });
    const ask = (method: string) => gateway.fetch(new Request(`http://127.0.0.1:8088${path}`, { method }));
    const refused = await ask('DELETE');
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await refused.text()).toContain('use GET, HEAD');
    const got = await ask('GET');
    const head = await ask('HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String((await got.bytes()).length));
  },
);

test.each([
  ['/v1/messages', { upgrade: 'websocket' }, 'no WebSocket is served here; POST to /v1/messages'],
  [
    '/v1/responses',
    { 'sec-websocket-key': 'k' },
    'a proxy has taken away `Upgrade: websocket`; POST to /v1/responses',
  ],
  [
    '/v1/realtime',
    { 'sec-websocket-key': 'k' },
    '/v1/realtime: a proxy has taken away `Upgrade: websocket`; have it pass this on',
  ],
  ['/v1/realtime', {}, '/v1/realtime: it is a WebSocket; open it as one'],
] as const)(
  'a WebSocket that does not arrive as one at %s is told why: %j',
  async (path, headers, message) => {
    const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('none is expected')) });
    const refused = await gateway.fetch(new Request(`http://127.0.0.1:8088${path}`, { headers }));
    // The status at which Codex posts instead.
    expect(refused.status).toBe(426);
    expect(refused.headers.get('upgrade')).not.toBeNull();
    expect(await refused.json()).toMatchObject({ error: { message } });
  },
);

test('/api/show is only posted: another method is a 405 that says so', async () => {
  const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('none is expected')) });
  const refused = await gateway.fetch(new Request('http://127.0.0.1:8088/api/show'));
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST']);
  expect(await refused.text()).toContain('use POST');
});

test.each(['[]', 'a', ''])(
  '/api/show with %p as its body is a 400 that says what it must be',
  async (body) => {
    const { gateway } = createTestGateway({ fetch: () => Promise.reject(new Error('none is expected')) });
    const headers = { 'content-type': 'application/json' };
    const request = new Request('http://127.0.0.1:8088/api/show', { method: 'POST', headers, body });
    const refused = await gateway.fetch(request);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('one JSON object')]);
  },
);

test.each([
  ['/v1/messages/batches', 'type', 'error'],
  ['/anthropic/v1/messages', 'type', 'error'],
  ['/v1beta/openai/chat/completions', 'error.code', 'invalid_request'],
  ['/v1beta/cachedContents', 'error.status', 'NOT_FOUND'],
  ['/v1/responses/resp_1', 'error.code', 'invalid_request'],
  ['/v1/files', 'error.code', 'invalid_request'],
])('%s is refused in the shape of the clients that ask for such', async (path, field, value) => {
  const { post } = createTestGateway({ fetch: () => Promise.reject(new Error('no request is expected')) });
  const response = await post(path, {});
  expect(response.status).toBe(404);
  expect(await response.json()).toHaveProperty(field, value);
});

test.each([
  ['anthropic-version', 'type', 'error'],
  ['x-goog-api-key', 'error.status', 'NOT_FOUND'],
  ['x-goog-api-client', 'error.status', 'NOT_FOUND'],
  ['authorization', 'error.code', 'invalid_request'],
])(
  'of paths that begin alike, a client that sends %s is refused in its shape',
  async (name, field, value) => {
    const { post } = createTestGateway({ fetch: () => Promise.reject(new Error('no request is expected')) });
    // Where Google's SDKs keep what they upload; Anthropic's and OpenAI's ask for the second.
    for (const path of ['/upload/v1/files', '/v1/files']) {
      const response = await post(path, {}, { headers: { [name]: 'any' } });
      expect(response.status).toBe(404);
      expect(await response.json()).toHaveProperty(field, value);
    }
  },
);

test.each([
  ['/v1/messages/count_tokens', 'anthropic-messages', 'count-tokens'],
  ['/v1beta/models/asked:countTokens', 'gemini', 'count-tokens'],
  ['/v1/responses/compact', 'openai-responses', 'compact'],
  ['/v1/completions', 'openai-chat', 'complete'],
  ['/openai/deployments/asked/completions', 'openai-chat', 'complete'],
  ['/v1/embeddings', 'openai-chat', 'embed'],
  ['/v1beta/models/asked:embedContent', 'gemini', 'embed'],
  ['/v1beta/models/asked:batchEmbedContents', 'gemini', 'embed'],
  ['/v1beta/models/lab%2Fasked%3AcountTokens', 'gemini', 'count-tokens'],
] as const)('%s is answered besides generation', (path, dialect, operation) => {
  const found = findRoute(path, QUERY);
  expect(found?.dialect.id).toBe(dialect);
  expect(found?.route.operation).toBe(operation);
});

describe('a plan on one dialect', () => {
  const text = '{"model":"asked",  "messages":[]}';
  const plan = (route: Partial<ClientRoute>, stream = true, dialect: DialectId = 'openai-chat') => {
    const incoming: Incoming = {
      dialect,
      asks: dialect,
      route: { operation: 'generate', ...route },
      headers: new Headers(),
      query: '?a=%20b',
      text,
      original: text,
      body: JSON.parse(text) as JsonObject,
      model: 'asked',
      stream,
      agentType: null,
      projectId: null,
      forcedTarget: null,
      traits: {},
    };
    const neutral = () => {
      throw new Error('nothing is translated');
    };
    const target = {
      provider: sampleProvider({ dialect, quirks: { streamOptions: false } }),
      model: 'served',
    };
    return planCall({ incoming, neutral, stream }, target, {
      serverKeys: [],
      first: target,
      apiKey: null,
      userAgent: 'test',
      requestId: 'request-1',
      transformers: [],
    });
  };

  test('edits the model in the body, unless it stands in the path', () => {
    expect(plan({}).body).toBe('{"model":"served",  "messages":[]}');
    expect(plan({ model: 'asked' }).body).toBe(text);
  });

  test('passes the query as it was written', () => {
    expect(plan({}).url).toEndWith('/chat/completions?a=%20b');
  });

  test('puts the query behind what the endpoint has of its own', () => {
    const route = { model: 'asked', stream: true, framing: 'json-array' } as const;
    expect(plan(route, true, 'gemini').url).toMatch(/:streamGenerateContent\?alt=sse&a=(%20|\+)b$/);
    expect(plan({ model: 'asked' }, false, 'gemini').url).toMatch(/:generateContent\?a=(%20|\+)b$/);
  });

  test('passes the answer, unless the client reads a stream in another framing', () => {
    expect(plan({}).passesAnswer).toBe(true);
    expect(plan({ framing: 'sse' }).passesAnswer).toBe(true);
    expect(plan({ framing: 'json-array' }).passesAnswer).toBe(false);
    expect(plan({ framing: 'json-array' }, false).passesAnswer).toBe(true);
  });
});
