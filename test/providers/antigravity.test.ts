// Antigravity: Gemini in an envelope, its addresses in their order, a user's own token, and off unless configured.
import { afterAll, describe, expect, test } from 'bun:test';
import { resolveInput } from '../support/resolve-input.ts';
import type { ConfigInput, GatewayHost } from '../../src/index.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { createGoogleUserSource } from '../../src/server/google-source.ts';
import { createFetchTransport } from '../../src/upstream/fetch-transport.ts';
import type { UpstreamRequest } from '../../src/upstream/transport.ts';
import { type Recording, recordings } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const BASES = [
  'https://daily-cloudcode-pa.googleapis.com',
  'https://daily-cloudcode-pa.sandbox.googleapis.com',
  'https://cloudcode-pa.googleapis.com',
];
const OAUTH = { client_id: 'own-client', client_secret: 'qzOwnSecret', refresh_token: '1//qzRefresh' };
const PROVIDER = { api_key: 'ya29.ready', options: { project: 'my-project' }, max_retries: 1 };
const ANSWER = {
  response: {
    candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
    modelVersion: 'served',
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1 },
  },
  traceId: 't',
};
const ASK = {
  model: 'antigravity/gemini-3-pro',
  max_tokens: 99,
  messages: [{ role: 'user', content: 'hi' }],
};

/** Longer ones are time limits. */
function noWaitingBetweenTries(callback: () => void, ms: number): () => void {
  const timer = setTimeout(callback, ms < 10_000 ? 0 : ms);
  return () => clearTimeout(timer);
}

function setup(
  reply: Reply | ((url: string) => Reply),
  provider: NonNullable<ConfigInput['providers']>[string] = PROVIDER,
  host: Partial<GatewayHost> = {},
) {
  const urls: string[] = [];
  const upstream = createReplayFetch(() => (typeof reply === 'function' ? reply(urls.at(-1) ?? '') : reply));
  const gateway = createTestGateway({
    config: { providers: { antigravity: provider } },
    host: { setTimer: noWaitingBetweenTries, ...host },
    fetch(url, init) {
      urls.push(url);
      return upstream.fetch(url, init);
    },
  });
  return { ...gateway, urls, upstream, sent: (at = 0) => upstream.requests[at]?.json() as JsonObject };
}

describe('the envelope', () => {
  test('holds the request, a project and a conversation', async () => {
    const { post, sent, upstream, urls } = setup(jsonReply(ANSWER));
    const response = await post('/v1/messages', { ...ASK, system: 'Be brief.' });
    expect(await response.json()).toMatchObject({ content: [{ text: 'Hi' }], model: 'served' });
    expect(urls).toEqual([`${BASES[0]}/v1internal:generateContent`]);
    expect(upstream.requests[0]?.headers.get('authorization')).toBe('Bearer ya29.ready');
    expect(sent()).toEqual({
      model: 'gemini-3-pro',
      project: 'my-project',
      userAgent: 'antigravity',
      requestType: 'agent',
      requestId: expect.stringMatching(/^agent-[\w-]{36}$/),
      request: {
        sessionId: expect.stringMatching(/^[0-9a-f]{16}$/),
        contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
        systemInstruction: { parts: [{ text: 'Be brief.' }] },
        generationConfig: { maxOutputTokens: 99 },
      },
    });
  });

  test('a stream is asked for by its own method, as events', async () => {
    const events = `data: ${JSON.stringify(ANSWER)}\n\n`;
    const { post, urls } = setup(replyWith(events, { headers: { 'content-type': 'text/event-stream' } }));
    const text = await (await post('/v1/messages', { ...ASK, stream: true })).text();
    expect(text).toContain('event: message_stop');
    expect(urls).toEqual([`${BASES[0]}/v1internal:streamGenerateContent?alt=sse`]);
  });

  test('speaks as the configured user agent, with schemas in Gemini’s own subset', async () => {
    const options = { project: 'my-project', user_agent: 'my-editor' };
    const { post, sent } = setup(jsonReply(ANSWER), { ...PROVIDER, options });
    const input_schema = { type: 'object', properties: { a: { const: 'x' } }, additionalProperties: false };
    await post('/v1/messages', { ...ASK, tools: [{ name: 'f', input_schema }] });
    expect(sent().userAgent).toBe('my-editor');
    const text = JSON.stringify(sent().request);
    expect(text).toContain('"parameters":{');
    for (const unknown of ['parametersJsonSchema', 'additionalProperties', '"const"'])
      expect(text).not.toContain(unknown);
  });

  test('names the same conversation in every turn, another otherwise', async () => {
    const { post, sent } = setup(() => jsonReply(ANSWER));
    const turns = [...ASK.messages, { role: 'assistant', content: 'Hi' }, { role: 'user', content: 'and?' }];
    await post('/v1/messages', ASK);
    await post('/v1/messages', { ...ASK, messages: turns });
    await post('/v1/messages', { ...ASK, messages: [{ role: 'user', content: 'hj' }] });
    const [first, second, other] = [0, 1, 2].map((at) => (sent(at).request as JsonObject).sessionId);
    expect(second).toBe(first as string);
    expect(other).not.toBe(first as string);
  });

  test('a conversation is known by the first words of its user, whatever stands before them', async () => {
    const { post, sent } = setup(() => jsonReply(ANSWER));
    const source = { type: 'base64', media_type: 'image/png', data: 'AAAA' };
    const image = {
      role: 'user',
      content: [
        { type: 'image', source },
        { type: 'text', text: 'hi' },
      ],
    };
    for (const messages of [ASK.messages, [{ role: 'assistant', content: 'Yes?' }, ...ASK.messages], [image]])
      await post('/v1/messages', { ...ASK, messages });
    const ids = [0, 1, 2].map((at) => (sent(at).request as JsonObject).sessionId as string);
    expect(ids).toEqual([ids[0], ids[0], ids[0]] as string[]);
  });

  test('counts by its own method, the system prompt among the contents', async () => {
    const { post, sent, urls } = setup(jsonReply({ totalTokens: 12 }));
    const response = await post('/v1/messages/count_tokens', { ...ASK, system: 'Be brief.' });
    expect(await response.json()).toEqual({ input_tokens: 12 });
    expect(urls).toEqual([`${BASES[0]}/v1internal:countTokens`]);
    expect(sent()).toEqual({
      request: {
        model: 'models/gemini-3-pro',
        contents: [
          { role: 'user', parts: [{ text: 'Be brief.' }] },
          { role: 'user', parts: [{ text: 'hi' }] },
        ],
      },
    });
  });

  test('counts tools too, and nothing that is not there', async () => {
    const { post, sent, row } = setup(() => jsonReply({ response: { totalTokens: 12 } }));
    const tools = [{ name: 'look', input_schema: { type: 'object', properties: {} } }];
    for (const body of [{ ...ASK, tools }, ASK]) await post('/v1/messages/count_tokens', body);
    expect((await row(0)).lost).toEqual(['system (approximated: counted with tools as text)']);
    expect((await row(1)).lost).toEqual([]);
    const [withTools, alone] = [0, 1].map((at) => (sent(at).request as JsonObject).contents);
    const hi = { role: 'user', parts: [{ text: 'hi' }] };
    expect(withTools).toEqual([{ role: 'user', parts: [{ text: expect.stringContaining('"look"') }] }, hi]);
    expect(alone).toEqual([hi]);
  });
});

/** The same events, each in the envelope. */
function enveloped(recording: Recording): Uint8Array {
  const text = new TextDecoder().decode(recording.body);
  return new TextEncoder().encode(
    text.replace(/^data: (\{.*\})(\r?)$/gm, 'data: {"response": $1, "traceId": "t"}$2'),
  );
}

const streams = recordings('gemini-generate', { streamed: true, status: 'ok' }).filter(
  ({ contentType, features }) =>
    contentType.includes('event-stream') && !features.includes('in-stream-error'),
);

describe('a recorded stream', () => {
  test('there are some', () => expect(streams.length).toBeGreaterThan(0));

  test.each(streams.map((recording) => [recording.id, recording] as const))(
    '%s is the same in the envelope, bare, and from Gemini itself',
    async (_, recording) => {
      const read = async (name: string, provider: object, body: Uint8Array) => {
        const { post } = createTestGateway({
          config: { providers: { [name]: provider } },
          fetch: createReplayFetch(replyWith(body)).fetch,
          host: { randomId: () => 'request-1' },
        });
        const ask = { ...ASK, model: `${name}/m`, stream: true };
        return (await post('/v1/messages', ask)).text();
      };
      const direct = await read('gemini', { api_key: 'k', max_retries: 0 }, recording.body);
      const once = { ...PROVIDER, base_url: 'http://upstream.test', max_retries: 0 };
      const inside = await read('antigravity', once, enveloped(recording));
      const plain = (text: string) => text.replaceAll('antigravity', 'gemini');
      expect(plain(inside)).toBe(direct);
      expect(plain(await read('antigravity', once, recording.body))).toBe(direct);
    },
  );
});

describe('the addresses', () => {
  const busy = () =>
    jsonReply({ error: { code: 503, status: 'UNAVAILABLE', message: 'busy' } }, { status: 503 });
  const origins = (urls: readonly string[]) => urls.map((url) => new URL(url).origin);

  test('are tried in their order, each once but the last', async () => {
    const { post, urls, row } = setup(busy);
    expect((await post('/v1/messages', ASK)).status).toBe(529);
    expect(origins(urls)).toEqual([...BASES, BASES[2] ?? '']);
    expect((await row(0)).attempts).toHaveLength(4);
  });

  test.each([
    [1, undefined],
    [0, true],
  ])(
    'a used connection that its server closed is replaced at each: max_retries %d',
    async (max_retries, once) => {
      const sent: UpstreamRequest[] = [];
      const send = createFetchTransport(createReplayFetch(busy).fetch);
      const { post } = setup(
        busy,
        { ...PROVIDER, max_retries },
        {
          send(request) {
            sent.push(request);
            return send(request);
          },
        },
      );
      await post('/v1/messages', ASK);
      expect(sent.map((request) => request.once)).toEqual(Array(BASES.length + max_retries).fill(once));
    },
  );

  test('the next one answers where the first failed', async () => {
    const { post, urls } = setup((url) => (url.startsWith(`${BASES[0]}/`) ? busy() : jsonReply(ANSWER)));
    expect((await post('/v1/messages', ASK)).status).toBe(200);
    expect(origins(urls)).toEqual(BASES.slice(0, 2));
  });

  test('a request that is refused goes to no other', async () => {
    const error = { error: { code: 400, status: 'INVALID_ARGUMENT', message: 'bad' } };
    const { post, urls } = setup(jsonReply(error, { status: 400 }));
    expect((await post('/v1/messages', ASK)).status).toBe(400);
    expect(urls).toHaveLength(1);
  });

  test('after the first content no other is asked', async () => {
    const event = { response: { candidates: [{ content: { parts: [{ text: 'par' }] } }] } };
    const { post, urls } = setup(() => replyWith(`data: ${JSON.stringify(event)}\n\n`));
    const text = await (await post('/v1/messages', { ...ASK, stream: true })).text();
    expect(text).toContain('event: error');
    expect(urls).toHaveLength(1);
  });

  test('a base_url of the configuration is the only one', async () => {
    const { post, urls } = setup(busy, { ...PROVIDER, base_url: 'http://upstream.test', max_retries: 0 });
    await post('/v1/messages', ASK);
    expect(origins(urls)).toEqual(['http://upstream.test']);
  });
});

test.each([
  ['RetryInfo', [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '41.5s' }], '42'],
  [
    'quotaResetDelay',
    [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'QUOTA_EXCEEDED',
        metadata: { quotaResetDelay: '1h2m3.5s' },
      },
    ],
    '3724',
  ],
])('the hint of %s reaches the client', async (_, details, seconds) => {
  const error = { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'quota', details } };
  const { post } = setup(jsonReply(error, { status: 429 }));
  const response = await post('/v1/messages', ASK);
  expect(response.status).toBe(429);
  expect(response.headers.get('retry-after')).toBe(seconds);
});

describe('the token', () => {
  let fetched = 0;
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      fetched += 1;
      const form = new URLSearchParams(await request.text());
      if (form.get('refresh_token') !== OAUTH.refresh_token)
        return Response.json({ error: 'invalid_grant' }, { status: 400 });
      const sent = ['client_id', 'client_secret', 'grant_type'].map((name) => form.get(name));
      expect(sent).toEqual(['own-client', 'qzOwnSecret', 'refresh_token']);
      return Response.json({ access_token: 'ya29.fetched', expires_in: 3_600, token_type: 'Bearer' });
    },
  });
  afterAll(() => server.stop(true));

  test('is fetched with the user’s own client, kept, and sent', async () => {
    const source = await createGoogleUserSource(`${server.url}token`);
    const { api_key: _, ...rest } = PROVIDER;
    const { post, upstream } = setup(
      () => jsonReply(ANSWER),
      { ...rest, oauth: OAUTH },
      {
        authorize: (scheme, request) => {
          expect(scheme).toBe('google-user');
          return source(request);
        },
      },
    );
    for (let turn = 0; turn < 2; turn++) await post('/v1/messages', ASK);
    expect(upstream.requests.map(({ headers }) => headers.get('authorization'))).toEqual([
      'Bearer ya29.fetched',
      'Bearer ya29.fetched',
    ]);
    expect(fetched).toBe(1);
  });

  test('that is refused is reported without any secret', async () => {
    const source = await createGoogleUserSource(`${server.url}token`);
    const { api_key: _, ...rest } = PROVIDER;
    const oauth = { ...OAUTH, refresh_token: '1//qzRevoked' };
    const { post, row, urls } = setup(
      () => jsonReply(ANSWER),
      { ...rest, oauth },
      {
        authorize: (_scheme, request) => source(request),
      },
    );
    const response = await post('/v1/messages', ASK);
    expect(response.status).toBe(401);
    const text = (await response.text()) + JSON.stringify(await row(0));
    expect(text).toContain('invalid_grant');
    for (const secret of ['qzOwnSecret', 'qzRevoked']) expect(text).not.toContain(secret);
    expect(urls).toEqual([]);
  });
});

describe('the configuration', () => {
  function resolve(provider?: object, environment: Record<string, string> = {}) {
    return resolveInput({ providers: provider && { antigravity: provider } }, environment);
  }

  test('alone enables it, with a project and a user', () => {
    const names = resolve(undefined, { GOOGLE_CLOUD_PROJECT: 'p' }).config.providers.map(({ name }) => name);
    expect(names).not.toContain('antigravity');
    const reasons = resolve({}).config.disabled.map(({ reason }) => reason);
    expect(reasons).toEqual(['options.project is not set; neither oauth nor api_key is set']);
  });

  test('knows its options, and no other', () => {
    const problemsOf = (options: Record<string, string>) =>
      resolve({ ...PROVIDER, options }).problems.map(({ path }) => path.join('.'));
    expect(problemsOf({ project: 'p', user_agent: 'u' })).toEqual([]);
    expect(problemsOf({ project: 'p', region: 'r' })).toEqual(['providers.antigravity.options.region']);
  });

  test('names the secret that is missing', () => {
    const oauth = { ...OAUTH, client_secret: 'env:NOT_THERE' };
    const { config } = resolve({ options: { project: 'p' }, oauth });
    expect(config.disabled[0]?.reason).toContain('NOT_THERE');
  });

  test('oauth of another kind is of no use, and says so', () => {
    const { problems } = resolveInput({ providers: { openai: { api_key: 'k', oauth: OAUTH } } });
    expect(problems.map(({ path }) => path.join('.'))).toContain('providers.openai.oauth');
  });
});
