// What a collector receives, read by the protocol's own definitions, and what becomes of a collector that fails.
import { heapStats } from 'bun:jsc';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import type { OpenConnections } from '../../src/opentelemetry/connection-data.ts';
import { createExporter } from '../../src/opentelemetry/exporter.ts';
import { createSender } from '../../src/opentelemetry/sender.ts';
import type { OtlpSettings, OtlpTarget } from '../../src/opentelemetry/settings.ts';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';
import { SAMPLE_TIME, sampleRow, sampleUsage } from '../support/ledger-rows.ts';
import { createManualTimers, type ManualTimers } from '../support/manual-timers.ts';
import { type CollectedPoint, type OtlpCollector, startOtlpCollector } from '../support/otlp-collector.ts';
import { eventually } from '../support/time-limit.ts';

const TRACE = 'ab'.repeat(16);
const REQUEST = 'cd'.repeat(8);
const PARENT = 'ef'.repeat(8);
const trace = { traceId: TRACE, spanId: REQUEST, parentSpanId: PARENT, sampled: true };

const SERVED: LedgerRow = sampleRow({
  agentType: 'reviewer',
  projectId: 'site',
  usage: sampleUsage({ cacheReadTokens: 30, cacheWriteTokens: 7, reasoningTokens: 5 }),
  trace,
  attempts: [
    {
      provider: 'first',
      model: 'big-1',
      status: 529,
      error: 'upstream_overloaded',
      message: 'first: busy',
      startedMs: 1,
      durationMs: 200,
      providerMs: 190,
      spanId: '1'.repeat(16),
    },
    {
      provider: 'shut',
      model: 'big-1',
      status: null,
      error: 'upstream_overloaded',
      durationMs: 0,
      skipped: 'breaker_open',
    },
    {
      provider: 'lab',
      model: 'small-1',
      status: 200,
      error: null,
      startedMs: 300,
      durationMs: 10,
      spanId: '2'.repeat(16),
    },
  ],
});

let collector: OtlpCollector;
let timers: ManualTimers;
let logged: string[];
let connections: () => OpenConnections[] | Promise<OpenConnections[]>;
beforeEach(() => {
  collector = startOtlpCollector();
  timers = createManualTimers(SAMPLE_TIME + 60_000);
  logged = [];
  connections = () => [];
});
afterEach(() => collector[Symbol.asyncDispose]());

/** Resolves when the collector has answered so many requests. */
function setup(
  encoding: OtlpTarget['encoding'] = 'protobuf',
  changes: Partial<OtlpTarget> = {},
  settings: { resource?: Record<string, string>; temporality?: OtlpSettings['temporality'] } = {},
) {
  const target = { headers: { 'x-tenant': 'one' }, encoding, timeoutMs: 1_000, ...changes };
  const answered = new Set<() => void>();
  let count = 0;
  const exporter = createExporter(
    {
      traces: { url: `${collector.url}/v1/traces`, ...target },
      metrics: { url: `${collector.url}/v1/metrics`, ...target },
      resource: { 'service.name': 'sluice', ...settings.resource },
      temporality: settings.temporality ?? 'cumulative',
      traceDelayMs: 5_000,
      metricIntervalMs: 60_000,
      problems: [],
    },
    {
      now: timers.now,
      randomId: () => crypto.randomUUID(),
      setTimer: timers.setTimer,
      version: '1.2.3',
      connections: () => connections(),
      addressOf: (name) => (name === 'lab' ? 'https://lab.example/v1' : undefined),
      systemOf: (name) => (name === 'lab' ? 'gcp.gemini' : name),
      log: (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
      async fetch(url, init) {
        try {
          return await fetch(url, init);
        } finally {
          count += 1;
          for (const check of answered) check();
        }
      },
    },
  );
  const requests = (wanted: number) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (count >= wanted) resolve();
      };
      answered.add(check);
      check();
    });
  return { exporter, requests };
}

describe.each(['protobuf', 'json'] as const)('as %s', (encoding) => {
  test('what systems say of a trace to each other is on all of its spans', async () => {
    const { exporter } = setup(encoding);
    exporter.see({ ...SERVED, trace: { ...trace, state: 'ot=th:8' } });
    await exporter.close();
    expect(collector.spans.map(({ traceState }) => traceState)).toEqual(['ot=th:8', 'ot=th:8', 'ot=th:8']);
  });

  test('a request is a span, and each try one below it', async () => {
    const { exporter } = setup(encoding);
    exporter.see(SERVED);
    await exporter.close();
    const [request, failed, served, ...more] = collector.spans;
    expect(more).toEqual([]);
    expect(request).toEqual({
      name: 'chat small',
      kind: 2,
      traceId: TRACE,
      spanId: REQUEST,
      parentSpanId: PARENT,
      startMs: SAMPLE_TIME,
      endMs: SAMPLE_TIME + 1234.5,
      status: { code: 0 },
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'gcp.gemini',
        'gen_ai.request.model': 'small',
        'gen_ai.request.stream': true,
        'gen_ai.response.model': 'small-1',
        'gen_ai.response.time_to_first_chunk': 0.21025,
        'gen_ai.response.finish_reasons': ['end_turn'],
        'gen_ai.usage.input_tokens': 137,
        'gen_ai.usage.output_tokens': 20,
        'gen_ai.usage.cache_read.input_tokens': 30,
        'gen_ai.usage.cache_write.input_tokens': 7,
        'gen_ai.usage.cache_creation.input_tokens': 7,
        'gen_ai.usage.reasoning.output_tokens': 5,
        'gen_ai.usage.cost': 0.0025,
        'http.response.status_code': 200,
        'sluice.request_id': 'req_sample',
        'sluice.provider': 'lab',
        'sluice.client_dialect': 'anthropic-messages',
        'sluice.agent': 'reviewer',
        'sluice.project': 'site',
        'sluice.status': 'success',
        'sluice.streamed': true,
        'sluice.cost_usd': 0.0025,
        'sluice.time_to_first_token_ms': 210.25,
        'sluice.provider_ms': 1230.5,
        'sluice.gateway_ms': 2.5,
        'sluice.stalls': 0,
      },
    });
    expect(failed).toMatchObject({
      name: 'chat big-1',
      kind: 3,
      traceId: TRACE,
      spanId: '1'.repeat(16),
      parentSpanId: REQUEST,
      startMs: SAMPLE_TIME + 1,
      endMs: SAMPLE_TIME + 201,
      status: { code: 2, message: 'first: busy' },
      attributes: { 'error.type': 'upstream_overloaded', 'http.response.status_code': 529 },
    });
    expect(served).toMatchObject({
      spanId: '2'.repeat(16),
      parentSpanId: REQUEST,
      startMs: SAMPLE_TIME + 300,
      endMs: SAMPLE_TIME + 1234.5,
      status: { code: 0 },
      attributes: {
        'gen_ai.provider.name': 'gcp.gemini',
        'gen_ai.request.model': 'small-1',
        'gen_ai.request.stream': true,
        'server.address': 'lab.example',
        'server.port': 443,
      },
    });
    expect(collector.resource).toEqual({
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'service.name': 'sluice',
      'service.version': '1.2.3',
    });
    expect(collector.requests.every(({ headers }) => headers.get('x-tenant') === 'one')).toBe(true);
  });

  test('metrics add up', async () => {
    const { exporter } = setup(encoding);
    for (let index = 0; index < 3; index++) exporter.see(SERVED);
    exporter.see(
      sampleRow({
        status: 'error',
        errorCode: 'upstream_timeout',
        model: 'never-served',
        usageKnown: false,
        costUsd: null,
        ttftMs: null,
        timing: { ...SERVED.timing, gaps: null },
      }),
    );
    await exporter.close();
    const { points } = collector;
    const of = (metric: string, attributes: Record<string, unknown> = {}) =>
      points.filter(
        (point) =>
          point.metric === metric &&
          Object.entries(attributes).every(([name, value]) => point.attributes[name] === value),
      );
    const labels = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'gcp.gemini',
      'gen_ai.request.model': 'small',
      'gen_ai.response.model': 'small-1',
    };
    const [duration, ...others] = of('gen_ai.client.operation.duration', labels);
    expect(others).toEqual([]);
    expect(duration).toMatchObject({ attributes: labels, unit: 's', count: 3 });
    expect(duration?.sum).toBeCloseTo(3 * 1.2345, 9);
    expect(duration?.buckets?.reduce((total, count) => total + count, 0)).toBe(3);
    // As the conventions advise.
    expect(duration?.bounds).toEqual([
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ]);
    expect(duration?.buckets?.[duration.bounds?.indexOf(1.28) ?? -1]).toBe(3);
    const [failed] = of('gen_ai.client.operation.duration', { 'error.type': 'upstream_timeout' });
    expect(failed).toMatchObject({ count: 1 });
    expect(failed?.attributes).not.toHaveProperty(['gen_ai.response.model']);
    expect(of('gen_ai.client.token.usage', { ...labels, 'gen_ai.token.type': 'input' })).toEqual([
      expect.objectContaining({ unit: '{token}', count: 3, sum: 3 * 137 }),
    ]);
    expect(of('gen_ai.client.token.usage', { ...labels, 'gen_ai.token.type': 'output' })).toEqual([
      expect.objectContaining({ count: 3, sum: 60 }),
    ]);
    expect(of('gen_ai.client.operation.time_to_first_chunk')).toEqual([
      expect.objectContaining({ attributes: labels, count: 3, bounds: duration?.bounds }),
    ]);
    expect(of('gen_ai.client.operation.time_per_output_chunk')).toEqual([
      expect.objectContaining({ attributes: labels, count: 57 }),
    ]);
    // By their names since 0.1.0 too.
    for (const [at, before] of [duration, failed].entries())
      expect(of('gen_ai.client.inference.duration')[at]).toEqual({
        ...before,
        metric: 'gen_ai.client.inference.duration',
      } as CollectedPoint);
    expect(of('gen_ai.client.inference.time_to_first_chunk')).toEqual([
      expect.objectContaining({ attributes: labels, unit: 's', count: 3 }),
    ]);
    expect(of('gen_ai.client.inference.time_per_output_chunk')).toEqual([
      expect.objectContaining({ attributes: labels, count: 57 }),
    ]);
    expect(of('gen_ai.client.inference.operation.input_tokens')).toEqual([
      expect.objectContaining({ attributes: labels, unit: '{token}', count: 3, sum: 3 * 137 }),
    ]);
    expect(of('gen_ai.client.inference.operation.output_tokens')).toEqual([
      expect.objectContaining({ attributes: labels, count: 3, sum: 60 }),
    ]);
    const [cost] = of('sluice.cost');
    expect(cost?.unit).toBe('{USD}');
    expect(cost?.value).toBeCloseTo(0.0075, 9);
    // Nobody was asked yet, or somebody else connects.
    expect(of('http.client.open_connections')).toEqual([]);
  });

  test('what was used of a model: all of it, audio apart, and what of it is priced otherwise', async () => {
    const { exporter } = setup(encoding);
    exporter.see(SERVED);
    exporter.see({ ...SERVED, usage: sampleUsage({ audioInputTokens: 60, audioOutputTokens: 20 }) });
    exporter.see({ ...SERVED, operation: 'embed', streamed: false, usage: sampleUsage({ outputTokens: 0 }) });
    exporter.see({ ...SERVED, operation: 'count-tokens', streamed: false, usageKnown: false });
    await exporter.close();
    const points = collector.points.flatMap(({ metric, attributes, value, count, sum }) =>
      /\.(inference\.usage|embeddings)\./.test(metric)
        ? [[metric.replace('gen_ai.client.', ''), attributes['gen_ai.token.modality'] ?? count, value ?? sum]]
        : [],
    );
    expect(points).toEqual([
      ['embeddings.duration', 1, 1.2345],
      ['embeddings.operation.input_tokens', 1, 100],
      ['inference.usage.input_tokens', 'unknown', 137 + 40],
      ['inference.usage.input_tokens', 'audio', 60],
      ['inference.usage.output_tokens', 'unknown', 20],
      ['inference.usage.output_tokens', 'audio', 20],
      ['inference.usage.cache_read.input_tokens', 'unknown', 30],
      ['inference.usage.cache_write.input_tokens', 'unknown', 7],
      ['inference.usage.reasoning.output_tokens', 'unknown', 5],
    ]);
    const inferences = collector.points.filter(({ metric }) => metric === 'gen_ai.client.inference.duration');
    expect(inferences.map(({ count }) => count)).toEqual([2]);
    const all = collector.points.filter(({ metric }) => metric === 'gen_ai.client.operation.duration');
    expect(all.map(({ count }) => count)).toEqual([2, 1, 1]);
  });

  test('open connections to each server, by their state', async () => {
    const { exporter } = setup(encoding);
    connections = async () => [
      { origin: 'https://api.example.com', active: 3, idle: 0 },
      { origin: 'http://[::1]:8000', active: 0, idle: 2 },
    ];
    await exporter.close();
    const named = (address: string, port: number, scheme: string, state: string) => ({
      'server.address': address,
      'server.port': port,
      'url.scheme': scheme,
      'http.connection.state': state,
    });
    const metric = { metric: 'http.client.open_connections', unit: '{connection}' };
    expect(collector.points).toEqual([
      expect.objectContaining({
        ...metric,
        attributes: named('api.example.com', 443, 'https', 'active'),
        value: 3,
      }),
      expect.objectContaining({
        ...metric,
        attributes: named('api.example.com', 443, 'https', 'idle'),
        value: 0,
      }),
      expect.objectContaining({ ...metric, attributes: named('::1', 8000, 'http', 'active'), value: 0 }),
      expect.objectContaining({ ...metric, attributes: named('::1', 8000, 'http', 'idle'), value: 2 }),
    ]);
  });

  test('where connections cannot be reported, the rest is', async () => {
    const { exporter } = setup(encoding);
    connections = () => Promise.reject(new Error('nobody answers'));
    exporter.see(SERVED);
    await exporter.close();
    expect(collector.points.map(({ metric }) => metric)).toContain('gen_ai.client.operation.duration');
    expect(logged.join()).toContain('open connections could not be exported');
  });
});

test('each gateway is one of its own, unless it is given a name', async () => {
  const instances: unknown[] = [];
  for (const resource of [{}, {}, { 'service.instance.id': 'edge-1' }]) {
    await setup('json', {}, { resource }).exporter.close();
    instances.push(collector.resource['service.instance.id']);
  }
  expect(new Set(instances).size).toBe(3);
  expect(instances[2]).toBe('edge-1');
});

describe('what is reported', () => {
  test('no content of prompts and answers', async () => {
    const { exporter } = setup('json');
    exporter.see({
      ...SERVED,
      requestBody: 'the prompt of somebody',
      responseBody: 'the answer to somebody',
    });
    await exporter.close();
    const sent = collector.requests.map(({ body }) => new TextDecoder().decode(body)).join('\n');
    expect(sent).toContain('gen_ai.request.model');
    expect(sent).not.toContain('somebody');
  });

  test('of a whole answer no stream, of audio its tokens', async () => {
    const { exporter } = setup('json');
    const usage = sampleUsage({ audioInputTokens: 60, audioOutputTokens: 4 });
    exporter.see({ ...SERVED, streamed: false, usage });
    // Whoever has read tokens of an answer knows who gave it, also where the client left it.
    exporter.see({ ...SERVED, streamed: false, usage, status: 'aborted' });
    await exporter.close();
    const { attributes } = collector.spans[0] ?? {};
    expect(attributes).toMatchObject({
      'gen_ai.usage.audio.input_tokens': 60,
      'gen_ai.usage.audio.output_tokens': 4,
    });
    expect(attributes).not.toHaveProperty(['gen_ai.request.stream']);
    expect(attributes).not.toHaveProperty(['gen_ai.response.time_to_first_chunk']);
    expect(collector.points.filter(({ metric }) => metric.endsWith('_chunk'))).toEqual([]);
    const models = collector.points.map((point) => point.attributes['gen_ai.response.model']);
    expect(models.every((model) => model === 'small-1')).toBe(true);
  });

  test('nothing of a trace that is not kept, and nothing of a request without one', async () => {
    const { exporter } = setup();
    exporter.see({ ...SERVED, trace: { ...trace, sampled: false } });
    exporter.see({ ...SERVED, trace: null });
    await exporter.close();
    expect(collector.spans).toEqual([]);
    expect(collector.points.length).toBeGreaterThan(0);
  });
});

test('the conventions have names for some providers, which are used', () => {
  const named = Object.fromEntries(
    PROVIDER_KINDS.map(({ kind, telemetryName }) => [kind, telemetryName ?? kind]),
  );
  expect(named).toMatchObject({
    anthropic: 'anthropic',
    antigravity: 'gcp.gen_ai',
    azure: 'azure.ai.openai',
    bedrock: 'aws.bedrock',
    'bedrock-anthropic': 'aws.bedrock',
    deepseek: 'deepseek',
    gemini: 'gcp.gemini',
    groq: 'groq',
    mistral: 'mistral_ai',
    moonshot: 'moonshot_ai',
    openai: 'openai',
    vertex: 'gcp.vertex_ai',
    xai: 'x_ai',
  });
});

describe('when it is reported', () => {
  test('spans after the delay, metrics at each interval', async () => {
    const { exporter, requests } = setup();
    exporter.see(SERVED);
    await timers.advance(4_900);
    expect(collector.requests).toEqual([]);
    await timers.advance(200);
    await requests(1);
    expect(collector.spans).toHaveLength(3);
    await timers.advance(55_000);
    await requests(2);
    expect(collector.points.length).toBeGreaterThan(0);
    await exporter.close();
  });

  test('metrics are totals since the start, unless changes are asked for', async () => {
    const { exporter, requests } = setup();
    const totals = () =>
      collector.points
        .filter(({ metric }) => metric === 'gen_ai.client.operation.duration')
        .map(({ count, startMs, temporality }) => [count, startMs, temporality]);
    for (const count of [1, 2]) {
      exporter.see({ ...SERVED, trace: null });
      await timers.advance(60_000);
      await requests(count);
      expect(totals()).toEqual([[count, SAMPLE_TIME + 60_000, 2]]);
    }
    await exporter.close();
    expect(totals()).toEqual([[2, SAMPLE_TIME + 60_000, 2]]);
  });

  test('however many requests come, one timer runs', () => {
    const { exporter } = setup();
    exporter.see(SERVED);
    const pending = timers.pending();
    for (let index = 0; index < 10; index++) exporter.see(SERVED);
    expect(timers.pending()).toBe(pending);
  });

  test('a full batch at once, and none is reported twice', async () => {
    const { exporter, requests } = setup();
    for (let index = 0; index < 400; index++)
      exporter.see({ ...SERVED, trace: { ...trace, spanId: index.toString(16).padStart(16, '0') } });
    await requests(1);
    await exporter.close();
    const ids = collector.spans.filter(({ kind }) => kind === 2).map(({ spanId }) => spanId);
    expect(ids).toHaveLength(400);
    expect(new Set(ids).size).toBe(400);
  });
});

describe('what is new alone', () => {
  const DURATION = 'gen_ai.client.operation.duration';
  const valuesOf = (metric: string) =>
    collector.points
      .filter((point) => point.metric === metric)
      .map(({ count, value, sum, startMs, temporality }) => {
        expect(temporality).toBe(1);
        return [count ?? null, value ?? sum, startMs - SAMPLE_TIME - 60_000];
      });

  test('since the report before, and nothing of what has not moved', async () => {
    const { exporter, requests } = setup('protobuf', {}, { temporality: 'delta' });
    connections = () => [{ origin: 'https://api.example.com', active: 3, idle: 0 }];
    exporter.see({ ...SERVED, trace: null });
    exporter.see({ ...SERVED, trace: null });
    await timers.advance(60_000);
    await requests(1);
    expect(valuesOf(DURATION)).toEqual([[2, 2 * 1.2345, 0]]);
    expect(valuesOf('gen_ai.client.inference.duration')).toEqual([[2, 2 * 1.2345, 0]]);
    expect(valuesOf('sluice.cost')).toEqual([[null, 0.005, 0]]);
    // How many there are is told as ever.
    const open = collector.points.filter(({ metric }) => metric === 'http.client.open_connections');
    expect(open.map(({ value, temporality }) => [value, temporality])).toEqual([
      [3, 2],
      [0, 2],
    ]);
    await timers.advance(60_000);
    await requests(2);
    expect(valuesOf(DURATION)).toEqual([]);
    exporter.see({ ...SERVED, trace: null });
    await exporter.close();
    expect(valuesOf(DURATION)).toEqual([[1, 1.2345, 120_000]]);
  });

  test('with what a report before had that nobody took', async () => {
    const { exporter, requests } = setup('json', {}, { temporality: 'delta' });
    collector.answers.push(new Response(null, { status: 400 }));
    exporter.see({ ...SERVED, trace: null });
    await timers.advance(60_000);
    await requests(1);
    exporter.see({ ...SERVED, trace: null });
    await timers.advance(60_000);
    await requests(2);
    expect(valuesOf(DURATION)).toEqual([[2, 2 * 1.2345, 0]]);
    await exporter.close();
    expect(valuesOf(DURATION)).toEqual([]);
  });

  test('with what a report had that waits to be sent again when the gateway ends', async () => {
    const { exporter, requests } = setup('json', {}, { temporality: 'delta' });
    collector.answers.push(new Response(null, { status: 503, headers: { 'retry-after': '20' } }));
    exporter.see({ ...SERVED, trace: null });
    await timers.advance(60_000);
    await requests(1);
    await timers.advance(0);
    exporter.see({ ...SERVED, trace: null });
    await exporter.close();
    expect(valuesOf(DURATION)).toEqual([[2, 2 * 1.2345, 0]]);
  });
});

describe('a collector that fails', () => {
  test('is asked again, after the pause it asks for, and then has it all', async () => {
    const { exporter, requests } = setup();
    collector.answers.push(
      new Response(null, { status: 503 }),
      new Response(null, { status: 429, headers: { 'retry-after': '9' } }),
    );
    exporter.see(SERVED);
    await timers.advance(5_000);
    await requests(1);
    await timers.advance(1_100);
    await requests(2);
    await timers.advance(8_000);
    expect(collector.requests).toHaveLength(2);
    await timers.advance(1_100);
    await requests(3);
    expect(collector.spans).toHaveLength(3);
    // Told once, and once that it works again.
    await timers.advance(0);
    expect(logged.map((line) => line.split(' ')[0])).toEqual(['warn', 'info']);
    await exporter.close();
  });

  test('that is away for minutes gets what came meanwhile', async () => {
    const { exporter, requests } = setup('protobuf', { timeoutMs: 3_600_000 });
    collector.answers.push(...Array.from({ length: 9 }, () => new Response(null, { status: 503 })));
    for (let tries = 1; tries <= 9; tries++) {
      exporter.see(SERVED);
      await timers.advance(31_000);
      await requests(tries);
    }
    await eventually(async () => {
      await timers.advance(1_000);
      return collector.spans.length >= 3 * 9;
    });
    await exporter.close();
    expect(collector.spans).toHaveLength(3 * 9);
    expect(logged.filter((line) => line.includes('dropped'))).toEqual([]);
  });

  test('that is away for too long: what is too much is not kept, and counted once', async () => {
    const { exporter, requests } = setup('protobuf', { timeoutMs: 3_600_000 });
    collector.answers.push(new Response(null, { status: 503 }));
    // The first batch is on its way; 4,096 spans may wait behind it.
    for (let index = 0; index < 171; index++) exporter.see(SERVED);
    await requests(1);
    for (let index = 0; index < 2_000; index++) exporter.see(SERVED);
    await eventually(async () => {
      await timers.advance(1_000);
      return logged.some((line) => line.includes('dropped'));
    });
    await exporter.close();
    const kept = collector.spans.length;
    expect(kept).toBeLessThanOrEqual(512 + 4_096);
    expect(logged.filter((line) => line.includes('dropped'))).toEqual([
      `warn OpenTelemetry: spans were dropped while the collector accepted none {"spans":${3 * 2_171 - kept}}`,
    ]);
  });

  test('that is away for long leaves nothing of the tries behind', async () => {
    const away = createSender(
      'traces',
      'application/json',
      { url: 'http://collector.test/v1/traces', headers: {}, encoding: 'json', timeoutMs: 1_000 },
      {
        fetch: async () => new Response(null, { status: 503 }),
        setTimer(callback) {
          queueMicrotask(callback);
          return () => {};
        },
        log() {},
      },
      () => null,
    );
    const promisesAfter = async (batches: number) => {
      for (let n = 0; n < batches; n++) await away.send(new Uint8Array(), 4);
      Bun.gc(true);
      return heapStats().objectTypeCounts.Promise ?? 0;
    };
    const before = await promisesAfter(10);
    expect((await promisesAfter(500)) - before).toBeLessThan(100);
  });

  test('that refuses what it is sent is not asked again; what was lost is reported', async () => {
    const { exporter, requests } = setup();
    collector.answers.push(new Response(null, { status: 400 }));
    exporter.see(SERVED);
    await timers.advance(5_000);
    await requests(1);
    await timers.advance(30_000);
    expect(collector.requests).toHaveLength(1);
    exporter.see(SERVED);
    await exporter.close();
    expect(logged.some((line) => line.includes('"spans":3'))).toBe(true);
  });

  test('that is not there: nothing waits, nothing grows without end, no secret is in the log', async () => {
    await collector[Symbol.asyncDispose]();
    const { exporter } = setup('protobuf', { headers: { authorization: 'Bearer of-the-collector' } });
    for (let index = 0; index < 5_000; index++) exporter.see(SERVED);
    await exporter.close();
    expect(logged.join('\n')).not.toContain('of-the-collector');
    expect(logged.some((line) => line.startsWith('warn'))).toBe(true);
    expect(logged.length).toBeLessThan(5);
  });

  test('that never answers is given up after the timeout', async () => {
    const gate = Promise.withResolvers<Response>();
    const silent = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => gate.promise });
    try {
      const { exporter } = setup('protobuf', { url: `http://127.0.0.1:${silent.port}/v1/traces` } as never);
      exporter.see(SERVED);
      const closed = exporter.close();
      await timers.advance(1_100);
      await closed;
      expect(logged.some((line) => line.includes('no answer in time'))).toBe(true);
    } finally {
      gate.resolve(new Response());
      await silent.stop(true);
    }
  });

  test('that never answers holds up no end, however much waits, and all of it is counted', async () => {
    const gate = Promise.withResolvers<Response>();
    const silent = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => gate.promise });
    try {
      const target = { url: `http://127.0.0.1:${silent.port}/v1/traces`, timeoutMs: 10_000 };
      const { exporter } = setup('protobuf', target as never);
      for (let index = 0; index < 2_000; index++) exporter.see(SERVED);
      const closed = exporter.close();
      await timers.advance(4_100);
      await closed;
      expect(logged).toContain('warn OpenTelemetry: spans were dropped {"spans":6000}');
    } finally {
      gate.resolve(new Response());
      await silent.stop(true);
    }
  });

  test('what waits to be sent again when the gateway ends is counted as lost', async () => {
    const { exporter, requests } = setup();
    collector.answers.push(new Response(null, { status: 503, headers: { 'retry-after': '20' } }));
    exporter.see(SERVED);
    await timers.advance(5_000);
    await requests(1);
    await timers.advance(0);
    await exporter.close();
    expect(logged.at(-1)).toBe('warn OpenTelemetry: spans were dropped {"spans":3}');
  });

  for (const [encoding, answer] of [
    ['json', JSON.stringify({ partialSuccess: { rejectedSpans: '2', errorMessage: 'too old' } })],
    ['protobuf', new Uint8Array([10, 11, 8, 2, 18, 7, ...Buffer.from('too old')])],
  ] as const) {
    test(`that accepts a part is not asked again, and logged once, with its reason: ${encoding}`, async () => {
      const { exporter, requests } = setup(encoding);
      collector.answers.push(new Response(answer), new Response(answer));
      for (const count of [1, 2]) {
        exporter.see(SERVED);
        await timers.advance(5_000);
        await requests(count);
        while (logged.length === 0) await timers.advance(0);
      }
      await exporter.close();
      expect(logged).toEqual([
        'warn OpenTelemetry: the collector accepts only some of the traces {"count":2,"reason":"too old"}',
      ]);
      expect(collector.requests.filter(({ path }) => path === '/v1/traces')).toHaveLength(2);
    });
  }

  test('that accepts a part of the metrics is logged too', async () => {
    const { exporter, requests } = setup('json');
    const partialSuccess = { rejectedDataPoints: '3', errorMessage: 'too many' };
    collector.answers.push(Response.json({ partialSuccess }));
    exporter.see({ ...SERVED, trace: null });
    await timers.advance(60_000);
    await requests(1);
    await exporter.close();
    expect(logged).toEqual([
      'warn OpenTelemetry: the collector accepts only some of the metrics {"count":3,"reason":"too many"}',
    ]);
  });

  test('that answers 200 with an unreadable body has it all', async () => {
    const { exporter, requests } = setup();
    collector.answers.push(new Response('<html>taken</html>'));
    exporter.see(SERVED);
    await timers.advance(5_000);
    await requests(1);
    await exporter.close();
    expect(logged).toEqual([]);
  });

  test('a row that cannot be exported is logged, and blocks no other', async () => {
    const { exporter } = setup();
    exporter.see({ ...SERVED, usage: null as never });
    exporter.see(SERVED);
    await exporter.close();
    expect(logged[0]).toContain('req_sample');
    expect(collector.spans).toHaveLength(3);
  });
});
