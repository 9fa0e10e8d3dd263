// `traceparent` in and out: the client's trace goes on in the row, and to providers that are told of it.
import { describe, expect, test } from 'bun:test';
import { formatTraceparent, parseTraceparent } from '../../../src/model/trace-context.ts';
import { wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const GIVEN = `00-${TRACE}-${PARENT}-01`;
const STATE = 'ot=th:8,vendor=x:1';
const ASK = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const PATHS = { same: '/v1/messages', translated: '/v1/chat/completions' } as const;

function setup({ forward = false, fails = 0 } = {}) {
  let left = fails;
  const upstream = createReplayFetch(() =>
    left-- > 0
      ? jsonReply({ error: { message: 'busy' } }, { status: 503, headers: { 'retry-after': '0' } })
      : jsonReply(wholeMessage('hi')),
  );
  const claude = { ...LAB_PROVIDERS.claude, forward_trace: forward, max_retries: 3 };
  const lab = createTestGateway({
    config: { providers: { claude }, routing: { default_provider: 'claude' } },
    fetch: upstream.fetch,
  });
  const sent = (name: string) => upstream.requests.map(({ headers }) => new Headers(headers).get(name));
  return { ...lab, traceparents: () => sent('traceparent'), tracestates: () => sent('tracestate') };
}

describe.each(Object.entries(PATHS))('%s dialect', (name, path) => {
  test('the client’s trace goes on in the row', async () => {
    const lab = setup();
    await lab.post(path, ASK, { headers: { traceparent: GIVEN } });
    const { trace } = await lab.row(0);
    expect(trace).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, sampled: true });
    expect(trace?.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(trace?.spanId).not.toBe(PARENT);
  });

  test('without forward_trace a provider gets what the client sent where bytes pass, else nothing', async () => {
    const lab = setup();
    await lab.post(path, ASK, { headers: { traceparent: GIVEN } });
    expect(lab.traceparents()).toEqual([name === 'same' ? GIVEN : null]);
  });

  test('with forward_trace each attempt is the provider’s parent', async () => {
    const lab = setup({ forward: true, fails: 2 });
    await lab.post(path, ASK, { headers: { traceparent: GIVEN } });
    const { attempts, trace } = await lab.row(0);
    const parsed = lab.traceparents().map((header) => parseTraceparent(header));
    expect(parsed.map((context) => context?.traceId)).toEqual([TRACE, TRACE, TRACE]);
    const spans = parsed.map((context) => context?.spanId);
    expect(attempts.map(({ spanId }) => spanId)).toEqual(spans);
    expect(new Set([PARENT, trace?.spanId, ...spans]).size).toBe(5);
    const starts = attempts.map(({ startedMs }) => startedMs ?? -1);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
  });

  test('with forward_trace what systems say of the trace to each other goes with it, and only with it', async () => {
    const lab = setup({ forward: true, fails: 1 });
    await lab.post(path, ASK, { headers: { traceparent: GIVEN, tracestate: STATE } });
    expect(lab.tracestates()).toEqual([STATE, STATE]);
    expect((await lab.row(0)).trace?.state).toBe(STATE);
    for (const [traceparent, tracestate] of [
      ['nonsense', STATE],
      [GIVEN, `a=${'x'.repeat(600)}`],
    ] as const)
      await lab.post(path, ASK, { headers: { traceparent, tracestate } });
    if (name === 'translated') expect(lab.tracestates().slice(2)).toEqual([null, null]);
    expect((await lab.row(2)).trace?.state).toBeUndefined();
  });

  test('that the trace is not sampled is passed on too', async () => {
    const lab = setup({ forward: true });
    await lab.post(path, ASK, { headers: { traceparent: GIVEN.replace(/01$/, '00') } });
    expect(lab.traceparents()[0]).toEndWith('-00');
    expect((await lab.row(0)).trace?.sampled).toBe(false);
  });

  for (const header of [
    undefined,
    '',
    'nonsense',
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${PARENT}-01`,
    `${GIVEN}-more`,
    `${GIVEN}${'x'.repeat(5_000)}`,
  ]) {
    test(`no trace: ${header?.slice(0, 70)}`, async () => {
      const lab = setup({ forward: true });
      const response = await lab.post(
        path,
        ASK,
        header === undefined ? {} : { headers: { traceparent: header } },
      );
      expect(response.status).toBe(200);
      const { trace, attempts } = await lab.row(0);
      expect([trace, attempts[0]?.spanId]).toEqual([null, undefined]);
    });
  }
});

test('a later version of the header is read as far as it is known', () => {
  const context = { traceId: TRACE, spanId: PARENT, sampled: true };
  expect(parseTraceparent(`01-${TRACE}-${PARENT}-03-what-comes`)).toEqual(context);
  expect(formatTraceparent(context)).toBe(GIVEN);
});

test('a request without a trace begins one where traces are collected', async () => {
  const seen: unknown[] = [];
  const lab = createTestGateway({
    config: { providers: { claude: LAB_PROVIDERS.claude }, routing: { default_provider: 'claude' } },
    fetch: createReplayFetch(jsonReply(wholeMessage('hi'))).fetch,
    host: { telemetry: { see: (row) => void seen.push(row) } },
  });
  await lab.post('/v1/messages', ASK);
  const row = await lab.row(0);
  expect(row.trace).toMatchObject({ parentSpanId: null, sampled: true });
  expect(row.trace?.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(seen).toEqual([row]);
});
