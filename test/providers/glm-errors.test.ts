// GLM's error codes, through the gateway: they decide what a client sees, whatever the status.
import { expect, test } from 'bun:test';
import type { ErrorCode } from '../../src/model/errors.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const REQUEST = { model: 'glm-4.7', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

function ask(code: string, status: number) {
  let calls = 0;
  const { post, row } = createTestGateway({
    config: { providers: { glm: { api_key: 'lab-key-glm', max_retries: 1 } } },
    host: { random: () => 0 },
    async fetch() {
      calls++;
      const headers = { 'content-type': 'application/json', 'retry-after-ms': '1' };
      return new Response(JSON.stringify({ error: { code, message: 'as it is' } }), { status, headers });
    },
  });
  return { answer: post('/v1/messages', REQUEST), row, calls: () => calls };
}

test.each<[string, number, number, ErrorCode, number]>([
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
])('code %s with HTTP %i: HTTP %i, %s, asked %i times', async (code, status, seen, error, times) => {
  const { answer, row, calls } = ask(code, status);
  const response = await answer;
  expect(response.status).toBe(seen);
  expect(await response.text()).toContain('as it is');
  expect((await row(0)).errorCode).toBe(error);
  expect(calls()).toBe(times);
});
