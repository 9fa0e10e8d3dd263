// GLM's four bases, and its error codes: they decide what a client sees, whatever the status.
import { expect, test } from 'bun:test';
import type { ErrorCode } from '../../src/model/errors.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const REQUEST = { model: 'glm-4.7', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

/** The body of one of its bases, whose code stands where that dialect has its type. */
const BODIES = {
  'openai-chat': (code: string) => ({ error: { code, message: 'as it is' } }),
  'anthropic-messages': (code: string) => ({ type: 'error', error: { type: code, message: 'as it is' } }),
};

function ask(code: string, status: number, dialect: keyof typeof BODIES = 'openai-chat') {
  let calls = 0;
  const { post, row } = createTestGateway({
    config: {
      providers: {
        glm: {
          api_key: 'lab-key-glm',
          max_retries: 1,
          ...(dialect === 'anthropic-messages' && { dialect, base_url: 'https://api.z.ai/api/anthropic' }),
        },
      },
    },
    host: { random: () => 0 },
    async fetch() {
      calls++;
      const headers = { 'content-type': 'application/json', 'retry-after-ms': '1' };
      return new Response(JSON.stringify(BODIES[dialect](code)), { status, headers });
    },
  });
  return { answer: post('/v1/messages', REQUEST), row, calls: () => calls };
}

const CODES: [string, number, number, ErrorCode, number][] = [
  ['1000', 401, 401, 'upstream_unauthorized', 1],
  ['1001', 401, 401, 'upstream_unauthorized', 1],
  ['1002', 401, 401, 'upstream_unauthorized', 1],
  ['1003', 401, 401, 'upstream_unauthorized', 1],
  ['1004', 401, 401, 'upstream_unauthorized', 1],
  ['1113', 429, 402, 'upstream_unauthorized', 1],
  ['1211', 400, 404, 'upstream_rejected', 1],
  ['1261', 400, 400, 'context_too_long', 1],
  ['1301', 400, 400, 'upstream_rejected', 1],
  ['1302', 429, 429, 'upstream_rate_limited', 2],
  ['1303', 429, 429, 'upstream_rate_limited', 2],
  ['1305', 429, 429, 'upstream_rate_limited', 2],
  ['1304', 429, 429, 'upstream_rate_limited', 2],
  ['1308', 429, 429, 'upstream_rate_limited', 2],
  ['1310', 429, 429, 'upstream_rate_limited', 2],
  ['1312', 429, 529, 'upstream_overloaded', 2],
  ['1302', 200, 429, 'upstream_rate_limited', 2],
  ['1113', 200, 402, 'upstream_unauthorized', 1],
];

for (const dialect of ['openai-chat', 'anthropic-messages'] as const) {
  test.each(CODES)(`${dialect}: code %s with HTTP %i: HTTP %i, %s, asked %i times`, async (...row) => {
    const [code, status, seen, error, times] = row;
    const asked = ask(code, status, dialect);
    const response = await asked.answer;
    expect(response.status).toBe(seen);
    expect(await response.text()).toContain('as it is');
    expect((await asked.row(0)).errorCode).toBe(error);
    expect(asked.calls()).toBe(times);
  });
}

test.each([
  ['https://open.bigmodel.cn/api/paas/v4', {}],
  ['https://api.z.ai/api/paas/v4', { base_url: 'https://api.z.ai/api/paas/v4' }],
  ['https://api.z.ai/api/coding/paas/v4', { base_url: 'https://api.z.ai/api/coding/paas/v4' }],
])('a request to %s', async (base, place) => {
  const seen: { url: string; body: string; key: string | null }[] = [];
  const { post } = createTestGateway({
    config: { providers: { glm: { api_key: 'lab-key-glm', max_retries: 0, ...place } } },
    async fetch(url, init) {
      const key = new Headers(init.headers).get('authorization');
      seen.push({ url, body: String(init.body), key });
      return new Response('{}', { status: 400 });
    },
  });
  await post('/v1/messages', { ...REQUEST, stream: true, tools: [{ name: 'f', input_schema: {} }] });
  expect(seen.map(({ url, key }) => [url, key])).toEqual([
    [`${base}/chat/completions`, 'Bearer lab-key-glm'],
  ]);
  expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
    model: 'glm-4.7',
    max_tokens: 9,
    tool_stream: true,
  });
  expect(seen[0]?.body).not.toContain('stream_options');
});

test('a request to the base that speaks Anthropic passes as it is', async () => {
  const seen: { url: string; body: string; key: string | null }[] = [];
  const glm = { api_key: 'lab-key-glm', dialect: 'anthropic-messages', max_retries: 0 } as const;
  const { post } = createTestGateway({
    config: { providers: { glm: { ...glm, base_url: 'https://api.z.ai/api/anthropic' } } },
    async fetch(url, init) {
      seen.push({ url, body: String(init.body), key: new Headers(init.headers).get('x-api-key') });
      return new Response('{}', { status: 400 });
    },
  });
  await post('/v1/messages', REQUEST);
  const body = JSON.stringify(REQUEST);
  expect(seen).toEqual([{ url: 'https://api.z.ai/api/anthropic/v1/messages', body, key: 'lab-key-glm' }]);
});
