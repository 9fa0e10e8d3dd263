// A vendor that needs a key and has none is skipped behind another target, since its answer is known.
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../../src/index.ts';
import { CHAT, MESSAGE, wholeChat, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';
import { ASK, BOTH, failure } from '../../support/fallback-lab.ts';

type Providers = NonNullable<ConfigInput['providers']>;

const PATIENT = { max_retries: 0, breaker: { enabled: false } };
const OWN = (name: string) => ({
  dialect: 'anthropic-messages' as const,
  base_url: `http://${name}.test`,
  api_key: `key-of-${name}`,
  ...PATIENT,
});

/** The providers stand in the chain in their order; `answers` by host, 401 elsewhere. */
function setup(
  providers: Providers,
  answers: Record<string, Reply>,
  { routing, ...config }: Partial<ConfigInput> = {},
) {
  const asked: { host: string; key: string | null }[] = [];
  const refused = failure(401, 'x-api-key header is required');
  const upstream = createReplayFetch(({ headers }) => answers[headers.get('host') ?? ''] ?? refused);
  const [first = '', ...others] = Object.keys(providers);
  const lab = createTestGateway({
    config: {
      providers,
      routing: { default_provider: first, fallback_chain: others, ...routing },
      ...config,
    },
    fetch: (url, init) => {
      const headers = new Headers(init.headers);
      const { host } = new URL(url);
      asked.push({ host, key: headers.get('x-api-key') ?? headers.get('authorization') });
      headers.set('host', host);
      return upstream.fetch(url, { ...init, headers });
    },
  });
  const hosts = () => asked.map(({ host }) => host);
  return { ...lab, asked, hosts };
}

const FAILS = failure(500, 'the first one failed');
const WORKS = jsonReply(wholeMessage('from the last'));
const ANTHROPIC = { kind: 'anthropic', api_key: null, ...PATIENT };
const OPENAI = { kind: 'openai', api_key: null, ...PATIENT };
const NO_ENVIRONMENT_KEY: Providers[string] = { kind: 'gemini', ...PATIENT };

describe('in a fallback chain', () => {
  for (const stream of BOTH)
    test(`${stream ? 'streamed' : 'whole'}: the next target answers, and the row says why those between were not asked`, async () => {
      const answer = stream
        ? replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('from the last') + MESSAGE.end)
        : WORKS;
      const { post, row, hosts } = setup(
        { one: OWN('one'), openai: OPENAI, gemini: NO_ENVIRONMENT_KEY, last: OWN('last') },
        { 'one.test': FAILS, 'last.test': answer },
      );
      const response = await post('/v1/messages', { ...ASK, stream });
      expect(await response.text()).toContain('from the last');
      expect(response.headers.get('x-sluice-attempts')).toBe('2');
      expect(hosts()).toEqual(['one.test', 'last.test']);
      expect((await row(0)).attempts).toMatchObject([
        { provider: 'one', error: 'upstream_failed' },
        {
          provider: 'openai',
          status: null,
          error: 'upstream_unauthorized',
          skipped: 'no_key',
          message: expect.stringContaining('openai was not asked: it has no key (providers.openai.api_key)'),
        },
        { provider: 'gemini', skipped: 'no_key' },
        { provider: 'last', error: null },
      ]);
    });

  test('at its end: the client gets the error of the one before it, and the row is that target’s', async () => {
    const { post, row, hosts } = setup({ one: OWN('one'), openai: OPENAI }, { 'one.test': FAILS });
    const response = await post('/v1/messages', ASK);
    expect(response.status).toBe(502);
    expect(await response.text()).toContain('the first one failed');
    expect(hosts()).toEqual(['one.test']);
    expect(await row(0)).toMatchObject({ provider: 'one', httpStatus: 502 });
  });

  test('what stands before it is the last resort: a set aside key is asked all the same', async () => {
    const { post, hosts } = setup({ one: OWN('one'), openai: OPENAI }, {});
    for (let n = 0; n < 2; n++) expect((await post('/v1/messages', ASK)).status).toBe(401);
    expect(hosts()).toEqual(['one.test', 'one.test']);
  });

  test('an open breaker there is the client’s error, with its retry-after', async () => {
    const guarded = { ...OWN('one'), breaker: { failures: 1, open_for: '30s' } };
    const { post } = setup({ one: guarded, openai: OPENAI }, { 'one.test': FAILS });
    await post('/v1/messages', ASK);
    const response = await post('/v1/messages', ASK);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(20);
    expect(await response.text()).not.toContain('openai');
  });

  test('where prompts that are too long may go, too', async () => {
    const tooLong = jsonReply(
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8' },
      },
      { status: 400 },
    );
    const { post, row, hosts } = setup(
      { one: OWN('one'), openai: OPENAI, last: OWN('last') },
      { 'one.test': tooLong, 'last.test': WORKS },
      {
        routing: {
          default_provider: 'one',
          fallback_chain: [],
          context_fallback: ['openai/big', 'last/big'],
        },
      },
    );
    expect((await post('/v1/messages', ASK)).status).toBe(200);
    expect(hosts()).toEqual(['one.test', 'last.test']);
    expect((await row(0)).attempts).toMatchObject([{}, { provider: 'openai', skipped: 'no_key' }, {}]);
  });

  test('counting tokens passes it over as well', async () => {
    const { post, hosts } = setup(
      { one: OWN('one'), anthropic: ANTHROPIC, last: OWN('last') },
      { 'one.test': FAILS, 'last.test': jsonReply({ input_tokens: 7 }) },
    );
    expect(await (await post('/v1/messages/count_tokens', ASK)).json()).toMatchObject({ input_tokens: 7 });
    expect(hosts()).toEqual(['one.test', 'last.test']);
  });
});

test('in a rule', async () => {
  const { post, hosts } = setup(
    { one: OWN('one'), openai: OPENAI, last: OWN('last') },
    { 'one.test': FAILS, 'last.test': WORKS },
    { routing: { model_mappings: [{ from: 'm', to: ['one/a', 'openai/b', 'last/c'] }] } },
  );
  expect((await post('/v1/messages', ASK)).status).toBe(200);
  expect(hosts()).toEqual(['one.test', 'last.test']);
});

describe('asked all the same', () => {
  test('where it comes first', async () => {
    const { post, hosts } = setup({ anthropic: ANTHROPIC, last: OWN('last') }, { 'last.test': WORKS });
    expect((await post('/v1/messages', ASK)).status).toBe(200);
    expect(hosts()).toEqual(['api.anthropic.com', 'last.test']);
  });

  test('where it is the only one', async () => {
    const { post } = setup({ anthropic: ANTHROPIC }, {});
    const response = await post('/v1/messages', ASK);
    expect(response.status).toBe(401);
    expect(await response.text()).toContain('x-api-key header is required');
  });

  test('with the client’s own key, where that goes to it: a second model of the one that came first', async () => {
    const { gateway, asked } = setup(
      { anthropic: ANTHROPIC },
      { 'api.anthropic.com': failure(529, 'busy') },
      { routing: { model_mappings: [{ from: 'm', to: ['anthropic/a', 'anthropic/b'] }] } },
    );
    const ask = (headers: Record<string, string>) =>
      gateway.fetch(
        new Request('http://127.0.0.1:8088/v1/messages', {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(ASK),
        }),
      );
    await (await ask({ 'x-api-key': 'of-the-client' })).text();
    expect(asked.map(({ key }) => key)).toEqual(['of-the-client', 'of-the-client']);
    await (await ask({})).text();
    expect(asked).toHaveLength(3);
  });

  test('but not with a key that is meant for another', async () => {
    const { gateway, hosts } = setup({ one: OWN('one'), anthropic: ANTHROPIC }, { 'one.test': FAILS });
    const response = await gateway.fetch(
      new Request('http://127.0.0.1:8088/v1/messages', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': 'of-the-client' },
        body: JSON.stringify(ASK),
      }),
    );
    await response.text();
    expect(hosts()).toEqual(['one.test']);
  });

  const chat = jsonReply(wholeChat('from a server of ours'));
  const ASKED: [string, Providers[string], string, Reply][] = [
    ['at a base_url of its own', { ...OPENAI, base_url: 'http://ours.test/v1' }, 'ours.test', chat],
    [
      'with a key in its headers',
      { ...OPENAI, headers: { authorization: 'Bearer k' } },
      'api.openai.com',
      chat,
    ],
    ['with a key', { ...OPENAI, api_key: 'k' }, 'api.openai.com', chat],
    ['of a kind that asks for none', { kind: 'ollama', ...PATIENT }, '127.0.0.1:11434', FAILS],
  ];
  test.each(ASKED)('%s', async (_, provider, host, answer) => {
    const { post, hosts } = setup(
      { one: OWN('one'), other: provider },
      { 'one.test': FAILS, [host]: answer },
    );
    await (await post('/v1/messages', ASK)).text();
    expect(hosts()).toEqual(['one.test', host]);
  });
});

test('going on with a stream that broke passes it over', async () => {
  const begun = replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Once upon'));
  const rest = replyWith(CHAT.start + CHAT.delta('Once upon a time') + CHAT.end);
  const two = { dialect: 'openai-chat' as const, base_url: 'http://two.test/v1', api_key: 'k', ...PATIENT };
  const { post, row, hosts } = setup(
    { one: OWN('one'), openai: OPENAI, two },
    { 'one.test': begun, 'two.test': rest },
    { routing: { default_provider: 'one', fallback_chain: ['openai', 'two'], continue_streams: true } },
  );
  const text = await (await post('/v1/messages', { ...ASK, stream: true })).text();
  expect(text).toContain('a time');
  expect(hosts()).toEqual(['one.test', 'two.test']);
  expect((await row(0)).attempts).toMatchObject([{}, { provider: 'openai', skipped: 'no_key' }, {}]);
});

test('hedging begins with the next one that has a key', async () => {
  const { post, hosts } = setup(
    { one: OWN('one'), openai: OPENAI, last: OWN('last') },
    { 'one.test': replyWith('', { fault: { kind: 'hang-before-headers' } }), 'last.test': WORKS },
    { routing: { default_provider: 'one', fallback_chain: ['openai', 'last'], hedge_after: '5ms' } },
  );
  expect(await (await post('/v1/messages', ASK)).text()).toContain('from the last');
  expect(hosts()).toEqual(['one.test', 'last.test']);
});

describe('a 401 says whose key was refused', () => {
  test.each([
    ['the gateway’s', OWN('one'), {}, '(the key of providers.one was refused)'],
    [
      'the client’s',
      OWN('one'),
      { 'x-api-key': 'of-the-client' },
      '(the key that the client sent was refused)',
    ],
    [
      'nobody’s',
      { ...OWN('one'), api_key: null },
      {},
      '(the request was sent without a key: set providers.one.api_key)',
    ],
  ])('%s', async (_, one, headers, words) => {
    const { gateway, row } = setup({ one }, {});
    const response = await gateway.fetch(
      new Request('http://gateway.test/v1/messages', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(ASK),
      }),
    );
    expect(response.status).toBe(401);
    // The bytes of a client's own dialect stay the provider's.
    expect(await response.text()).not.toContain(words);
    expect((await row(0)).errorMessage).toBe(`one: x-api-key header is required ${words}`);
  });
});
