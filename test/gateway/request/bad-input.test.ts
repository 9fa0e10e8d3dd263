// Requests that are wrong: each gets its status, an error that the client's own SDK can read and that says what
// to do, and one row; and the gateway answers the next request.
import { describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { ErrorCode } from '../../../src/index.ts';
import { labConfig } from '../../support/lab-config.ts';
import { wholeChat, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';
import { type BadInput, CASES, GOOD, HI, MAX_BODY, TRANSLATED } from './bad-input-cases.ts';

/** The dialects that this table covers. */
const DIALECT_IDS = ['anthropic-messages', 'openai-chat'] as const;
type DialectId = (typeof DIALECT_IDS)[number];
const CLIENT_PATHS: Record<DialectId, string> = {
  'anthropic-messages': '/v1/messages',
  'openai-chat': '/v1/chat/completions',
};

/** What an official SDK makes of a failed response. */
interface SdkError {
  status: number | undefined;
  message: string;
  type: string | undefined;
}

const SDK_ERRORS: Record<DialectId, (response: Response) => Promise<SdkError>> = {
  async 'anthropic-messages'(response) {
    const client = new Anthropic({ apiKey: 'none', maxRetries: 0, fetch: async () => response });
    const thrown = await client.messages.create({ ...GOOD, messages: [] }).catch((error: unknown) => error);
    if (!(thrown instanceof Anthropic.APIError)) throw thrown;
    const body = thrown.error as { type?: string; error?: { type?: string; message?: string } } | undefined;
    expect(body?.type).toBe('error');
    return { status: thrown.status, message: body?.error?.message ?? '', type: body?.error?.type };
  },
  async 'openai-chat'(response) {
    const client = new OpenAI({ apiKey: 'none', maxRetries: 0, fetch: async () => response });
    const thrown = await client.chat.completions
      .create({ model: 'm', messages: [] })
      .catch((error: unknown) => error);
    if (!(thrown instanceof OpenAI.APIError)) throw thrown;
    const body = thrown.error as { message?: string } | undefined;
    return { status: thrown.status, message: body?.message ?? '', type: thrown.type };
  },
};

const TYPES: Record<DialectId, Partial<Record<number, string>>> = {
  'anthropic-messages': {
    400: 'invalid_request_error',
    401: 'authentication_error',
    403: 'permission_error',
    404: 'not_found_error',
    405: 'invalid_request_error',
    413: 'request_too_large',
    415: 'invalid_request_error',
    502: 'api_error',
  },
  'openai-chat': {},
};

/** A list of lists of lists… as JSON text. */
const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const deepObject = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const TOOLS: Record<DialectId, (schema: string) => string> = {
  'anthropic-messages': (schema) => `[{"name":"f","input_schema":${schema}}]`,
  'openai-chat': (schema) => `[{"type":"function","function":{"name":"f","parameters":${schema}}}]`,
};
const withField = (model: string, field: string, json: string) =>
  `${JSON.stringify({ ...GOOD, model }).slice(0, -1)},"${field}":${json}}`;

const FAILING: { name: string; reply: Reply | 'unreachable'; code: ErrorCode; says: RegExp }[] = [
  {
    name: 'a provider that cannot be reached',
    reply: 'unreachable',
    code: 'upstream_unreachable',
    says: /cannot be reached.*base_url/,
  },
  {
    name: 'a provider that answers HTML',
    reply: replyWith('<html>', { headers: { 'content-type': 'text/html' } }),
    code: 'upstream_malformed',
    says: /HTML.*base_url/,
  },
  {
    name: 'an empty 200',
    reply: replyWith('', { headers: { 'content-type': 'application/json' } }),
    code: 'upstream_malformed',
    says: /with nothing instead of a JSON object.*base_url/,
  },
  {
    name: 'JSON that is no answer',
    reply: jsonReply({ hello: 'world' }),
    code: 'upstream_malformed',
    says: /cannot be read/,
  },
];

function setup(reply?: Reply | 'unreachable') {
  const upstream = createReplayFetch((request) => {
    if (reply !== undefined && reply !== 'unreachable') return reply;
    return jsonReply(request.path === '/v1/messages' ? wholeMessage('served') : wholeChat('served'));
  });
  const fetch = (url: string, init: RequestInit) =>
    reply === 'unreachable'
      ? Promise.reject(Object.assign(new Error('no'), { code: 'ConnectionRefused' }))
      : upstream.fetch(url, init);
  const config = labConfig('http://upstream.test', {}, { server: { max_body: '4MB' } });
  return { upstream, ...createTestGateway({ config, fetch }) };
}

type Gateway = ReturnType<typeof setup>;

function send(
  { gateway }: Gateway,
  dialect: DialectId,
  { body, method = 'POST', headers, path }: Partial<BadInput>,
) {
  const init: RequestInit = { method, headers: { 'content-type': 'application/json', ...headers } };
  if (method === 'POST')
    init.body = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return gateway.fetch(new Request(`http://127.0.0.1:8088${path ?? CLIENT_PATHS[dialect]}`, init));
}

async function expectRefusal(lab: Gateway, dialect: DialectId, bad: Omit<BadInput, 'name'>) {
  const response = await send(lab, dialect, bad);
  expect(response.status, await response.clone().text()).toBe(bad.status);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('x-sluice-request-id')).toBe((await lab.row(0)).requestId);
  const error = await SDK_ERRORS[dialect](response);
  expect(error.status).toBe(bad.status);
  expect(error.message).toMatch(bad.says);
  const type = TYPES[dialect][bad.status];
  if (type !== undefined) expect(error.type).toBe(type);
  const { status, httpStatus, errorCode, errorMessage, attempts } = await lab.row(0);
  expect([status, httpStatus, errorCode]).toEqual(['error', bad.status, bad.code]);
  expect(errorMessage).toMatch(bad.says);
  expect(attempts).toHaveLength(bad.asked ?? 0);
  expect(response.headers.get('x-sluice-attempts')).toBe(String(bad.asked ?? 0));
  // The next one is served, and each has its one row.
  return lab;
}

async function expectNext(lab: Gateway, dialect: DialectId) {
  const next = await send(lab, dialect, { body: GOOD });
  expect(next.status).toBe(200);
  await lab.row(1);
  expect(lab.rows.map(({ status }) => status)).toEqual(['error', 'success']);
  expect(lab.gateway.activeStreams()).toBe(0);
}

for (const dialect of DIALECT_IDS) {
  const foreign = dialect === 'anthropic-messages' ? 'gpt/m' : 'claude/m';
  describe(dialect, () => {
    for (const bad of CASES) {
      test(`${bad.name}: ${bad.status}`, async () => {
        const lab = await expectRefusal(setup(), dialect, bad);
        expect(lab.upstream.requests).toHaveLength(0);
        await expectNext(lab, dialect);
      });
    }

    for (const bad of TRANSLATED) {
      test(`${bad.name}, to be translated: ${bad.status}`, async () => {
        const body = { ...GOOD, model: foreign, ...(bad.body as object) };
        const lab = await expectRefusal(setup(), dialect, { ...bad, body });
        expect(lab.upstream.requests).toHaveLength(0);
        await expectNext(lab, dialect);
      });
    }

    for (const { name, reply, code, says } of FAILING) {
      for (const stream of [false, true]) {
        test(`${name}, ${stream ? 'streamed' : 'whole'}: 502`, async () => {
          const body = { ...GOOD, model: foreign, stream };
          await expectRefusal(setup(reply), dialect, { body, status: 502, code, says, asked: 1 });
        });
      }
    }

    test.each([
      ['is no JSON', '{"model":'],
      ['is too large', 'x'.repeat(MAX_BODY + 1)],
    ])('a body that %s has its row under the labels of its headers', async (_, body) => {
      const lab = setup();
      await send(lab, dialect, { body, headers: { 'x-sluice-agent': 'coder', 'x-sluice-project': 'one' } });
      expect(await lab.row(0)).toMatchObject({ status: 'error', agentType: 'coder', projectId: 'one' });
    });

    test('a path that does not exist: 404 that names those that do', async () => {
      const lab = setup();
      const headers: Record<string, string> =
        dialect === 'anthropic-messages' ? { 'anthropic-version': '2023-06-01' } : {};
      const response = await send(lab, dialect, { body: GOOD, headers, path: '/v1/nothing' });
      const error = await SDK_ERRORS[dialect](response);
      expect(error.status).toBe(404);
      for (const path of Object.values(CLIENT_PATHS)) expect(error.message).toContain(path);
    });

    test('a WebSocket is refused with the status at which clients post at once', async () => {
      const response = await send(setup(), dialect, { method: 'GET', headers: { upgrade: 'websocket' } });
      expect(response.headers.get('upgrade')).toBe('HTTP/1.1');
      const error = await SDK_ERRORS[dialect](response);
      expect(error.status).toBe(426);
      expect(error.message).toContain(`POST to ${CLIENT_PATHS[dialect]}`);
    });

    test('405 says what is allowed in a header too', async () => {
      const response = await send(setup(), dialect, { method: 'PUT' });
      expect(response.headers.get('allow')).toBe('POST');
    });

    test.each([
      ['messages', deep],
      ['tools', (levels: number) => TOOLS[dialect](deepObject(levels))],
      ['x_unknown', deepObject],
    ])(
      '%s 900 levels deep: passed on to its own dialect, refused or left out across',
      async (field, json) => {
        const own = setup();
        const model = dialect === 'anthropic-messages' ? 'claude/m' : 'gpt/m';
        const text = withField(model, field, json(900));
        expect((await send(own, dialect, { body: text })).status).toBe(200);
        expect(new TextDecoder().decode(own.upstream.requests[0]?.body)).toBe(text.replace(model, 'm'));
        const across = setup();
        const response = await send(across, dialect, { body: withField(foreign, field, json(900)) });
        expect([200, 400]).toContain(response.status);
        expect((await across.row(0)).errorCode ?? 'invalid_request').toBe('invalid_request');
      },
    );

    // To write them again, the runtime takes a time that grows with the square of their depth, in which nobody else is served.
    test.each([
      ['messages', deep],
      ['tools', (levels: number) => TOOLS[dialect](deepObject(levels))],
      ['x_unknown', deepObject],
      ['x_ids', (levels: number) => deepObject(levels).replace('1', '1234567890123456789')],
    ])('%s 30,000 levels deep: refused', async (field, json) => {
      for (const model of ['claude/m', 'gpt/m']) {
        const lab = setup();
        const error = await SDK_ERRORS[dialect](
          await send(lab, dialect, { body: withField(model, field, json(30_000)) }),
        );
        expect(error.status).toBe(400);
        expect(error.message).toContain('nested too deeply');
        expect(lab.upstream.requests).toHaveLength(0);
        expect((await lab.row(0)).errorCode).toBe('invalid_request');
      }
    });

    test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
      'the model %s is a name like any other',
      async (model) => {
        const lab = setup();
        const response = await send(lab, dialect, { body: { ...GOOD, model } });
        expect(response.status).toBe(200);
        expect(lab.upstream.requests[0]?.json()).toMatchObject({ model });
        expect((await lab.row(0)).requestedModel).toBe(model);
      },
    );

    test.each(['__proto__', 'constructor'])('a field named %s changes nothing', async (field) => {
      for (const model of ['claude/m', 'gpt/m']) {
        const lab = setup();
        const body = `{"${field}":{"polluted":true,"stream":true,"agent_type":"x"},${JSON.stringify({ ...GOOD, model }).slice(1)}`;
        const response = await send(lab, dialect, { body });
        expect(response.status).toBe(200);
        expect(response.headers.get('content-type')).toBe('application/json');
        expect(await lab.row(0)).toMatchObject({ streamed: false, agentType: null });
        expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
        expect('polluted' in {}).toBe(false);
      }
    });

    test('numbers beyond any range are the provider’s to refuse on its own dialect, and no crash across', async () => {
      for (const model of ['claude/m', 'gpt/m']) {
        const lab = setup();
        const text = `{"model":"${model}","max_tokens":1e999,"temperature":-1e-999,"top_p":${'9'.repeat(5000)},"messages":${JSON.stringify(HI)}}`;
        const response = await send(lab, dialect, { body: text });
        expect([200, 400]).toContain(response.status);
        if (response.status === 200 && model !== foreign) {
          const sent = new TextDecoder().decode(lab.upstream.requests[0]?.body);
          expect(sent).toBe(text.replace(model, 'm'));
        }
        if (response.status === 400) expect((await lab.row(0)).errorCode).toBe('invalid_request');
      }
    });

    test('a model name cannot write a header', async () => {
      const model = 'm\r\nx-injected: yes\r\n\r\n<html>ü';
      const lab = setup();
      const response = await send(lab, dialect, { body: { ...GOOD, model } });
      expect(response.status).toBe(200);
      expect(response.headers.get('x-injected')).toBeNull();
      const refused = await send(setup(), dialect, { body: { ...GOOD, model: `openai/${model}` } });
      expect([refused.status, refused.headers.get('x-injected')]).toEqual([404, null]);
      const failing = await send(setup('unreachable'), dialect, { body: { ...GOOD, model } });
      expect([failing.status, failing.headers.get('x-sluice-model')]).toEqual([
        502,
        'm??x-injected: yes????<html>?',
      ]);
    });
  });
}

describe('what is not an API request has no row', () => {
  test.each(['/', '/gateway/health', '/nothing', '/gateway/nothing'])('%s', async (path) => {
    const lab = setup();
    await lab.gateway.fetch(new Request(`http://127.0.0.1:8088${path}`));
    await lab.gateway.flush();
    expect(lab.rows).toHaveLength(0);
  });
});
