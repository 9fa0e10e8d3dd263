// A running gateway reports its requests to a collector, and serves on when the collector does not listen.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { parseTraceparent } from '../../src/model/trace-context.ts';
import { labConfig } from '../support/lab-config.ts';
import { MESSAGE, wholeMessage } from '../support/message-stream.ts';
import { startOtlpCollector } from '../support/otlp-collector.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply, replyWith } from '../support/reply.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const ASK = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const STREAM = MESSAGE.start + MESSAGE.block + MESSAGE.delta('one ') + MESSAGE.end;

let upstream: ReplayUpstream;
beforeAll(async () => {
  upstream = await startReplayUpstream(jsonReply(wholeMessage('hi')));
});
afterAll(() => upstream.stop());

function post(sluice: SluiceProcess, body: object, headers: Record<string, string> = {}) {
  return fetch(`${sluice.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

describe.each([
  ['http/protobuf', 1],
  ['http/json', 2],
] as const)('%s, %d serving', (protocol, workers) => {
  test('whole answers and streams are there when the gateway has ended', async () => {
    await using collector = startOtlpCollector();
    await using sluice = await startSluice({
      config: labConfig(upstream.url, { forward_trace: true }),
      workers,
      environment: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=one%20two',
      },
    });
    upstream.answer(jsonReply(wholeMessage('hi')));
    await (await post(sluice, ASK, { traceparent: `00-${TRACE}-${PARENT}-01` })).text();
    const traceparent = parseTraceparent(upstream.requests.at(-1)?.headers.get('traceparent') ?? null);
    upstream.answer(replyWith(STREAM));
    await (await post(sluice, { ...ASK, stream: true })).text();
    // Of processes that have ended it is known what they told.
    await fetch(`${sluice.url}/metrics`);
    expect(await sluice.stop()).toBe(0);

    const connections = collector.points.filter(({ metric }) => metric === 'http.client.open_connections');
    expect(connections.map(({ attributes }) => attributes['http.connection.state'])).toEqual([
      'active',
      'idle',
    ]);
    expect(`http://127.0.0.1:${connections[0]?.attributes['server.port']}`).toBe(upstream.url);
    expect(collector.requests.every(({ headers }) => headers.get('x-tenant') === 'one two')).toBe(true);
    const servers = collector.spans.filter(({ kind }) => kind === 2);
    expect(servers).toHaveLength(2);
    const traced = servers.find(({ traceId }) => traceId === TRACE);
    expect(traced).toMatchObject({ parentSpanId: PARENT, attributes: { 'sluice.streamed': false } });
    const tries = collector.spans.filter(({ kind }) => kind === 3);
    expect(tries.find(({ traceId }) => traceId === TRACE)).toMatchObject({
      parentSpanId: traced?.spanId ?? '',
      spanId: traceparent?.spanId ?? '',
      attributes: {
        'http.response.status_code': 200,
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(upstream.url).port),
      },
    });
    const own = servers.find(({ traceId }) => traceId !== TRACE);
    expect(own).toMatchObject({ parentSpanId: null, attributes: { 'sluice.streamed': true } });
    expect(tries.some(({ parentSpanId }) => parentSpanId === own?.spanId)).toBe(true);
    const durations = collector.points.filter(({ metric }) => metric === 'gen_ai.client.operation.duration');
    expect(durations.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(2);
  });
});

test('a collector that is away, and variables that say nothing sensible: the gateway serves', async () => {
  await using sluice = await startSluice({
    config: labConfig(upstream.url),
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'not an address',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20of-the-collector',
    },
  });
  upstream.answer(jsonReply(wholeMessage('hi')));
  expect((await post(sluice, ASK)).status).toBe(200);
  expect(await sluice.stop()).toBe(0);
  expect(sluice.output()).toContain('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT');
  expect(sluice.output()).toContain('the collector accepts no traces');
  expect(sluice.output()).not.toContain('of-the-collector');
});
