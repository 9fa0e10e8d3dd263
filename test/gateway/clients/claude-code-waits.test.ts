// Claude Code leaves its model for the rest of the session at the first 503: while the gateway itself cannot ask, it gets
// Anthropic's own status for waiting instead.
import { expect, test } from 'bun:test';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const CLAUDE_CODE = { 'x-claude-code-session-id': '65d6a1d4-8a35-4f3c-a3c0-1f2d6f9c3a10' };
const SDK = { 'user-agent': 'Anthropic/JS 0.70.0' };
const BODY = { model: 'lab/m', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

function setup() {
  return createTestGateway({
    config: {
      providers: {
        lab: {
          ...{ dialect: 'openai-chat', base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 },
          breaker: { failures: 1, open_for: '30s' },
        },
      },
    },
    fetch: createReplayFetch(jsonReply({ error: { message: 'it broke' } }, { status: 500 })).fetch,
  });
}

test('an open breaker', async () => {
  const { post } = setup();
  await post('/v1/messages', BODY);
  const statuses: number[] = [];
  for (const headers of [CLAUDE_CODE, SDK]) {
    const answer = await post('/v1/messages', BODY, { headers });
    statuses.push(answer.status);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({ error: { type: 'overloaded_error' } });
  }
  expect(statuses).toEqual([529, 503]);
});

test('a shutdown', async () => {
  const { gateway, post } = setup();
  await gateway.close();
  const statuses: number[] = [];
  for (const headers of [CLAUDE_CODE, SDK]) {
    const answer = await post('/v1/messages', BODY, { headers });
    statuses.push(answer.status);
    expect(answer.headers.get('retry-after')).toBe('1');
  }
  expect(statuses).toEqual([529, 503]);
});
