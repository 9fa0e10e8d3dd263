// How long to wait, however a provider says it, reaches each client in the form that its SDK or CLI honours.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId, type ProviderDialectId } from '../../src/model/dialect-id.ts';
import { asArray, asObject, type JsonObject, parseObject } from '../../src/model/json/json.ts';
import { PROVIDER_WIRES, WIRE_IDS } from '../support/provider-wires.ts';
import { readEvents } from '../support/read-events.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';
import { ERROR_SDKS, raised } from './error-sdks.ts';
import { clientFetch } from './gateway-for.ts';

const ASKS: Record<DialectId, (stream: boolean) => [path: string, body: JsonObject]> = {
  'anthropic-messages': (stream) => [
    '/v1/messages',
    { model: 'm', max_tokens: 9, stream, messages: [{ role: 'user', content: 'hi' }] },
  ],
  'openai-chat': (stream) => [
    '/v1/chat/completions',
    { model: 'm', stream, messages: [{ role: 'user', content: 'hi' }] },
  ],
  'openai-responses': (stream) => ['/v1/responses', { model: 'm', stream, input: 'hi' }],
  gemini: (stream) => [
    `/v1beta/models/m:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
  ],
  'ollama-chat': (stream) => [
    '/api/chat',
    { model: 'm', stream, messages: [{ role: 'user', content: 'hi' }] },
  ],
};

function setup(wire: ProviderDialectId, reply: Reply) {
  const lab = { ...PROVIDER_WIRES[wire].config, max_retries: 0, breaker: { enabled: false } };
  return createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(reply).fetch,
  });
}

const RPC = 'type.googleapis.com/google.rpc';
const google = (...details: JsonObject[]) => ({
  error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'too fast', details },
});
const said = (message: string) => ({ error: { message, type: 'tokens', code: 'rate_limit_exceeded' } });
const ANY = WIRE_IDS;
const OPENAI: readonly ProviderDialectId[] = ['openai-chat', 'openai-responses'];
const GOOGLE: readonly ProviderDialectId[] = ['gemini', 'code-assist'];

interface Hint {
  how: string;
  wires: readonly ProviderDialectId[];
  headers?: Record<string, string>;
  body?: JsonObject;
}

/** All of them mean 6.5 seconds. */
const HINTS: readonly Hint[] = [
  { how: 'retry-after-ms', wires: ANY, headers: { 'retry-after-ms': '6500' } },
  {
    how: 'a limit with nothing left',
    wires: ANY,
    headers: { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6.5s' },
  },
  { how: 'RetryInfo', wires: GOOGLE, body: google({ '@type': `${RPC}.RetryInfo`, retryDelay: '6.5s' }) },
  {
    how: 'quotaResetDelay',
    wires: GOOGLE,
    body: google({ '@type': `${RPC}.ErrorInfo`, metadata: { quotaResetDelay: '6.5s' } }),
  },
  { how: 'the message', wires: OPENAI, body: said('Rate limit reached. Please try again in 6.5s.') },
];

describe.each(DIALECT_IDS.map((id) => [id] as const))('to a client of %s', (dialect) => {
  for (const { how, wires, headers = {}, body } of HINTS) {
    for (const wire of wires) {
      for (const stream of [false, true]) {
        test(`${how}, from ${wire}, ${stream ? 'streamed' : 'whole'}`, async () => {
          const error = body ?? PROVIDER_WIRES[wire].errorBody(429, 'too fast');
          const response = await setup(wire, jsonReply(error, { status: 429, headers })).post(
            ...ASKS[dialect](stream),
          );
          expect(response.status).toBe(429);
          expect(response.headers.get('retry-after')).toBe('7');
          expect(response.headers.get('retry-after-ms')).toBe('6500');
          // Gemini CLI reads the body. A provider of its own dialect is passed on as it is.
          if (dialect === 'gemini' && wire !== 'gemini')
            expect(retryDelayIn(await response.json())).toBe('6.5s');
        });
      }
    }
  }
});

describe.each(OPENAI.map((id) => [id] as const))('words that say more than the headers of %s', (wire) => {
  test.each([
    ['retry-after', '2'],
    ['retry-after-ms', '2000'],
  ])('%s: the key is set aside for as long, so that is what every client is told', async (name, value) => {
    const body = said('Rate limit reached. Please try again in 8s.');
    for (const dialect of DIALECT_IDS) {
      const { headers } = await setup(
        wire,
        jsonReply(body, { status: 429, headers: { [name]: value } }),
      ).post(...ASKS[dialect](true));
      expect([headers.get('retry-after'), headers.get('retry-after-ms')]).toEqual(['8', null]);
    }
  });

  test('less: the headers pass as they are', async () => {
    const reply = jsonReply(said('Please try again in 2s.'), {
      status: 429,
      headers: { 'retry-after': '8' },
    });
    const { headers } = await setup(wire, reply).post(...ASKS['openai-chat'](true));
    expect([headers.get('retry-after'), headers.get('retry-after-ms')]).toEqual(['8', null]);
  });
});

function retryDelayIn(body: unknown): unknown {
  const details = asArray(asObject(asObject(body as JsonObject)?.error)?.details) ?? [];
  return details.map((detail) => asObject(detail)?.retryDelay).find((delay) => delay !== undefined);
}

describe('inside a stream', () => {
  const { start, text, contentType } = PROVIDER_WIRES.gemini;
  const failure = `data: ${JSON.stringify(google({ '@type': `${RPC}.RetryInfo`, retryDelay: '6.5s' }))}\r\n\r\n`;
  const lastOf = async (wire: ProviderDialectId, dialect: DialectId, body: string) => {
    const type = { 'content-type': PROVIDER_WIRES[wire].contentType };
    const response = await setup(wire, replyWith(body, { headers: type })).post(...ASKS[dialect](true));
    const events = readEvents(new Uint8Array(await response.arrayBuffer()));
    return parseObject(events.at(-1)?.data ?? '') ?? {};
  };

  test('there is a stream to fail', () => expect(contentType).toContain('event-stream'));

  test('Codex reads it in the message', async () => {
    const last = await lastOf('gemini', 'openai-responses', start + text('Hello') + failure);
    const error = asObject(asObject(last.response)?.error);
    expect(error?.code).toBe('rate_limit_exceeded');
    expect(error?.message).toMatch(/too fast\. Please try again in 6\.5s\.$/);
  });

  test('a message that says it already stays as it is', async () => {
    const chat = PROVIDER_WIRES['openai-chat'];
    const errorEvent = `data: ${JSON.stringify(said('Too fast. Please try again in 20s.'))}\n\n`;
    const last = await lastOf(
      'openai-chat',
      'openai-responses',
      chat.start + chat.text('Hello') + errorEvent,
    );
    expect(asObject(asObject(last.response)?.error)?.message).toMatch(
      /Too fast\. Please try again in 20s\.$/,
    );
  });

  test('Gemini CLI reads it in the details', async () => {
    const chat = PROVIDER_WIRES['openai-chat'];
    const errorEvent = `data: ${JSON.stringify(said('Too fast. Please try again in 20s.'))}\n\n`;
    const last = await lastOf('openai-chat', 'gemini', chat.start + chat.text('Hello') + errorEvent);
    expect(retryDelayIn(last)).toBe('20s');
  });
});

describe('a quota that is used up, and nobody says until when', () => {
  const QUOTA = {
    error: { message: 'You exceeded your quota.', type: 'insufficient_quota', code: 'insufficient_quota' },
  };

  test.each(['anthropic', 'openai', 'openai-responses'] as const)('%s does not ask again', async (name) => {
    const lab = setup('openai-chat', jsonReply(QUOTA, { status: 429 }));
    let asked = 0;
    const fetch = clientFetch(lab.gateway);
    const sdk = ERROR_SDKS[name];
    const counted: typeof fetch = (url, init) => {
      asked++;
      return fetch(url, init);
    };
    const error = await raised(sdk.ask(counted, false, 1));
    expect(error).toBeInstanceOf(sdk.classFor(429));
    expect(asked).toBe(1);
  });

  test('what the provider itself says of asking again is passed on', async () => {
    for (const said of ['true', 'false']) {
      const headers = { 'x-should-retry': said };
      const lab = setup(
        'anthropic-messages',
        jsonReply({ type: 'error', error: {} }, { status: 429, headers }),
      );
      const response = await lab.post(...ASKS['openai-chat'](false));
      expect(response.headers.get('x-should-retry')).toBe(said);
    }
  });
});

describe('a key that was refused', () => {
  const REFUSED = { error: { message: 'Incorrect API key provided', code: 'invalid_api_key' } };
  const hint = async (headers: Record<string, string>) => {
    const lab = setup('openai-chat', jsonReply(REFUSED, { status: 401 }));
    const response = await lab.post(...ASKS['openai-chat'](false), { headers });
    expect(response.status).toBe(401);
    return response.headers.get('x-should-retry');
  };

  test('of the gateway: Claude Code, which otherwise retries for minutes, gets x-should-retry: false', async () => {
    expect(await hint({})).toBe('false');
  });

  test("of the client, who may have a newer one: no word but the provider's", async () => {
    expect(await hint({ authorization: 'Bearer its-own' })).toBeNull();
  });
});

test('every dialect has a question here', () => {
  expect(Object.keys(ASKS).sort()).toEqual(Object.keys(DIALECTS).sort());
});
