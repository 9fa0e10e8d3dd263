// Where the time of a request went, as its row says, on a clock turned by hand.
import { describe, expect, test } from 'bun:test';
import { createFetchTransport } from '../../../src/upstream/fetch-transport.ts';
import type { ConfigInput } from '../../../src/index.ts';
import type { LedgerRow } from '../../../src/ledger/rows/row.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { MESSAGE } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const { start: START, block: BLOCK, end: END } = MESSAGE;
const WORD = MESSAGE.delta('word');
const PING = 'event: ping\ndata: {"type":"ping"}\n\n';

const MESSAGES = { model: 'm', stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const CHAT = { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] };
const CLIENTS = [
  ['same dialect', '/v1/messages', MESSAGES],
  ['translated', '/v1/chat/completions', CHAT],
] as const;

type Timers = ReturnType<typeof createManualTimers>;

/** Each piece and the milliseconds before it. */
function paced(timers: Timers, steps: readonly (readonly [ms: number, text: string])[]) {
  const pieces = steps.map(([, text]) => new TextEncoder().encode(text));
  const pause = (index: number) =>
    new Promise<void>((resolve) => timers.setTimer(resolve, steps[index]?.[0] ?? 0));
  return replyWith(pieces, { before: pause });
}

function setup(
  timers: Timers,
  reply: Parameters<typeof createReplayFetch>[0],
  config: Partial<ConfigInput> = {},
) {
  return createTestGateway({
    config: {
      server: { ping_interval: '60s' },
      providers: { claude: LAB_PROVIDERS.claude },
      routing: { default_provider: 'claude' },
      ...config,
    },
    fetch: createReplayFetch(reply).fetch,
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
  });
}

/** The shares of a row, which add up to its latency. */
function sharesOf({ timing, queuedMs, latencyMs }: LedgerRow) {
  const { providerMs, clientMs, backOffMs, gatewayMs } = timing;
  expect(providerMs + clientMs + backOffMs + gatewayMs + (queuedMs ?? 0)).toBeCloseTo(latencyMs, 6);
  return { providerMs, clientMs, backOffMs, gatewayMs };
}

describe('the time of a stream', () => {
  for (const [name, path, body] of CLIENTS) {
    test(`${name}: first token, last token, gaps, stalls; pings and the ending are no content`, async () => {
      const timers = createManualTimers(1_000_000);
      const gaps = [40, 40, 40, 40, 40, 40, 40, 1_500, 2_500];
      const { post, row } = setup(
        timers,
        paced(timers, [
          [100, START + BLOCK],
          [200, WORD],
          ...gaps.map((ms) => [ms, WORD] as const),
          [70, PING],
          [30, END],
        ]),
      );
      const answer = post(path, body).then((response) => response.text());
      await timers.advance(10_000);
      await answer;
      await timers.advance(1_000);
      const recorded = await row(0);
      expect(recorded.ttftMs).toBe(300);
      expect(recorded.timing.lastTokenMs).toBe(300 + gaps.reduce((sum, ms) => sum + ms, 0));
      expect(recorded.latencyMs).toBe((recorded.timing.lastTokenMs ?? 0) + 100);
      expect(recorded.timing).toMatchObject({ stalls: 2, longestGapMs: 2_500, connectMs: null });
      expect(Math.abs((recorded.timing.gapP50Ms ?? 0) - 40)).toBeLessThan(4);
      expect(Math.abs((recorded.timing.gapP99Ms ?? 0) - 2_500)).toBeLessThan(250);
      expect(sharesOf(recorded)).toEqual({ providerMs: 4_680, clientMs: 0, backOffMs: 0, gatewayMs: 0 });
      expect(recorded.attempts[0]).toMatchObject({ durationMs: 4_680, providerMs: 4_680 });
    });

    test(`${name}: a client that does not read is distinguished from the provider, and is no stall of it`, async () => {
      const timers = createManualTimers(1_000_000);
      const { post, row } = setup(
        timers,
        paced(timers, [
          [50, START + BLOCK + WORD],
          [50, WORD],
          [50, WORD + END],
        ]),
      );
      const opening = post(path, body);
      await timers.advance(50);
      const reader = (await opening).body?.getReader();
      await reader?.read();
      const second = reader?.read();
      await timers.advance(50);
      await second;
      await timers.advance(30_000);
      const rest = (async () => {
        while ((await reader?.read())?.done === false);
      })();
      await timers.advance(200);
      await rest;
      await timers.advance(1_000);
      const recorded = await row(0);
      expect(recorded.timing.stalls).toBe(0);
      expect(sharesOf(recorded).clientMs).toBe(30_000);
      // What came while the client did not read was there when it did.
      expect(recorded.timing.providerMs).toBe(100);
    });
  }

  test('one that is left counts the wait it was left in', async () => {
    const timers = createManualTimers(1_000_000);
    const { post, row } = setup(
      timers,
      paced(timers, [
        [50, START + BLOCK + WORD],
        [60_000, WORD],
      ]),
    );
    const opening = post('/v1/messages', MESSAGES);
    await timers.advance(50);
    const reader = (await opening).body?.getReader();
    await reader?.read();
    const left = reader?.read();
    await timers.advance(700);
    await reader?.cancel();
    await left;
    await timers.advance(1_000);
    const recorded = await row(0);
    expect(recorded).toMatchObject({ status: 'aborted', latencyMs: 750 });
    expect(sharesOf(recorded)).toMatchObject({ providerMs: 750, gatewayMs: 0 });
  });
});

test('one that is left after a ping, before any content: the try lasted until then', async () => {
  const timers = createManualTimers(1_000_000);
  const { post, row } = setup(timers, paced(timers, [[60_000, START + BLOCK + WORD]]), {
    server: { ping_interval: '400ms' },
  });
  const opening = post('/v1/messages', MESSAGES);
  await timers.advance(400);
  const reader = (await opening).body?.getReader();
  await reader?.read();
  await timers.advance(300);
  await reader?.cancel();
  await timers.advance(1_000);
  const recorded = await row(0);
  expect(recorded).toMatchObject({ status: 'aborted', latencyMs: 700 });
  expect(recorded.attempts).toMatchObject([{ error: null, durationMs: 700, providerMs: 700 }]);
});

test('a whole answer: one wait, no gaps', async () => {
  const timers = createManualTimers(1_000_000);
  const content = [{ type: 'text', text: 'hi' }];
  const usage = { input_tokens: 1, output_tokens: 2 };
  const answer = { id: 'm', type: 'message', role: 'assistant', model: 's', content, usage };
  const { post, row } = setup(timers, async () => {
    await new Promise<void>((resolve) => timers.setTimer(resolve, 400));
    return jsonReply({ ...answer, stop_reason: 'end_turn', stop_sequence: null });
  });
  const asked = post('/v1/messages', { ...MESSAGES, stream: false });
  await timers.advance(400);
  expect((await asked).status).toBe(200);
  await timers.advance(1_000);
  const recorded = await row(0);
  expect(recorded.timing).toMatchObject({ lastTokenMs: 400, longestGapMs: null, gapP50Ms: null, gaps: null });
  expect(sharesOf(recorded)).toMatchObject({ providerMs: 400, gatewayMs: 0 });
});

test('tries that fail: each has its provider’s share, and the pauses between them are apart', async () => {
  const timers = createManualTimers(1_000_000);
  let count = 0;
  const { post, row } = setup(
    timers,
    async () => {
      await new Promise<void>((resolve) => timers.setTimer(resolve, 300));
      count += 1;
      return count < 3
        ? jsonReply({ error: { message: 'busy' } }, { status: 503 })
        : paced(timers, [[100, START + BLOCK + WORD + END]]);
    },
    { providers: { claude: { ...LAB_PROVIDERS.claude, max_retries: 2, breaker: { enabled: false } } } },
  );
  const asked = post('/v1/messages', MESSAGES).then((response) => response.text());
  await timers.advance(10_000);
  await asked;
  await timers.advance(1_000);
  const recorded = await row(0);
  expect(recorded.attempts.map(({ providerMs }) => providerMs)).toEqual([300, 300, 400]);
  expect(sharesOf(recorded)).toMatchObject({ providerMs: 1_000, gatewayMs: 0 });
  expect(recorded.timing.backOffMs).toBeGreaterThan(250);
});

test('connecting: until the host says that the connection stands', async () => {
  const timers = createManualTimers(1_000_000);
  const reply = createReplayFetch(replyWith(START + BLOCK + WORD + END));
  const { post, row } = createTestGateway({
    config: { providers: { claude: LAB_PROVIDERS.claude }, routing: { default_provider: 'claude' } },
    fetch: () => Promise.reject(new Error('the host of this test has a transport of its own')),
    host: {
      now: timers.now,
      monotonic: timers.now,
      setTimer: timers.setTimer,
      async send(request) {
        await new Promise<void>((resolve) => timers.setTimer(resolve, 25));
        request.connected?.();
        await new Promise<void>((resolve) => timers.setTimer(resolve, 75));
        return createFetchTransport(reply.fetch)(request);
      },
    },
  });
  const asked = post('/v1/messages', MESSAGES).then((response) => response.text());
  await timers.advance(100);
  await asked;
  await timers.advance(1_000);
  expect(await row(0)).toMatchObject({ ttftMs: 100, timing: { connectMs: 25, providerMs: 100 } });
});

test.each([
  ['count of tokens', '/v1/messages/count_tokens', { input_tokens: 7 }],
  ['embedding', '/v1/embeddings', { data: [{ index: 0, embedding: [0.5] }], model: 'm' }],
])('what a %s waited for is the provider’s time, not the gateway’s', async (_, path, answer) => {
  const timers = createManualTimers();
  const reply = createReplayFetch(jsonReply(answer));
  const { post, row } = createTestGateway({
    config: {
      providers: { claude: LAB_PROVIDERS.claude, gpt: LAB_PROVIDERS.gpt },
      routing: { default_provider: path.includes('messages') ? 'claude' : 'gpt' },
    },
    fetch: reply.fetch,
    host: {
      now: timers.now,
      monotonic: timers.now,
      setTimer: timers.setTimer,
      async send(request) {
        await new Promise<void>((resolve) => timers.setTimer(resolve, 75));
        return createFetchTransport(reply.fetch)(request);
      },
    },
  });
  const asked = post(path, { ...MESSAGES, stream: false, input: 'hi' }).then((response) => response.text());
  await timers.advance(75);
  await asked;
  expect(sharesOf(await row(0))).toEqual({ providerMs: 75, clientMs: 0, backOffMs: 0, gatewayMs: 0 });
});
