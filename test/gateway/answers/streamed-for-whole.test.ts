// A provider that streams although a whole answer was requested: it is read as a stream and answered whole.
import { afterEach, describe, expect, test } from 'bun:test';
import { createFallbackLab, expectSettled } from '../../support/fallback-lab.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { MESSAGE, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';
import { watchText } from '../../support/watch-text.ts';

const MESSAGES = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const CLIENTS = [
  ['same dialect', '/v1/messages', MESSAGES],
  ['translated', '/v1/chat/completions', CHAT],
] as const;

const STREAM = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello') + MESSAGE.end;
const BLOCK_END = MESSAGE.end.slice(0, MESSAGE.end.indexOf('event: message_delta'));
const TEXT = '{"type":"text","text":""}';
const NAMELESS = '{"type":"tool_use","id":"t","name":"","input":{}}';
const BEGIN = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello');

function setup(reply: Reply, server: { max_event?: string } = {}) {
  const timers = createManualTimers(1_000_000);
  const upstream = createReplayFetch(reply);
  const claude = { ...LAB_PROVIDERS.claude, timeouts: { first_byte: '10s', idle: '5s' } };
  const config = { server, providers: { claude }, routing: { default_provider: 'claude' } };
  const host = { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer };
  return { timers, upstream, ...createTestGateway({ config, fetch: upstream.fetch, host }) };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const cut = (whole: Uint8Array, size: number) =>
  Array.from({ length: Math.ceil(whole.length / size) }, (_, at) => whole.slice(at * size, (at + 1) * size));

describe.each(CLIENTS)('%s', (_, path, body) => {
  test('is complete at its terminal event, though the connection stays open', async () => {
    const hang = { kind: 'hang', after: STREAM.length } as const;
    const lab = setup(replyWith([STREAM, 'never sent'].map(bytes), { fault: hang }));
    const before = lab.timers.pending();
    const response = await lab.post(path, body);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('Hello');
    const row = await lab.row(0);
    expect(row).toMatchObject({ status: 'success', finishReason: 'end_turn', streamed: false, latencyMs: 0 });
    await lab.timers.advance(499);
    expect(lab.upstream.requests[0]?.abortedAt).toBeNull();
    await lab.timers.advance(1);
    expect(await lab.upstream.requests[0]?.ended).toBe('left');
    expect(lab.timers.pending()).toBe(before);
  });

  test('names the model that went on where one had declined', async () => {
    const content_block = { type: 'fallback', from: { model: 'asked' }, to: { model: 'served' } };
    const seam = [
      { type: 'content_block_start', index: 1, content_block },
      { type: 'content_block_stop', index: 1 },
    ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    const begun = BEGIN.replace('"served"', '"asked"');
    const { post, row } = setup(replyWith(begun + seam.join('') + MESSAGE.end));
    expect(await (await post(path, body)).json()).toMatchObject({ model: 'served' });
    expect(await row(0)).toMatchObject({ model: 'served' });
  });

  test('may take longer than first_byte, as long as something comes', async () => {
    const pieces = [BEGIN, ...Array.from({ length: 6 }, (_, n) => MESSAGE.delta(` ${n}`)), MESSAGE.end];
    const gates = pieces.map(() => Promise.withResolvers<void>());
    const lab = setup(replyWith(pieces.map(bytes), { before: (index) => gates[index]?.promise }));
    const asking = lab.post(path, body);
    for (const gate of gates) {
      await lab.timers.advance(4_000);
      gate.resolve();
    }
    const response = await asking;
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('Hello 0 1 2 3 4 5');
  });

  test('that falls silent in the middle says so', async () => {
    const lab = setup(
      replyWith([BEGIN, 'never sent'].map(bytes), { fault: { kind: 'hang', after: BEGIN.length } }),
    );
    const asking = lab.post(path, body);
    await lab.timers.advance(5_001);
    const response = await asking;
    expect(response.status).toBe(504);
    expect(await response.text()).toContain(
      'claude was silent for 5000 ms between two events (timeouts.idle)',
    );
    expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_timeout' });
  });

  test('that ends in the middle is no answer', async () => {
    const lab = setup(replyWith(BEGIN));
    const response = await lab.post(path, body);
    expect(response.status).toBe(502);
    expect(await response.text()).toContain('before the answer was complete');
    expect(await lab.row(0)).toMatchObject({ status: 'truncated', errorCode: 'upstream_truncated' });
  });

  test('that is longer than max_event is refused, and not read on', async () => {
    const lab = setup(replyWith([BEGIN, MESSAGE.delta('x'.repeat(1_024)), MESSAGE.end].map(bytes)), {
      max_event: '1KB',
    });
    const response = await lab.post(path, body);
    expect(response.status).toBe(502);
    expect(await response.text()).toContain('longer than 1024 bytes; raise server.max_event');
    expect(lab.upstream.requests[0]?.piecesSent).toBe(2);
  });

  test.each([
    ['', 'in pieces', 1],
    ['\uFEFF', 'behind a byte order mark', 10_000],
    ['\uFEFF', 'behind a byte order mark, in pieces', 1],
  ])('that is JSON after all, %s%s, is an answer', async (mark, _, size) => {
    const text = ` \n${JSON.stringify(wholeMessage('Grüße'))}`;
    const lab = setup(replyWith(cut(bytes(mark + text), size)));
    const response = await lab.post(path, body);
    expect(response.status).toBe(200);
    const answered = await response.text();
    if (path === '/v1/messages') expect(answered).toBe(text);
    else expect(answered).toContain('Grüße');
  });

  test.each([1, 2, 10_000])('behind a byte order mark is read, in pieces of %d', async (size) => {
    const lab = setup(replyWith(cut(bytes(`\uFEFF${STREAM}`), size)));
    const response = await lab.post(path, body);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('Hello');
  });

  test('that is a page behind a byte order mark says so', async () => {
    const lab = setup(replyWith('\uFEFF<html>Sign in</html>'));
    const response = await lab.post(path, body);
    expect(response.status).toBe(502);
    expect(await response.text()).toContain('claude answered with an HTML page');
  });

  test('that is very long, in many blocks, comes whole', async () => {
    const block = (index: number) =>
      (MESSAGE.block + MESSAGE.delta(`<${index}>${'x'.repeat(60_000)}`) + BLOCK_END).replaceAll(
        '"index":0',
        `"index":${index}`,
      );
    const blocks = Array.from({ length: 40 }, (_, index) => block(index));
    const lab = setup(replyWith(MESSAGE.start + blocks.join('') + MESSAGE.end.slice(BLOCK_END.length)));
    const text = await (await lab.post(path, body)).text();
    expect([...(text.match(/<\d+>/g) ?? [])]).toEqual(blocks.map((_, index) => `<${index}>`));
    expect(text.length).toBeGreaterThan(40 * 60_000);
  });

  test('that is a page says so', async () => {
    const lab = setup(replyWith('<html>Sign in</html>'));
    const response = await lab.post(path, body);
    expect(response.status).toBe(502);
    expect(await response.text()).toContain('claude answered with an HTML page');
  });

  test('is let go of when the client leaves', async () => {
    const lab = setup(
      replyWith([BEGIN, 'never sent'].map(bytes), { fault: { kind: 'hang', after: BEGIN.length } }),
    );
    const { pending } = lab.timers;
    const before = pending();
    const leaving = new AbortController();
    const asking = lab.post(path, body, { signal: leaving.signal });
    await lab.timers.advance(1_000);
    leaving.abort();
    await asking.catch(() => undefined);
    expect(await lab.row(0)).toMatchObject({ status: 'aborted', httpStatus: 499 });
    expect(await lab.upstream.requests[0]?.ended).toBe('left');
    expect(pending()).toBe(before);
  });
});

describe('where another is asked for all of it', () => {
  afterEach(expectSettled);

  const CALL = MESSAGE.block.replace('"index":0', '"index":1').replace(TEXT, NAMELESS);
  test.each([
    ['it breaks off', replyWith(`${BEGIN}${MESSAGE.delta(', and no more. ')}`), 'upstream_truncated'],
    ['an error follows', replyWith(BEGIN + MESSAGE.error('overloaded_error', 'busy')), 'upstream_overloaded'],
    ['its call has no name', replyWith(BEGIN + BLOCK_END + CALL), 'upstream_malformed'],
  ])('%s: those who watch are told only what was answered', async (_, broken, error) => {
    const lab = createFallbackLab({ script: { one: [broken], two: ['works'] } });
    const watching = await watchText(lab.gateway);
    const { response, text } = await lab.answered(lab.post('/v1/messages', MESSAGES));
    expect(response.status).toBe(200);
    expect(text).toContain('"from two"');
    expect(await watching.textUntilEnd()).toBe('from two');
    const row = await lab.row();
    expect(row).toMatchObject({
      status: 'success',
      provider: 'two',
      usage: { inputTokens: 7, outputTokens: 3 },
    });
    expect(row.attempts).toMatchObject([
      { provider: 'one', error, usage: { inputTokens: 7 } },
      { provider: 'two', error: null },
    ]);
  });

  const REDACT = [{ name: 'redact', patterns: ['ab\\d\\d-cd\\d\\d'], direction: 'answer' as const }];
  test.each([
    ['', []],
    [', behind a transformer', REDACT],
  ])('who has begun to speak in time is not hedged%s', async (_, transformers) => {
    const pieces = [BEGIN, MESSAGE.delta(' and '), MESSAGE.end].map(bytes);
    const gate = Promise.withResolvers<void>();
    const one = replyWith(pieces, { before: (index) => (index === 2 ? gate.promise : undefined) });
    const lab = createFallbackLab({
      script: { one: [one], three: ['works'] },
      providers: { one: { transformers } },
      config: { routing: { default_provider: 'one', fallback_chain: ['three'], hedge_after: '100ms' } },
    });
    const asking = lab.post('/v1/messages', MESSAGES);
    await lab.timers.advance(500);
    gate.resolve();
    expect((await lab.answered(asking)).text).toContain('"Hello and "');
    expect(lab.asked).toEqual(['one']);
  });

  test.each([
    ['streams', true, false],
    ['streams, behind a transformer', true, true],
    ['whole answers', false, false],
  ])(
    'two at once that speak in one moment: the text of the one that answers is told: %s',
    async (_, stream, isChanged) => {
      const gate = Promise.withResolvers<void>();
      const from = (name: string) =>
        replyWith([bytes(BEGIN + MESSAGE.delta(` from ${name}. `) + MESSAGE.end)], {
          before: () => gate.promise,
        });
      const transformers = isChanged ? REDACT : [];
      const lab = createFallbackLab({
        script: { one: [from('one')], three: [from('three')] },
        providers: { one: { transformers }, three: { transformers } },
        config: { routing: { default_provider: 'one', fallback_chain: ['three'], hedge_after: '100ms' } },
      });
      const watching = await watchText(lab.gateway);
      const asking = lab.post('/v1/messages', { ...MESSAGES, stream });
      await lab.timers.advance(500);
      gate.resolve();
      const { text } = await lab.answered(asking, 200);
      const served = text.includes('three') ? 'three' : 'one';
      expect(await watching.textUntilEnd()).toBe(`Hello from ${served}. `);
      expect((await lab.row()).attempts).toMatchObject([{}, { hedge: true }]);
    },
  );

  test('two at once: the text of the one that answers is reported, once', async () => {
    const slow = [BEGIN, MESSAGE.delta(' from one'), MESSAGE.end];
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const one = replyWith(slow.map(bytes), { before: (index) => gates[index === 2 ? 1 : 0]?.promise });
    const two = replyWith([BEGIN, MESSAGE.delta(' from three'), MESSAGE.end].map(bytes), {
      // The first speaks late, and then not to its end.
      before: (index) => (index === 0 ? gates[0]?.resolve() : undefined),
    });
    const lab = createFallbackLab({
      script: { one: [one], three: [two] },
      config: { routing: { default_provider: 'one', fallback_chain: ['three'], hedge_after: '100ms' } },
    });
    const watching = await watchText(lab.gateway);
    const { text } = await lab.answered(lab.post('/v1/messages', MESSAGES), 200);
    expect(text).toContain('"Hello from three"');
    expect(await watching.textUntilEnd()).toBe('Hello from three');
    gates[1]?.resolve();
    expect((await lab.row()).attempts).toMatchObject([{ error: 'cancelled' }, { error: null, hedge: true }]);
  });
});
