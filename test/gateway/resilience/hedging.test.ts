// Hedging: when the first target has not spoken in time the next is asked beside it, and who speaks first serves
// (docs/adr/0008), on a clock turned by hand.
import { afterEach, describe, expect, test } from 'bun:test';
import { ASK, BOTH, createFallbackLab, expectSettled, failure, PATHS } from '../../support/fallback-lab.ts';
import { MESSAGE, utf8, wholeChat, wholeMessage } from '../../support/message-stream.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';

afterEach(expectSettled);

const SILENT: Reply = { ...replyWith(''), fault: { kind: 'hang-before-headers' } };
/** Says how much it has read, and then nothing. */
const READING = (): Reply => ({
  ...replyWith(MESSAGE.start),
  fault: { kind: 'hang', after: MESSAGE.start.length },
});
/** `first_byte` of the lab's targets is one second. */
const HEDGED = { hedge_after: '200ms' };

type Script = Parameters<typeof createFallbackLab>[0]['script'];

const setup = (script: Script, routing: object = HEDGED, providers = {}) =>
  createFallbackLab({
    script,
    providers,
    config: {
      routing: { default_provider: 'one', fallback_chain: Object.keys(script).slice(1), ...routing },
    },
  });

/** Opened by the test: what is sent behind it. */
function gate(reply: (before: () => Promise<void>) => Reply) {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { reply: reply(() => promise), open: resolve };
}

const fromOne = (before: () => Promise<void>) =>
  replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('from one') + MESSAGE.end, { before });

const tries = (row: { attempts: { provider: string; error: string | null; hedge?: true }[] }) =>
  row.attempts.map(
    ({ provider, error, hedge }) => `${provider}${hedge ? ' beside' : ''}: ${error ?? 'served'}`,
  );

for (const path of PATHS) {
  for (const stream of BOTH) {
    describe(`${path}, ${stream ? 'streamed' : 'whole'}`, () => {
      test('the first to send content serves; the other is cancelled, recorded in the row and not counted as failed', async () => {
        const lab = setup({ one: [SILENT], two: ['works'], three: ['works'] });
        const asked = lab.post(path, { ...ASK, stream });
        await lab.timers.advance(199);
        expect(lab.asked).toEqual(['one']);
        const { response, text } = await lab.answered(asked, 1);
        expect(text).toContain('from two');
        expect(lab.asked).toEqual(['one', 'two']);
        expect(response.headers.get('x-sluice-attempts')).toBe('2');
        expect(response.headers.get('x-sluice-provider')).toBe('two');
        expect(await lab.upstream.requests[0]?.ended).toBe('left');
        const row = await lab.row();
        expect(row).toMatchObject({ status: 'success', provider: 'two', usageKnown: true });
        expect(tries(row)).toEqual(['one: cancelled', 'two beside: served']);
        expect(row.attempts[0]).toMatchObject({ message: 'cancelled: two spoke first', durationMs: 200 });
        const [one] = (await lab.health()).providers;
        expect(one).toMatchObject({ in_flight: 0, healthy: true, breaker: 'closed' });
        expect(one).not.toHaveProperty('last_error');
      });

      test('a retry at the same target does not extend its hedging delay', async () => {
        const lab = setup({ one: [failure(500), SILENT], two: ['works'] }, HEDGED, {
          one: { max_retries: 3 },
        });
        const asked = lab.post(path, { ...ASK, stream });
        await lab.timers.advance(199);
        // The second time after 125 ms.
        expect(lab.asked).toEqual(['one', 'one']);
        const { text } = await lab.answered(asked, 1);
        expect(text).toContain('from two');
        expect(tries(await lab.row())).toEqual([
          'one: upstream_failed',
          'one: cancelled',
          'two beside: served',
        ]);
        // Nothing is left that would ask a third.
        expect(lab.timers.pending()).toBeLessThanOrEqual(1);
      });

      test('the first may still win', async () => {
        const slow = gate(fromOne);
        const lab = setup({ one: [slow.reply], two: [SILENT] });
        const asked = lab.post(path, { ...ASK, stream });
        await lab.timers.advance(300);
        expect(lab.asked).toEqual(['one', 'two']);
        slow.open();
        const { text } = await lab.answered(asked);
        expect(text).toContain('from one');
        const row = await lab.row();
        expect(row).toMatchObject({ status: 'success', provider: 'one', costUsd: null });
        expect(tries(row)).toEqual(['one: served', 'two beside: cancelled']);
      });

      test('a target that was silent only while the gateway stood still is asked alone', async () => {
        const slow = gate(fromOne);
        const lab = setup({ one: [slow.reply], two: ['works'] });
        const asked = lab.post(path, { ...ASK, stream });
        await lab.timers.advance(100);
        lab.timers.standStill(60_000);
        await lab.timers.advance(0);
        slow.open();
        expect((await lab.answered(asked)).text).toContain('from one');
        expect(lab.asked).toEqual(['one']);
      });

      test('a target that speaks in time is asked alone', async () => {
        const lab = setup({ one: ['works'], two: ['works'] });
        const { text } = await lab.answered(lab.post(path, { ...ASK, stream }), 500);
        expect(text).toContain('from one');
        expect(lab.asked).toEqual(['one']);
      });

      test('a hedge that fails fails nothing while the other lives', async () => {
        const slow = gate(fromOne);
        const lab = setup({ one: [slow.reply], two: [failure(500)] });
        const asked = lab.post(path, { ...ASK, stream });
        await lab.timers.advance(300);
        slow.open();
        const { response, text } = await lab.answered(asked);
        expect([response.status, text.includes('from one')]).toEqual([200, true]);
        expect(tries(await lab.row())).toEqual(['one: served', 'two beside: upstream_failed']);
      });

      test('a refusal that no other target could fix fails nothing while the other lives; alone it is the answer', async () => {
        const slow = gate(fromOne);
        const script = { one: [slow.reply], two: [failure(400, 'not so')], three: ['works' as const] };
        const lab = setup(script);
        const asked = lab.post(path, { ...ASK, stream });
        await lab.timers.advance(300);
        expect(lab.asked).toEqual(['one', 'two']);
        slow.open();
        expect((await lab.answered(asked)).text).toContain('from one');
        await expectSettled();

        const dying = setup({ ...script, one: [SILENT] });
        const { response, text } = await dying.answered(dying.post(path, { ...ASK, stream }), 1_000);
        expect([response.status, text.includes('not so')]).toEqual([400, true]);
        expect(dying.asked).toEqual(['one', 'two']);
        await expectSettled();

        // Also where there is no third.
        const last = setup({ one: [SILENT], two: [failure(400, 'not so')] });
        const answer = await last.answered(last.post(path, { ...ASK, stream }), 1_000);
        expect([answer.response.status, answer.text.includes('not so')]).toEqual([400, true]);
      });

      test('one that failed before the other won has its own failure in the row', async () => {
        const slow = gate(fromOne);
        const late = gate((before) => ({ ...failure(500), before }));
        const lab = setup({ one: [late.reply, 'works'], three: [slow.reply] }, HEDGED, {
          one: { max_retries: 3 },
        });
        const asked = lab.post(path, { ...ASK, stream });
        await lab.timers.advance(300);
        // It waits to be asked again.
        late.open();
        await lab.timers.advance(1);
        slow.open();
        const { text } = await lab.answered(asked);
        expect(text).toContain('from one');
        expect(tries(await lab.row())).toEqual(['one: upstream_failed', 'three beside: served']);
        expect(lab.asked).toEqual(['one', 'three']);
      });

      test('who failed moves on to the next target beside the other', async () => {
        const lab = setup({ one: [SILENT], two: [failure(500)], three: ['works'] });
        const { text } = await lab.answered(lab.post(path, { ...ASK, stream }), 200);
        expect(text).toContain('from three');
        const row = await lab.row();
        expect(tries(row)).toEqual(['one: cancelled', 'two beside: upstream_failed', 'three beside: served']);
      });

      test('never more than two at once, and when both were silent the next', async () => {
        const lab = setup({ one: [SILENT], two: [SILENT], three: ['works'] });
        const asked = lab.post(path, { ...ASK, stream });
        await lab.timers.advance(999);
        expect(lab.asked).toEqual(['one', 'two']);
        const { text } = await lab.answered(asked, 1);
        expect(text).toContain('from three');
        const row = await lab.row();
        expect(tries(row)).toEqual(['one: upstream_timeout', 'two beside: cancelled', 'three: served']);
      });

      test('the hedging delay of a target starts when it is asked', async () => {
        const slow = gate((before) => ({ ...failure(500), before }));
        const lab = setup({ one: [slow.reply], two: [SILENT], three: ['works'] });
        const asked = lab.post(path, { ...ASK, stream });
        await lab.timers.advance(150);
        slow.open();
        await lab.timers.advance(199);
        expect(lab.asked).toEqual(['one', 'two']);
        const { text } = await lab.answered(asked, 1);
        expect(text).toContain('from three');
        expect(lab.asked).toEqual(['one', 'two', 'three']);
      });

      test('all fail: the last failure, once', async () => {
        const lab = setup({ one: [SILENT], two: [SILENT] });
        const { response } = await lab.answered(lab.post(path, { ...ASK, stream }), 1_200);
        expect(response.status).toBe(504);
        const row = await lab.row();
        expect(row).toMatchObject({ status: 'error', errorCode: 'upstream_timeout' });
        expect(tries(row)).toEqual(['one: upstream_timeout', 'two beside: upstream_timeout']);
      });

      test('the client leaves while two are asked: both end, the row says so, once', async () => {
        const lab = setup({ one: [SILENT], two: [SILENT] });
        const client = new AbortController();
        const asked = lab.post(path, { ...ASK, stream }, { signal: client.signal }).catch(() => undefined);
        await lab.timers.advance(300);
        client.abort();
        await asked;
        expect(await Promise.all(lab.upstream.requests.map(({ ended }) => ended))).toEqual(['left', 'left']);
        const row = await lab.row();
        expect(row).toMatchObject({ status: 'aborted', provider: 'two' });
        expect(tries(row)).toEqual(['one: cancelled', 'two beside: served']);
        expect(lab.rows).toHaveLength(1);
      });
    });
  }
}

test.each(PATHS)('%s: who streams what is to be answered whole has spoken when it begins', async (path) => {
  const { promise, resolve: open } = Promise.withResolvers<void>();
  const pieces = [MESSAGE.start + MESSAGE.block + MESSAGE.delta('from one'), MESSAGE.end].map(utf8);
  const streamed = replyWith(pieces, { before: (index) => (index === 1 ? promise : undefined) });
  const lab = setup({ one: [streamed], two: ['works'] });
  const asked = lab.post(path, ASK);
  await lab.timers.advance(900);
  open();
  const { text } = await lab.answered(asked);
  expect(text).toContain('from one');
  expect(lab.asked).toEqual(['one']);
});

test.each(PATHS)('%s: so has who streams what a step of its own still holds back', async (path) => {
  const { promise, resolve: open } = Promise.withResolvers<void>();
  const pieces = [MESSAGE.start + MESSAGE.block + MESSAGE.delta('from one'), MESSAGE.end].map(utf8);
  const streamed = replyWith(pieces, { before: (index) => (index === 1 ? promise : undefined) });
  const redact = { name: 'redact', patterns: ['from one\\d'] };
  const lab = setup({ one: [streamed], two: ['works'] }, HEDGED, { one: { transformers: [redact] } });
  const asked = lab.post(path, { ...ASK, stream: true });
  await lab.timers.advance(900);
  expect(lab.asked).toEqual(['one']);
  open();
  const { text } = await lab.answered(asked);
  expect(text).toContain('from one');
  expect(lab.asked).toEqual(['one']);
});

test('what the loser had read is in its attempt and in the cost', async () => {
  const lab = createFallbackLab({
    script: { one: [READING()], two: ['works'] },
    config: {
      routing: { default_provider: 'one', fallback_chain: ['two'], ...HEDGED },
      costs: {
        pricing_overrides: {
          'one/*': { input_per_million: 1_000_000, output_per_million: 0 },
          'two/*': { input_per_million: 10, output_per_million: 0 },
        },
      },
    },
  });
  await lab.answered(lab.post('/v1/messages', { ...ASK, stream: true }), 200);
  const row = await lab.row();
  expect(row.attempts[0]).toMatchObject({ usage: { inputTokens: 7 }, costUsd: 7 });
  expect(row.usage).toMatchObject({ inputTokens: 7, outputTokens: 3 });
  expect(row.costUsd).toBeCloseTo(7 + 7 * 1e-5, 10);
});

test.each(BOTH)(
  'a client that leaves while the one that spoke first goes on ends that too (streamed: %p)',
  async (stream) => {
    const spoken = MESSAGE.start + MESSAGE.block + MESSAGE.delta('from three');
    const lab = setup({
      one: [SILENT],
      three: [{ ...replyWith(spoken), fault: { kind: 'hang', after: 1 << 20 } }],
    });
    const client = new AbortController();
    const asked = lab
      .post('/v1/messages', { ...ASK, stream }, { signal: client.signal })
      .catch(() => undefined);
    await lab.timers.advance(300);
    if (stream) await (await asked)?.body?.cancel();
    else client.abort();
    expect(await Promise.all(lab.upstream.requests.map(({ ended }) => ended))).toEqual(['left', 'left']);
    expect(await lab.row()).toMatchObject({ status: 'aborted', provider: 'three' });
  },
);

test('whoever runs the gateway ends it there too', async () => {
  const spoken = MESSAGE.start + MESSAGE.block + MESSAGE.delta('from three');
  const lab = setup({
    one: [SILENT],
    three: [{ ...replyWith(spoken), fault: { kind: 'hang', after: 1 << 20 } }],
  });
  const asked = lab.post('/v1/messages', { ...ASK, stream: true });
  await lab.timers.advance(300);
  const response = await asked;
  const stream = `http://127.0.0.1:8088/gateway/streams/${response.headers.get('x-sluice-request-id')}`;
  expect((await lab.gateway.fetch(new Request(stream, { method: 'DELETE' }))).status).toBe(200);
  expect(await Promise.all(lab.upstream.requests.map(({ ended }) => ended))).toEqual(['left', 'left']);
  expect(await response.text()).toContain('event: error');
  expect(await lab.row()).toMatchObject({ status: 'aborted', provider: 'three' });
});

test('times add up to the latency, though two waited at once', async () => {
  const slow = gate(fromOne);
  const lab = setup({ one: [SILENT], three: [slow.reply] });
  const asked = lab.post('/v1/messages', { ...ASK, stream: true });
  await lab.timers.advance(500);
  slow.open();
  await lab.answered(asked);
  const { timing, latencyMs, queuedMs } = await lab.row();
  expect(timing.gatewayMs).toBe(0);
  expect(timing.providerMs + timing.clientMs + timing.backOffMs + (queuedMs ?? 0)).toBe(latencyMs);
});

describe('times add up, though one failed beside the other', () => {
  test.each([
    ['the first', 'one', 'three'],
    ['the second', 'three', 'one'],
  ] as const)('%s', async (_, failing, serving) => {
    const late = gate((before) => ({ ...failure(500), before }));
    const slow = gate(fromOne);
    const replies = { [failing]: [late.reply], [serving]: [slow.reply] };
    const lab = setup({ one: replies.one ?? [], three: replies.three ?? [] });
    const asked = lab.post('/v1/messages', { ...ASK, stream: true });
    await lab.timers.advance(300);
    late.open();
    await lab.timers.advance(200);
    slow.open();
    await lab.answered(asked);
    const timing = { providerMs: 500, backOffMs: 0, gatewayMs: 0 };
    expect(await lab.row()).toMatchObject({ status: 'success', provider: serving, latencyMs: 500, timing });
  });

  test('and then the other, which had waited', async () => {
    const script: Script = { one: [failure(500), SILENT], two: [failure(500)] };
    const lab = setup(script, HEDGED, { one: { max_retries: 1 } });
    await lab.answered(lab.post('/v1/messages', { ...ASK, stream: true }), 1_200);
    const timing = { providerMs: 1_000, backOffMs: 125, gatewayMs: 0 };
    expect(await lab.row()).toMatchObject({ provider: 'one', latencyMs: 1_125, timing });
  });
});

describe('times add up, though the one that lost had waited', () => {
  const patient = { one: { max_retries: 1, concurrency: { max: 1 } } };
  const limited = failure(429, 'slow down', { 'retry-after': '1' });

  test('before it would ask again', async () => {
    const refusing = gate((before) => ({ ...limited, before }));
    const slow = gate(fromOne);
    const lab = setup({ one: [refusing.reply], three: [slow.reply] }, HEDGED, patient);
    const asked = lab.post('/v1/messages', { ...ASK, stream: true });
    await lab.timers.advance(50);
    refusing.open();
    await lab.timers.advance(550);
    slow.open();
    await lab.answered(asked);
    const timing = { providerMs: 450, backOffMs: 150, gatewayMs: 0 };
    expect(await lab.row()).toMatchObject({ provider: 'three', latencyMs: 600, queuedMs: null, timing });
  });

  test('for room', async () => {
    const [first, slow] = [gate(fromOne), gate(fromOne)];
    const lab = setup({ one: [first.reply], three: [slow.reply] }, { hedge_after: '500ms' }, patient);
    const served = lab.post('/v1/messages', ASK, { headers: { 'x-sluice-target': 'one' } });
    await lab.timers.advance(0);
    const asked = lab.post('/v1/messages', { ...ASK, stream: true });
    await lab.timers.advance(600);
    slow.open();
    await lab.answered(asked);
    const timing = { providerMs: 100, backOffMs: 0, gatewayMs: 0 };
    expect(await lab.row()).toMatchObject({ provider: 'three', latencyMs: 600, queuedMs: 500, timing });
    first.open();
    await lab.answered(served);
  });
});

test('what the one who serves had waited for is time of the request', async () => {
  const lab = setup({ one: [failure(500), 'works'], two: ['works'] }, HEDGED, { one: { max_retries: 1 } });
  const { text } = await lab.answered(lab.post('/v1/messages', { ...ASK, stream: true }), 125);
  expect(text).toContain('from one');
  expect((await lab.row()).timing).toMatchObject({ backOffMs: 125, gatewayMs: 0 });
});

test.each([HEDGED, {}])(
  'and is counted once, also where the client leaves while it is served (%j)',
  async (routing) => {
    const begun = MESSAGE.start + MESSAGE.block + MESSAGE.delta('from one');
    const endless = { ...replyWith(begun), fault: { kind: 'hang' as const, after: begun.length } };
    const lab = setup({ one: [failure(500), endless], two: ['works'] }, routing, { one: { max_retries: 1 } });
    const asked = lab.post('/v1/messages', { ...ASK, stream: true });
    await lab.timers.advance(125);
    await (await asked).body?.cancel();
    expect(await lab.row()).toMatchObject({ status: 'aborted', timing: { backOffMs: 125 } });
  },
);

test.each([HEDGED, {}])('a client that has left before the first is asked: none is (%j)', async (routing) => {
  const lab = setup({ one: ['works'], two: ['works'] }, routing);
  const response = await lab.post('/v1/messages', ASK, { signal: AbortSignal.abort() });
  expect([response.status, lab.asked]).toEqual([499, []]);
  expect(await lab.row()).toMatchObject({ status: 'aborted' });
});

test("one that refuses the client's own key: the other may still answer, and none after it is asked", async () => {
  const [refusing, failing] = [
    gate((before) => ({ ...failure(401), before })),
    gate((before) => ({ ...failure(500), before })),
  ];
  const lab = setup({ one: [refusing.reply], two: [failing.reply], three: ['works'] });
  const asked = lab.post('/v1/messages', ASK, { headers: { 'x-api-key': 'of-the-client' } });
  await lab.timers.advance(200);
  refusing.open();
  await lab.timers.advance(1);
  failing.open();
  const { response } = await lab.answered(asked);
  expect([response.status, lab.asked]).toEqual([401, ['one', 'two']]);
});

test('of two that fail the later one is reported', async () => {
  const slow = gate((before) => ({ ...failure(529), before }));
  const lab = setup({ one: [slow.reply], two: [failure(500)] });
  const asked = lab.post('/v1/messages', { ...ASK, stream: true });
  await lab.timers.advance(300);
  slow.open();
  expect((await lab.answered(asked)).response.status).toBe(529);
});

describe('a target that cannot be asked such a thing, beside one that is', () => {
  // Passes at its own dialect; cannot be translated.
  const odd = { ...ASK, messages: [{ role: 'narrator', content: 'hi' }] };

  test('is passed over', async () => {
    const lab = setup({ one: [SILENT], two: ['works'], three: ['works'] });
    const { text } = await lab.answered(lab.post('/v1/messages', odd), 200);
    expect(text).toContain('from three');
    expect(tries(await lab.row())).toEqual(['one: cancelled', 'three beside: served']);
  });

  test('nor can that one, which has waited for room like it: why is told', async () => {
    const limits = { dialect: 'openai-chat' as const, concurrency: { max: 1 } };
    const works = gate((before) => jsonReply(wholeChat('works'), { before }));
    const later = gate((before) => jsonReply(wholeChat('works'), { before }));
    const lab = setup({ one: [works.reply], two: [later.reply] }, HEDGED, { one: limits, two: limits });
    const [first, second] = ['one/m', 'two/m'].map((model) => lab.post('/v1/messages', { ...ASK, model }));
    await lab.timers.advance(1);
    const asked = lab.post('/v1/messages', odd);
    await lab.timers.advance(300);
    for (const [busy, { open }] of [
      [first, works],
      [second, later],
    ] as const) {
      open();
      await busy;
      await lab.timers.advance(1);
    }
    expect((await lab.answered(asked)).response.status).toBe(400);
  });

  test('is not why the other failed', async () => {
    const lab = setup({ one: [SILENT], two: ['works'] });
    const { response } = await lab.answered(lab.post('/v1/messages', odd), 1_000);
    expect([response.status, lab.asked]).toEqual([504, ['one']]);
  });
});

test('a rule may hedge where `routing` does not, and the other way round', async () => {
  const rule = { 'agent-a': { to: ['one', 'two'], hedge_after: '200ms' } };
  const on = setup({ one: [SILENT], two: ['works'] }, { agent_rules: rule });
  const asked = on.post('/v1/messages', { ...ASK, agent_type: 'agent-a' });
  expect((await on.answered(asked, 200)).text).toContain('from two');
  await expectSettled();

  const off = setup(
    { one: [SILENT], two: ['works'] },
    { ...HEDGED, agent_rules: { 'agent-a': { to: ['one', 'two'], hedge_after: null } } },
  );
  const patient = off.post('/v1/messages', { ...ASK, agent_type: 'agent-a' });
  await off.timers.advance(999);
  expect(off.asked).toEqual(['one']);
  expect((await off.answered(patient, 1)).text).toContain('from two');
});

test('places that both took are given back: a limit of one is free again', async () => {
  const limits = { concurrency: { max: 1 } };
  const lab = setup({ one: [SILENT, 'works'], two: ['works'] }, HEDGED, { one: limits, two: limits });
  await lab.answered(lab.post('/v1/messages', { ...ASK, stream: true }), 200);
  const again = await lab.answered(lab.post('/v1/messages', { ...ASK, stream: true }));
  expect(again.text).toContain('from one');
});

test('of two that answer at the same moment one serves, and the place of the other is free again', async () => {
  const both = gate((before) => jsonReply(wholeMessage('at last'), { before }));
  const lab = setup({ one: [both.reply], two: [both.reply] }, HEDGED, {
    two: { dialect: 'anthropic-messages' },
  });
  const asked = lab.post('/v1/messages', ASK);
  await lab.timers.advance(300);
  expect(lab.asked).toEqual(['one', 'two']);
  both.open();
  await lab.answered(asked);
  const { providers } = await lab.health();
  expect(providers.filter(({ in_flight }) => in_flight > 0)).toEqual([]);
  const outcomes = (await lab.row()).attempts.map(({ error }) => error);
  expect(outcomes.toSorted()).toEqual(['cancelled', null]);
});

test('streams of the library are hedged too', async () => {
  const lab = setup({ one: [SILENT], two: ['works'] });
  const parts = [{ type: 'text' as const, text: 'hi' }];
  const events = lab.gateway.stream({ model: 'm', messages: [{ role: 'user', parts }] });
  const collected = Array.fromAsync(events);
  // The first of a process loads what it needs before it asks.
  while (lab.asked.length === 0) await lab.timers.advance(0);
  await lab.timers.advance(200);
  const text = (await collected).map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
  expect(text).toBe('from two');
  expect(tries(await lab.row())).toEqual(['one: cancelled', 'two beside: served']);
});

test('a wait for room is counted once, also where the client leaves later', async () => {
  const begun = MESSAGE.start + MESSAGE.block + MESSAGE.delta('from one');
  const endless = { ...replyWith(begun), fault: { kind: 'hang' as const, after: begun.length } };
  const slow = gate(fromOne);
  const lab = setup({ one: [slow.reply, endless] }, {}, { one: { concurrency: { max: 1 } } });
  const first = lab.post('/v1/messages', ASK);
  await lab.timers.advance(1);
  const second = lab.post('/v1/messages', { ...ASK, stream: true });
  await lab.timers.advance(100);
  slow.open();
  await lab.answered(first);
  await (await second).body?.cancel();
  expect(await lab.rowAt(1)).toMatchObject({ status: 'aborted', queuedMs: 100 });
});

test('how long it waited for room is in the row', async () => {
  const slow = gate(fromOne);
  const limits = { one: { concurrency: { max: 1 } } };
  const lab = setup({ one: [slow.reply, 'works'], two: [SILENT] }, { hedge_after: '500ms' }, limits);
  const first = lab.post('/v1/messages', ASK);
  await lab.timers.advance(1);
  const second = lab.post('/v1/messages', ASK);
  await lab.timers.advance(100);
  expect(lab.asked).toEqual(['one']);
  slow.open();
  await lab.answered(first);
  await lab.answered(second);
  expect(await lab.row()).toMatchObject({ provider: 'one', queuedMs: null });
  expect(await lab.rowAt(1)).toMatchObject({ provider: 'one', queuedMs: 100 });
});
