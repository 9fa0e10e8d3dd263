// A gateway of this kind behind another: a client gets through both what it would get from the second alone.
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../src/index.ts';
import { asArray, asObject, type JsonObject, parseObject } from '../../src/model/json/json.ts';
import { clientRequest, SPOKEN_DIALECTS } from '../support/client-requests.ts';
import { jsonReply, replyWith } from '../support/reply.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { resolveInput } from '../support/resolve-input.ts';
import { createTestGateway, LAB_PROVIDERS, type TestGateway } from '../support/test-gateway.ts';

const ADDRESS = 'http://team.test/llm';

/** What the first one asks the second. */
interface Hop {
  url: string;
  headers: Headers;
  body: string;
}

/** Two gateways in a row; `behind` configures the one that the provider answers. @param answer a text is a stream. */
function inARow(behind: ConfigInput, answer: JsonObject | string, ownKey?: string | string[], status = 200) {
  const reply = typeof answer === 'string' ? replyWith(answer) : jsonReply(answer, { status });
  const provider = createReplayFetch(reply);
  const second = createTestGateway({ config: behind, fetch: provider.fetch });
  const hops: Hop[] = [];
  const first: TestGateway = createTestGateway({
    config: {
      providers: {
        team: {
          kind: 'sluice',
          base_url: ADDRESS,
          ...(typeof ownKey === 'string' ? { api_key: ownKey } : ownKey && { api_keys: ownKey }),
        },
      },
      routing: { default_provider: 'team' },
    },
    async fetch(url, init) {
      const body = await new Response(init.body ?? null).text();
      hops.push({ url, headers: new Headers(init.headers), body });
      const { method = 'GET' } = init;
      const at = url.replace(ADDRESS, 'http://127.0.0.1:8088');
      return second.gateway.fetch(new Request(at, { ...init, method, ...(method !== 'GET' && { body }) }));
    },
  });
  return { first, second, hops, provider };
}

const SIGNATURE = 'EsOKCsqAb4abcd+/==';
const CALLED = {
  candidates: [
    {
      content: {
        role: 'model',
        parts: [
          { text: 'let me add', thought: true },
          { functionCall: { id: 'fc1', name: 'add', args: { a: 1 } }, thoughtSignature: SIGNATURE },
        ],
      },
      finishReason: 'STOP',
      index: 0,
    },
  ],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
};
const AT_GEMINI: ConfigInput = {
  providers: { gemini: LAB_PROVIDERS.gemini },
  routing: { default_provider: 'gemini' },
};
const ANSWERED = {
  id: 'c',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1 },
};
const AT_CHAT: ConfigInput = {
  providers: { gpt: LAB_PROVIDERS.gpt },
  routing: { default_provider: 'gpt' },
};

const PARAMETERS = { type: 'object', properties: { a: { type: 'integer' } } };

test('a call’s signature comes back to its provider', async () => {
  const { first, provider } = inARow(AT_GEMINI, CALLED);
  const ask = {
    model: 'gemini-3-pro',
    tools: [{ type: 'function', function: { name: 'add', parameters: PARAMETERS } }],
    reasoning_effort: 'low',
  };
  const question = { role: 'user', content: '1 and 1?' };
  const answer = parseObject(
    await (await first.post('/v1/chat/completions', { ...ask, messages: [question] })).text(),
  );
  const message = asObject(asObject(asArray(answer?.choices)?.[0])?.message) ?? {};
  const id = asObject(asArray(message.tool_calls)?.[0])?.id ?? '';
  const messages = [question, message, { role: 'tool', tool_call_id: id, content: '2' }];
  const response = await first.post('/v1/chat/completions', { ...ask, messages });
  expect(response.headers.get('x-sluice-lost')).toBeNull();
  const contents = asArray(asObject(provider.requests[1]?.json() as JsonObject | undefined)?.contents);
  expect(contents?.[1]).toEqual({
    role: 'model',
    parts: [
      { text: 'let me add', thought: true },
      { functionCall: { id: 'fc1', name: 'add', args: { a: 1 } }, thoughtSignature: SIGNATURE },
    ],
  });
});

describe.each(SPOKEN_DIALECTS)('a client of %s', (dialect) => {
  test('is understood by the second: its bytes pass the first', async () => {
    const { first, hops } = inARow(AT_CHAT, ANSWERED);
    const { path, body } = clientRequest(dialect, { model: 'm', stream: false, more: { x_unknown: 1 } });
    const text = JSON.stringify(body);
    const response = await first.post(path, text);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('hi');
    expect(hops.map((hop) => hop.url)).toEqual([ADDRESS + path]);
    expect(hops[0]?.body).toBe(text);
  });
});

test('what the second loses is named by the first too', async () => {
  const { first, second } = inARow(AT_CHAT, ANSWERED);
  const body = { model: 'm', max_tokens: 9, top_k: 3, messages: [{ role: 'user', content: 'hi' }] };
  const response = await first.post('/v1/messages', body);
  expect(response.headers.get('x-sluice-lost')).toBe('top_k');
  expect((await second.row(0)).lost).toEqual(['top_k']);
  expect((await first.row(0)).lost).toEqual(['top_k']);
});

test('a stream for a client of Mistral’s is written in its form by the second alone: what Mistral’s own server says passes both', async () => {
  const deltas = [
    { role: 'assistant', content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] },
    { content: 'hi' },
  ];
  const chunks = [
    ...deltas.map((delta) => ({ choices: [{ index: 0, delta, finish_reason: null }] })),
    { choices: [{ index: 0, delta: { content: '' }, finish_reason: 'stop' }], usage: { total_tokens: 2 } },
  ].map(
    (chunk) =>
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', ...chunk })}\n\n`,
  );
  const stream = `${chunks.join('')}data: [DONE]\n\n`;
  const behind: ConfigInput = {
    providers: { mistral: { api_key: 'k' } },
    routing: { default_provider: 'mistral' },
  };
  const { first } = inARow(behind, stream);
  const headers = { 'user-agent': 'speakeasy-sdk/python 3.7.0 2.935.1 1.0.0 mistralai' };
  const body = { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] };
  const answer = await first.post('/v1/chat/completions', body, { headers });
  expect(await answer.text()).toBe(stream);
});

test('what went wrong behind the second is said once', async () => {
  const answer = { error: { code: 400, message: 'no such voice', status: 'INVALID_ARGUMENT' } };
  const { first } = inARow(AT_GEMINI, answer, undefined, 400);
  const body = { model: 'm', input: 'hi' };
  const text = await (await first.post('/v1/responses', body)).text();
  const wanted = 'gemini: the provider answered 400 (INVALID_ARGUMENT): no such voice';
  expect(asObject(parseObject(text)?.error)?.message).toBe(wanted);
  expect((await first.row(0)).errorMessage).toBe(`team: ${wanted}`);
});

test('a vendor that only the second has is named there; one that is disabled here is not asked elsewhere', async () => {
  const { first, hops, provider } = inARow({ providers: { openai: { api_key: 'k' } } }, ANSWERED);
  const ask = (model: string) =>
    first.post('/v1/messages', { model, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] });
  expect((await ask('openai/gpt-4o')).status).toBe(200);
  expect(parseObject(hops[0]?.body ?? '')?.model).toBe('openai/gpt-4o');
  expect(provider.requests[0]?.json()).toMatchObject({ model: 'gpt-4o' });
  const config: ConfigInput = {
    providers: { team: { kind: 'sluice', base_url: ADDRESS }, openai: { api_key: 'env:ABSENT_KEY' } },
    routing: { default_provider: 'team' },
  };
  const refused = createTestGateway({ config, fetch: () => Promise.reject(new Error('nobody is asked')) });
  const body = { model: 'openai/gpt-4o', max_tokens: 9, messages: [] };
  const response = await refused.post('/v1/messages', body);
  expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('is disabled')]);
});

describe('keys', () => {
  const body = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
  const behind = { ...AT_CHAT, server: { keys: ['team-key'] } };

  test('its own admits the first to the second', async () => {
    const { first, hops } = inARow(behind, ANSWERED, 'team-key');
    expect((await first.post('/v1/messages', body)).status).toBe(200);
    expect(hops[0]?.headers.get('x-sluice-key')).toBe('team-key');
    expect(hops[0]?.headers.get('x-api-key')).toBeNull();
  });

  test('a client’s goes with it, to the provider behind', async () => {
    const { first, provider } = inARow(behind, ANSWERED, 'team-key');
    const headers = { authorization: 'Bearer sk-of-the-client' };
    const response = await first.post('/v1/chat/completions', body, { headers });
    expect(response.status).toBe(200);
    expect(provider.requests[0]?.headers.get('authorization')).toBe('Bearer sk-of-the-client');
    expect(JSON.stringify(await first.row(0))).not.toContain('sk-of-the-client');
  });

  test('of several, each admits its part of the conversations, beside a client’s too', async () => {
    const teams = ['team-key', 'other-key'];
    const { first, hops } = inARow({ ...AT_CHAT, server: { keys: teams } }, ANSWERED, teams);
    const headers = { authorization: 'Bearer sk-of-the-client' };
    for (let asked = 0; asked < 20; asked++) {
      const messages = [{ role: 'user', content: `question ${asked}` }];
      const response = await first.post('/v1/chat/completions', { ...body, messages }, { headers });
      expect(response.status).toBe(200);
    }
    expect(new Set(hops.map((hop) => hop.headers.get('x-sluice-key')))).toEqual(new Set(teams));
    expect(new Set(hops.map((hop) => hop.headers.get('authorization'))).size).toBe(1);
  });
});

test('what is forwarded finds its path, and the models of the second are listed', async () => {
  const { first, hops } = inARow(AT_CHAT, { object: 'list', data: [] });
  const ask = (path: string) => first.gateway.fetch(new Request(`http://127.0.0.1:8088${path}`));
  await ask('/v1/files');
  await ask('/v1/models');
  expect(hops.map((hop) => hop.url.slice(ADDRESS.length))).toEqual(['/v1/files', '/v1/models?limit=1000']);
});

test('a circle of gateways ends, and says so', async () => {
  let hops = 0;
  const only: TestGateway = createTestGateway({
    config: {
      providers: { team: { kind: 'sluice', base_url: ADDRESS, max_retries: 0 } },
      routing: { default_provider: 'team' },
    },
    async fetch(url, init) {
      hops++;
      return only.gateway.fetch(new Request(url.replace(ADDRESS, 'http://127.0.0.1:8088'), init));
    },
  });
  const headers = { 'x-sluice-hops': '-9' };
  const response = await only.post('/v1/messages', { model: 'm', max_tokens: 9, messages: [] }, { headers });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('passed 8 gateways already and is not sent on to team');
  expect(hops).toBe(8);
});

test('an address with the beginning of a path, as SDKs have it, is told', () => {
  const { problems } = resolveInput({ providers: { team: { kind: 'sluice', base_url: `${ADDRESS}/v1` } } });
  expect(problems.map(({ message }) => message)).toEqual([
    'ends in /v1, which is appended to it; remove that',
  ]);
});

test('an entry that names a dialect asks in that one alone, at the address that its SDKs have', async () => {
  const asked: string[] = [];
  const { gateway, post } = createTestGateway({
    config: {
      providers: { team: { kind: 'sluice', dialect: 'openai-chat', base_url: `${ADDRESS}/v1` } },
      routing: { default_provider: 'team' },
    },
    async fetch(url) {
      asked.push(url.slice(ADDRESS.length));
      return Response.json(url.endsWith('/models') ? { object: 'list', data: [] } : ANSWERED);
    },
  });
  await post('/v1/messages', { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] });
  for (const path of ['/v1/models', '/v1/files', '/v1/messages/batches'])
    await gateway.fetch(new Request(`http://127.0.0.1:8088${path}`));
  expect(asked).toEqual(['/v1/chat/completions', '/v1/models', '/v1/files']);
});

test('its address has to be said', () => {
  const { problems } = resolveInput({ providers: { team: { kind: 'sluice' } } });
  expect(problems).toEqual([
    {
      severity: 'fatal',
      path: ['providers', 'team', 'base_url'],
      message:
        'kind sluice has no address of its own; set base_url to the other gateway’s, as in http://127.0.0.1:8088',
    },
  ]);
});
