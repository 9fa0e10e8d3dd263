// Codex waits at a 429 as long as it is told, without a word, or reports only that it has retried too often: what is used up for
// long is sent in the one form whose message it shows.
import { expect, test } from 'bun:test';
import type { ConfigInput } from '../../../src/index.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const CODEX = { originator: 'codex_exec' };
const OTHER = { 'user-agent': 'OpenAI/JS 6.1.0' };
const PROVIDER = { base_url: 'http://lab.invalid', api_key: 'k', max_retries: 0 };

type Refusal = ReturnType<typeof jsonReply>;

const NO_CREDIT = jsonReply({ error: { message: 'Insufficient Balance' } }, { status: 402 });
const TOO_FAST = jsonReply(
  { error: { message: 'slow down' } },
  { status: 429, headers: { 'retry-after': '7' } },
);

interface Asking {
  config?: Partial<ConfigInput>;
  refusal?: Refusal;
  headers?: Record<string, string>;
  model?: string;
  /** How often it is asked. Default 1. */
  times?: number;
}

/** The last answer. */
async function ask({
  config,
  refusal = NO_CREDIT,
  headers = CODEX,
  model = 'anthropic/claude-opus-4-8',
  times = 1,
}: Asking) {
  const { post } = createTestGateway({
    config: {
      providers: { anthropic: PROVIDER, lab: { ...PROVIDER, dialect: 'openai-responses' } },
      ...config,
    },
    fetch: createReplayFetch(refusal).fetch,
  });
  const body = { model, input: 'hi', stream: true };
  for (let n = 1; n < times; n++) await (await post('/v1/responses', body, { headers })).text();
  const response = await post('/v1/responses', body, { headers });
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  return { status: response.status, shown: response.headers.get('x-codex-promo-message'), error };
}

const USED_UP: [string, Asking, string, string][] = [
  [
    'a budget',
    { config: { costs: { budgets: [{ limit_usd: 0, per: 'day' }] } } },
    'insufficient_quota',
    'the budget of 0 USD a day is used up',
  ],
  [
    'a limit of requests',
    { config: { rate_limits: [{ requests: 1, per: 'day' }] }, times: 2 },
    'rate_limited',
    'the limit of 1 request a day is reached: ask again in 24 h',
  ],
  ['an account without credit', { refusal: NO_CREDIT }, 'insufficient_quota', 'Insufficient Balance'],
];

test.each(USED_UP)('%s: it ends and shows the message', async (_, asking, code, words) => {
  const { status, shown, error } = await ask(asking);
  expect(status).toBe(429);
  expect(error).toMatchObject({ type: 'usage_limit_reached', code });
  expect(error.message).toContain(words);
  expect(shown).toContain(words);
});

test.each(USED_UP)('%s: other clients get what they had', async (_, asking, code) => {
  const { shown, error } = await ask({ ...asking, headers: OTHER });
  expect(shown).toBeNull();
  expect(error.code).toBe(code);
  expect(error.type).not.toBe('usage_limit_reached');
});

test('what passes in a moment, it waits for', async () => {
  const { status, shown, error } = await ask({ refusal: TOO_FAST });
  expect({ status, shown, type: error.type }).toEqual({ status: 429, shown: null, type: 'rate_limit_error' });
});

test('the refusal of a server of Responses passes as it is', async () => {
  const own = {
    error: { message: 'no credit', type: 'insufficient_quota', param: null, code: 'insufficient_quota' },
  };
  const refusal = jsonReply(own, { status: 429 });
  const { status, shown, error } = await ask({ refusal, model: 'lab/gpt-5.4' });
  expect({ status, shown, error }).toEqual({ status: 429, shown: null, error: own.error });
});
