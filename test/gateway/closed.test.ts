// A closed gateway asks no provider any more, whatever a request was waiting for.
import { expect, test } from 'bun:test';
import { resolveInput } from '../support/resolve-input.ts';
import { MESSAGE, utf8 } from '../support/message-stream.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../support/reply.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { createTestGateway, LAB_PROVIDERS } from '../support/test-gateway.ts';

const ASK = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const NEUTRAL = {
  model: 'm',
  messages: [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'hi' }] }],
};
const WHOLE = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello') + MESSAGE.end;
const BEGUN = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hel'));

function setup(reply: Reply = replyWith(WHOLE)) {
  const upstream = createReplayFetch(() => reply);
  const config = { providers: { lab: LAB_PROVIDERS.claude }, routing: { default_provider: 'lab' } };
  return { upstream, ...createTestGateway({ config, fetch: upstream.fetch }) };
}

test('a request whose body was still coming is answered that the gateway is shut down', async () => {
  const { gateway, upstream, rows } = setup();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const request = new Request('http://127.0.0.1:8088/v1/messages', { method: 'POST', body: readable });
  const answer = gateway.fetch(request);
  await gateway.close();
  const writer = writable.getWriter();
  const sent = writer.write(utf8(JSON.stringify(ASK))).then(() => writer.close());
  const response = await answer;
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('the gateway was shut down');
  await sent;
  expect(upstream.requests).toHaveLength(0);
  expect(rows).toMatchObject([{ status: 'aborted', httpStatus: 499 }]);
});

test('a library request that was still being prepared throws', async () => {
  const { gateway, upstream, rows } = setup();
  const next = gateway.stream(NEUTRAL)[Symbol.asyncIterator]().next();
  await gateway.close();
  expect(await next.catch((error: unknown) => error)).toMatchObject({ code: 'shutting_down' });
  expect(upstream.requests).toHaveLength(0);
  expect(rows).toMatchObject([{ status: 'aborted' }]);
});

test('a running stream ends with an error, and its provider works no more for it', async () => {
  const { post, gateway, upstream, rows } = setup(
    replyWith(BEGUN, { fault: { kind: 'hang', after: BEGUN.length } }),
  );
  const response = await post('/v1/messages', { ...ASK, stream: true });
  await gateway.close();
  expect(await response.text()).toContain('event: error');
  expect(await upstream.requests[0]?.ended).toBe('left');
  expect(rows).toMatchObject([{ status: 'aborted' }]);
});

test('a question that comes later is refused, and only that', async () => {
  const { post, gateway, upstream, rows } = setup();
  await gateway.close();
  const response = await post('/v1/messages', ASK);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ type: 'error' });
  const listing = await gateway.fetch(new Request('http://127.0.0.1:8088/v1/models'));
  expect(listing.status).toBe(503);
  const health = await gateway.fetch(new Request('http://127.0.0.1:8088/gateway/health'));
  expect(health.status).toBe(200);
  const stream = gateway.stream(NEUTRAL)[Symbol.asyncIterator]();
  expect(await stream.next().catch((error: unknown) => error)).toMatchObject({ code: 'shutting_down' });
  expect(upstream.requests).toHaveLength(0);
  expect(rows).toHaveLength(0);
});

test('neither a configuration that is reloaded nor another process makes it probe its providers', async () => {
  const timers = createManualTimers(1_000_000);
  const upstream = createReplayFetch(() => jsonReply({ data: [] }));
  const lab = { ...LAB_PROVIDERS.claude, probe_every: '1s' };
  const { gateway } = createTestGateway({
    config: { providers: { lab } },
    fetch: upstream.fetch,
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
  });
  await gateway.close();
  gateway.reload(resolveInput({ providers: { lab } }).config);
  gateway.learn({ about: 'probes' });
  await timers.advance(5_000);
  expect(upstream.requests).toHaveLength(0);
});

test('no timer is left that would keep a program from ending: budgets are read no more', async () => {
  const timers = createManualTimers(1_000_000);
  const { gateway } = createTestGateway({
    config: {
      providers: { lab: LAB_PROVIDERS.claude },
      costs: { budgets: [{ limit_usd: 1, per: 'day' }] },
    },
    fetch: createReplayFetch(() => replyWith(WHOLE)).fetch,
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
  });
  await timers.advance(0);
  expect(timers.pending()).toBeGreaterThan(0);
  await gateway.close();
  expect(timers.pending()).toBe(0);
});
