// When to ask again, said only in the event that is a stream's first and an error: it counts as the same hint does in the
// body of an HTTP error, for the client, for the pause before the next try, and for the key (GUARANTEES 1, 3, 4).
import { afterEach, describe, expect, test } from 'bun:test';
import { PROVIDER_DIALECT_IDS, type ProviderDialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { ASK, createFallbackLab, expectSettled, PATHS } from '../../support/fallback-lab.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

afterEach(expectSettled);

/** The lab's clock begins here. */
const NOW = Date.UTC(2026, 0, 1);
const LIMIT = { code: 429, message: 'Rate limit exceeded: free-models-per-min.' };
const quoting = (headers: JsonObject) => ({ ...LIMIT, metadata: { headers } });
const RESET = quoting({
  'X-RateLimit-Limit': '20',
  'X-RateLimit-Remaining': '0',
  'X-RateLimit-Reset': `${NOW + 9_000}`,
});
const INFO = {
  ...LIMIT,
  status: 'RESOURCE_EXHAUSTED',
  details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7.5s' }],
};
const SAID = { ...LIMIT, type: 'tokens', message: 'Rate limit reached for m. Please try again in 1.2s.' };
const chunk = (fields: JsonObject) => ({
  id: 'gen-1',
  object: 'chat.completion.chunk',
  model: 'm',
  ...fields,
});

const CHAT_EVENTS: [name: string, event: JsonObject | JsonObject[], waitMs: number][] = [
  ['the reset that OpenRouter quotes', { error: RESET }, 9_000],
  [
    'the same in a chunk',
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'error' }], error: RESET }),
    9_000,
  ],
  [
    'the same in a choice',
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'error', error: RESET }] }),
    9_000,
  ],
  ['the same in a list', [{ error: RESET }], 9_000],
  ['a quoted retry-after', { error: quoting({ 'Retry-After': '4' }) }, 4_000],
  ['RetryInfo', { error: INFO }, 7_500],
  ['words', { error: SAID }, 1_200],
];

function setup(event: unknown, more: object = {}) {
  const reply = replyWith(`data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`);
  const works = 'works' as const;
  return createFallbackLab({
    script: { two: [reply, works] },
    providers: { two: { breaker: { enabled: false }, ...more } },
    config: { routing: { default_provider: 'two' } },
  });
}

for (const path of PATHS) {
  for (const stream of [true, false]) {
    describe(`${path}, streamed ${stream}`, () => {
      const ask = { ...ASK, stream };

      test.each(CHAT_EVENTS)('%s: the client gets the hint', async (_, event, waitMs) => {
        const lab = setup(event);
        const { response } = await lab.answered(lab.post(path, ask));
        expect([response.status, response.headers.get('retry-after')]).toEqual([
          429,
          `${Math.ceil(waitMs / 1_000)}`,
        ]);
      });

      test.each(CHAT_EVENTS)('%s: the next try waits for it', async (_, event, waitMs) => {
        const lab = setup(event, { max_retries: 1 });
        const asking = lab.post(path, ask);
        await lab.timers.advance(waitMs - 1);
        expect(lab.asked).toHaveLength(1);
        const { response } = await lab.answered(asking, 1);
        expect([response.status, lab.asked.length]).toEqual([200, 2]);
      });

      test.each(CHAT_EVENTS)('%s: the key is set aside so long', async (_, event, waitMs) => {
        const lab = setup(event);
        await lab.answered(lab.post(path, ask));
        const [provider] = (await lab.health()).providers;
        expect(provider?.keys.map(({ state }) => state)).toEqual(['rate_limited']);
        await lab.timers.advance(waitMs);
        const later = (await lab.health()).providers[0];
        expect(later?.keys.map(({ state }) => state)).toEqual(['ready']);
      });
    });
  }
}

/** Behind content of that dialect. */
function broken(wire: ProviderDialectId, event: string, clientPath: string) {
  const timers = createManualTimers(NOW);
  const { start, text, config, contentType } = PROVIDER_WIRES[wire];
  const reply = replyWith(start + text('Hello') + event, { headers: { 'content-type': contentType } });
  const lab = createTestGateway({
    config: {
      providers: { lab: { ...config, max_retries: 0 } },
      routing: { default_provider: 'lab' },
    },
    fetch: createReplayFetch(reply).fetch,
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
  });
  const keys = async () => {
    const health = await lab.gateway.fetch(new Request('http://127.0.0.1:8088/gateway/providers'));
    const { providers } = (await health.json()) as { providers: { keys: { state: string }[] }[] };
    return providers[0]?.keys.map(({ state }) => state);
  };
  return { ...lab, timers, keys, asked: lab.post(clientPath, { ...ASK, stream: true }) };
}

async function expectCooldown({ asked, keys, timers }: ReturnType<typeof broken>, waitMs: number) {
  const response = await asked;
  const text = await response.text();
  expect([response.status, await keys()], text).toEqual([200, ['rate_limited']]);
  await timers.advance(waitMs - 100);
  expect(await keys()).toEqual(['rate_limited']);
  await timers.advance(100);
  expect(await keys()).toEqual(['ready']);
}

describe.each(PATHS)('%s: behind content', (path) => {
  test.each(CHAT_EVENTS)('%s: the key is set aside so long', async (_, event, waitMs) => {
    await expectCooldown(broken('openai-chat', `data: ${JSON.stringify(event)}\n\n`, path), waitMs);
  });
});

test('Codex is reported when to ask again, as it reads it', async () => {
  const event = `data: ${JSON.stringify({ error: INFO })}\n\n`;
  const { post } = broken('gemini', event, '/v1/messages');
  const response = await post('/v1/responses', { model: 'm', stream: true, input: 'hi' });
  expect(await response.text()).toContain('Please try again in 7.5s');
});

const OWN: Record<string, string> = {
  gemini: `data: ${JSON.stringify({ error: INFO })}\n\n`,
  'code-assist': `data: ${JSON.stringify({ error: INFO })}\n\n`,
  'openai-responses': `event: response.failed\ndata: ${JSON.stringify({
    type: 'response.failed',
    response: {
      id: 'r',
      status: 'failed',
      output: [],
      error: { ...quoting({ 'retry-after': '8' }), code: 'rate_limit_exceeded' },
    },
  })}\n\n`,
  'anthropic-messages': `event: error\ndata: ${JSON.stringify({
    type: 'error',
    error: { ...quoting({ 'retry-after': '8' }), type: 'rate_limit_error' },
  })}\n\n`,
};

test.each(PROVIDER_DIALECT_IDS.filter((wire) => wire in OWN))('%s', async (wire) => {
  const timers = createManualTimers(NOW);
  const { post } = createTestGateway({
    config: {
      providers: { lab: { ...PROVIDER_WIRES[wire].config, max_retries: 0 } },
      routing: { default_provider: 'lab' },
    },
    fetch: createReplayFetch(replyWith(OWN[wire] ?? '')).fetch,
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
  });
  const response = await post('/v1/chat/completions', { ...ASK, stream: true });
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '8']);
});

test.each(PROVIDER_DIALECT_IDS.filter((wire) => wire in OWN))('%s, behind content', async (wire) => {
  for (const path of PATHS) {
    const waitMs = OWN[wire]?.includes('7.5s') === true ? 7_500 : 8_000;
    await expectCooldown(broken(wire, OWN[wire] ?? '', path), waitMs);
  }
});
