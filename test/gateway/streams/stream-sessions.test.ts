// Each stream has a beginning, an end and a clean-up: of hundreds that end in every way, the live view, the list, the
// rows and the metrics count the same, and nothing of them is left.
import { expect, setDefaultTimeout, test } from 'bun:test';
import type { LiveEvent } from '../../../src/management/shapes.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { MESSAGE } from '../../support/message-stream.ts';
import { parsePrometheus } from '../../support/prometheus.ts';
import { readEvents } from '../../support/read-events.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';
import { TEST_TIMEOUT_MS } from '../../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const ROUNDS = 60;
const FIRST = MESSAGE.start + MESSAGE.block + MESSAGE.delta('one ');
const hanging = () => replyWith(FIRST, { fault: { kind: 'hang', after: FIRST.length } });

/** What the provider does, what becomes of the request, and how that comes about. */
const ENDINGS: [status: string, reply: () => Reply, act: 'read' | 'leave' | 'cancel'][] = [
  ['success', () => replyWith(FIRST + MESSAGE.end), 'read'],
  ['error', () => jsonReply({ error: { message: 'busy' } }, { status: 503 }), 'read'],
  ['truncated', () => replyWith(FIRST), 'read'],
  ['aborted', hanging, 'leave'],
  ['aborted', hanging, 'cancel'],
];

test.each(['/v1/messages', '/v1/chat/completions'])('%s', async (path) => {
  const timers = createManualTimers(1_000_000);
  let reply = hanging;
  const upstream = createReplayFetch(() => reply());
  const claude = { ...LAB_PROVIDERS.claude, breaker: { enabled: false } };
  const lab = createTestGateway({
    config: { providers: { claude }, routing: { default_provider: 'claude' } },
    fetch: upstream.fetch,
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
  });
  const ask = (page: string, method = 'GET') =>
    lab.gateway.fetch(new Request(`http://127.0.0.1:8088${page}`, { method }));
  const running = async () =>
    ((await (await ask('/gateway/streams')).json()) as { streams: unknown[] }).streams;
  // Whatever a gateway at rest has waiting.
  await (await lab.post(path, 'not json')).text();
  await timers.advance(2_000);
  const atRest = timers.pending();
  const live = await ask('/gateway/streams/live');
  const watched = live.text();

  for (let round = 0; round < ROUNDS; round++) {
    for (const [, next, act] of ENDINGS) {
      reply = next;
      const body = { model: 'm', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'hi' }] };
      const response = await lab.post(path, body);
      const reader = response.body?.getReader();
      await reader?.read();
      if (act === 'leave') {
        expect(await running()).toHaveLength(1);
        await reader?.cancel();
      }
      if (act === 'cancel') {
        const id = response.headers.get('x-sluice-request-id') ?? '';
        expect((await ask(`/gateway/streams/${id}`, 'DELETE')).status).toBe(200);
      }
      if (act !== 'leave') while ((await reader?.read())?.done === false);
    }
  }

  const total = ROUNDS * ENDINGS.length;
  for (const request of upstream.requests) await request.ended;
  expect(await running()).toEqual([]);
  expect(lab.gateway.activeStreams()).toBe(0);
  await timers.advance(2_000);
  await lab.row(total);
  const rows = lab.rows.slice(1);
  const count = (status: string) => rows.filter((row) => row.status === status).length;
  const expected = (status: string) => ROUNDS * ENDINGS.filter(([wanted]) => wanted === status).length;
  for (const status of ['success', 'error', 'truncated', 'aborted'])
    expect([status, count(status)]).toEqual([status, expected(status)]);

  const { value, samples } = parsePrometheus(await (await ask('/metrics')).text());
  expect(value('sluice_active_streams')).toBe(0);
  expect(value('sluice_provider_in_flight', { provider: 'claude' })).toBe(0);
  const counted = samples.filter(
    ({ name, labels }) => name === 'sluice_requests_total' && labels.provider === 'claude',
  );
  expect(counted.reduce((sum, sample) => sum + sample.value, 0)).toBe(total);

  await lab.gateway.close();
  const events = readEvents(new TextEncoder().encode(await watched))
    .filter(({ event }) => event === 'stream_event')
    .map(({ data }) => JSON.parse(data) as LiveEvent);
  const idsOf = (...types: LiveEvent['type'][]) =>
    events.filter(({ type }) => types.includes(type)).map(({ request_id }) => request_id);
  const ids = rows.map(({ requestId }) => requestId);
  expect(idsOf('started')).toEqual(ids);
  expect(idsOf('completed', 'error')).toEqual(ids);
  expect(timers.pending()).toBeLessThanOrEqual(atRest);
});
