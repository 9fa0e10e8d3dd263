// The management pages over a real ledger: shapes, filters, errors.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { Budget, RateLimit, ResolvedConfig } from '../../src/config/resolved.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createLedger } from '../../src/ledger/queue/recorder.ts';
import { type LedgerRow, NO_TIMING } from '../../src/ledger/rows/row.ts';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';
import { createManagement, type ManagementDeps } from '../../src/management/management.ts';
import { createMeter } from '../../src/telemetry/meter.ts';
import type { PoolState } from '../../src/upstream/connections.ts';
import type { ProviderState } from '../../src/upstream/provider-state.ts';
import { createFakeStore, SAMPLE_TIME, sampleRow, sampleUsage, variedRows } from '../support/ledger-rows.ts';
import { bucketOf, durationOf } from '../../src/model/histogram.ts';
import { createManualTimers, type ManualTimers } from '../support/manual-timers.ts';
import { sampleProvider } from '../support/provider-config.ts';
import { resolveInput } from '../support/resolve-input.ts';
import { sampleRouting } from '../support/routing-config.ts';
import { createTestGateway } from '../support/test-gateway.ts';

function sampleConfig(changes: Partial<ResolvedConfig> = {}): ResolvedConfig {
  const { config } = resolveInput({
    server: { keys: ['server-key-secret'] },
    audit: { log_response_bodies: false },
  });
  return {
    ...config,
    providers: [
      sampleProvider({
        name: 'lab',
        alsoSpeaks: ['openai-responses'],
        baseUrl: 'http://someone:base-url-secret@10.0.0.5/v1?key=query-secret',
        apiKey: 'api-key-secret',
        headers: { 'x-token': 'header-secret' },
        models: { fast: 'qwen3-8b', big: 'qwen3-80b' },
        defaultModel: 'qwen3-8b',
      }),
      sampleProvider({ name: 'spare', kind: 'other', dialect: 'any' }),
    ],
    disabled: [{ name: 'far', reason: 'env:FAR_KEY is not set' }],
    routing: sampleRouting({ defaultProvider: 'lab', fallbackChain: ['spare/model-x'] }),
    ...changes,
  };
}

let config: ResolvedConfig;
let timers: ManualTimers;
let ledger: Ledger;
let states: Record<string, Partial<ProviderState>>;
let deps: ManagementDeps;
let pools: PoolState[];
/** Turns that a long answer gave to others. */
let pauses = 0;

beforeEach(() => {
  config = sampleConfig();
  timers = createManualTimers(SAMPLE_TIME);
  ledger = createLedger(createSqliteStore(':memory:'), timers);
  states = {};
  pools = [];
  deps = {
    config: () => config,
    ledger,
    meter: createMeter(),
    version: '1.2.3',
    startedAt: SAMPLE_TIME - 61_500,
    uptimeMs: () => 61_500,
    now: timers.now,
    setTimer: (callback, delayMs) => {
      if (delayMs > 0) return timers.setTimer(callback, delayMs);
      pauses += 1;
      queueMicrotask(callback);
      return () => {};
    },
    running: { list: () => [], cancel: () => false, watch: () => new ReadableStream() },
    connections: () => pools,
    budgets: () => [],
    remoteCount: () => null,
    budgetsUnread: () => null,
    rateLimits: () => [],
    providerStates: (providers) =>
      providers.map(({ name }) => ({
        name,
        healthy: true,
        breaker: 'closed',
        inFlight: 0,
        queued: 0,
        limit: null,
        keys: [],
        ...states[name],
      })),
  };
});
afterEach(() => ledger.close());

async function ask(path: string, method = 'GET'): Promise<Response> {
  const url = new URL(path, 'http://127.0.0.1:8088');
  const response = await createManagement(deps)(new Request(url, { method }), url);
  if (response === undefined) throw new Error(`${path} was not answered`);
  return response;
}

/** Every field that some page answers with, as far as tests look into it. */
interface Answer {
  [field: string]: unknown;
  status: string;
  routing: { [field: string]: unknown; default_provider: string | null };
  summary: Record<string, number>;
  by_agent: unknown;
  by_project: unknown;
  recent: unknown[];
  entries: { [field: string]: unknown; request_id: string }[];
  total: number;
}

async function read(path: string): Promise<Answer> {
  const response = await ask(path);
  expect([path, response.status]).toEqual([path, 200]);
  expect(response.headers.get('content-type')).toStartWith('application/json');
  return (await response.json()) as Answer;
}

const record = (...rows: LedgerRow[]): void => {
  for (const row of rows) ledger.record(row);
};

describe('/gateway/health', () => {
  test('how long it runs is not what its clock says, which may be set meanwhile', async () => {
    let [now, monotonic] = [SAMPLE_TIME, 5_000];
    const { gateway } = createTestGateway({
      fetch: () => Promise.reject(new Error('no request is expected')),
      host: { now: () => now, monotonic: () => monotonic },
    });
    const uptime = async (): Promise<unknown> => {
      const response = await gateway.fetch(new Request('http://127.0.0.1:8088/gateway/health'));
      return ((await response.json()) as { uptime_seconds: number }).uptime_seconds;
    };
    monotonic += 61_500;
    for (const leap of [-3_600_000, 0, 86_400_000]) {
      now = SAMPLE_TIME + leap;
      expect(await uptime()).toBe(61);
    }
  });

  test('has everything the contract names', async () => {
    expect<unknown>(await read('/gateway/health')).toEqual({
      status: 'healthy',
      reasons: [],
      version: '1.2.3',
      uptime_seconds: 61,
      active_streams: 0,
      providers: { lab: true, spare: true },
      routing: { default_provider: 'lab', fallback_chain: ['spare/model-x'] },
      audit: { enabled: true, log_request_bodies: true, log_response_bodies: false },
      ledger: {
        ok: true,
        queued: 0,
        spilled: 0,
        spilled_bytes: 0,
        dropped: 0,
        last_error: null,
        notices: [],
      },
    });
  });

  test('is degraded when the default provider is not healthy, not when another is not', async () => {
    states = { spare: { healthy: false } };
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'healthy',
      providers: { lab: true, spare: false },
    });
    states = { lab: { healthy: false } };
    expect(await read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: ['the default provider lab fails'],
    });
    config = sampleConfig({ routing: sampleRouting({ defaultProvider: 'spare', fallbackChain: [] }) });
    expect(await read('/gateway/health')).toMatchObject({ status: 'healthy', reasons: [] });
  });

  test('is degraded where the default provider is disabled', async () => {
    config = sampleConfig({ routing: sampleRouting({ defaultProvider: 'far', fallbackChain: ['spare'] }) });
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'degraded',
      routing: { default_provider: 'far' },
      reasons: ['the default provider far is disabled (env:FAR_KEY is not set)'],
    });
  });

  test('names the first provider where none is the default', async () => {
    config = sampleConfig({ routing: sampleRouting({ defaultProvider: null, fallbackChain: [] }) });
    expect((await read('/gateway/health')).routing.default_provider).toBe('lab');
    config = sampleConfig({
      providers: [],
      routing: sampleRouting({ defaultProvider: null, fallbackChain: [] }),
    });
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: [expect.stringContaining('no provider is configured')],
      routing: { default_provider: null },
    });
  });

  test('is degraded while the ledger refuses rows, and says why and how many wait', async () => {
    const store = createFakeStore();
    store.refuse = () => true;
    deps.ledger = createLedger(store, { ...timers, maxQueued: 2 });
    for (const row of variedRows(3)) deps.ledger.record(row);
    await timers.advance(300);
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: [
        'the ledger cannot be written (the store is out of order); requests are served, and 2 rows wait',
      ],
      ledger: { ok: false, queued: 2, dropped: 1, last_error: 'the store is out of order' },
    });
    store.refuse = () => false;
    await timers.advance(1000);
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'healthy',
      ledger: { ok: true, queued: 0, dropped: 1 },
    });
  });

  test('is degraded while the log cannot be written, and says why and how many lines are lost', async () => {
    const log = { ok: false, dropped: 3, lastError: 'standard error is full' };
    deps.log = () => log;
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: ['lines of the log are lost: standard error is full'],
      log: { ok: false, dropped: 3, last_error: 'standard error is full' },
    });
    Object.assign(log, { ok: true, lastError: null });
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'healthy',
      log: { ok: true, dropped: 3, last_error: null },
    });
  });

  test('is degraded while no file or connection can be opened, and while Redis does not answer', async () => {
    const descriptors = { ok: false, open: 1_000, limit: 1_024, lastError: 'no more files' };
    const remote = { ok: true, lastError: null as string | null };
    deps.descriptors = () => descriptors;
    deps.remoteCount = () => remote;
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: ['no more files'],
      descriptors: { ok: false, last_error: 'no more files' },
      redis: { ok: true, last_error: null },
    });
    Object.assign(descriptors, { ok: true, lastError: null });
    expect(await read('/gateway/health')).toMatchObject({ status: 'healthy' });
    Object.assign(remote, { ok: false, lastError: 'it does not answer' });
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: ['this gateway counts rate limits for itself alone: it does not answer'],
      redis: { ok: false, last_error: 'it does not answer' },
    });
    const metrics = (await (await ask('/metrics')).text()).split('\n');
    for (const line of ['descriptors_ok 1', 'descriptors_open 1000', 'descriptors_max 1024', 'redis_ok 0'])
      expect(metrics).toContain(`sluice_${line}`);
  });

  test('is degraded while a serving process is missing or silent, which it counts', async () => {
    const workers = { wanted: 3, running: 3, silent: 0, replaced: 1 };
    deps.workers = () => workers;
    expect(await read('/gateway/health')).toMatchObject({ status: 'healthy', workers });
    workers.silent = 1;
    const silent = expect.stringContaining('1 worker process answers nothing at the moment');
    expect(await read('/gateway/health')).toMatchObject({ status: 'degraded', reasons: [silent], workers });
    workers.running = 2;
    const fewer = '2 of 3 worker processes run; others are being started';
    expect(await read('/gateway/health')).toMatchObject({ status: 'degraded', reasons: [fewer, silent] });
    const metrics = await (await ask('/metrics')).text();
    expect(
      [...metrics.matchAll(/^sluice_workers\{state="(\w+)"\} (\d+)$/gm)].map((line) => line.slice(1)),
    ).toEqual([
      ['answering', '1'],
      ['silent', '1'],
      ['missing', '1'],
    ]);
  });

  test('is degraded once the certificate has expired, which it and the metrics announce', async () => {
    const { server } = sampleConfig();
    const certified = (validUntil: number) =>
      sampleConfig({
        server: {
          ...server,
          tls: {
            cert: '',
            key: '',
            files: { cert: 'fullchain.pem', key: 'privkey.pem' },
            names: [],
            isPrivate: false,
            validUntil,
            stamp: '',
          },
        },
      });
    const { now } = deps;
    const soon = Math.floor(now() / 1_000) * 1_000 + 5_000;
    config = certified(soon);
    const valid_until = new Date(soon).toISOString();
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'healthy',
      tls: { ok: true, valid_until, last_error: null },
    });
    const response = await ask('/metrics');
    expect(await response.text()).toContain(
      `sluice_tls_certificate_expiry_timestamp_seconds ${soon / 1_000}\n`,
    );
    deps.now = () => soon;
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: [expect.stringContaining('fullchain.pem expired on')],
      tls: { ok: false, valid_until, last_error: expect.stringContaining('fullchain.pem expired on') },
    });
  });

  test('is degraded while budgets cannot be read, and says why', async () => {
    const daily = {
      limitUsd: 1,
      per: 'day',
      each: null,
      agent: null,
      project: null,
      provider: null,
      model: null,
    } as const;
    config = sampleConfig({ costs: { pricingOverrides: [], budgets: [daily] } });
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'healthy',
      budgets: { ok: true, last_error: null },
    });
    deps.budgetsUnread = () => 'the store is out of order';
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'degraded',
      reasons: ['the budgets cannot be read: the store is out of order'],
      budgets: { ok: false, last_error: 'the store is out of order' },
    });
  });

  test('says that nothing is recorded', async () => {
    deps.ledger = null;
    expect<unknown>(await read('/gateway/health')).toMatchObject({
      status: 'healthy',
      audit: { enabled: false },
      ledger: null,
    });
  });
});

describe('/gateway/providers', () => {
  test('has everything the contract names', async () => {
    states = {
      lab: {
        healthy: false,
        breaker: 'half-open',
        retryInMs: 999.5,
        inFlight: 3,
        queued: 2,
        limit: 3,
        keys: [
          { name: '#1', state: 'ready' },
          { name: '#2', state: 'rate_limited', retryInMs: 1_500.2, models: ['qwen3-8b'] },
        ],
        lastError: 'upstream_timeout: too slow',
      },
    };
    expect<unknown>(await read('/gateway/providers')).toEqual({
      providers: [
        {
          name: 'lab',
          kind: 'custom',
          dialect: 'openai-chat',
          also_speaks: ['openai-responses'],
          healthy: false,
          breaker: 'half-open',
          retry_in_ms: 1_000,
          in_flight: 3,
          queued: 2,
          concurrency_limit: 3,
          keys: [
            { name: '#1', state: 'ready' },
            { name: '#2', state: 'rate_limited', retry_in_ms: 1_501, models: ['qwen3-8b'] },
          ],
          last_error: 'upstream_timeout: too slow',
          models: ['fast', 'big', 'qwen3-8b'],
        },
        {
          name: 'spare',
          kind: 'other',
          dialect: 'any',
          also_speaks: [],
          healthy: true,
          breaker: 'closed',
          in_flight: 0,
          queued: 0,
          concurrency_limit: null,
          keys: [],
          models: [],
        },
      ],
      disabled: [{ name: 'far', reason: 'env:FAR_KEY is not set' }],
    });
  });

  test('shows how many connections stand at its servers, and no address', async () => {
    config = sampleConfig({
      providers: [
        sampleProvider({ name: 'lab', baseUrl: 'http://10.0.0.5/v1' }),
        sampleProvider({ name: 'same', baseUrl: 'http://10.0.0.5:80/other' }),
        sampleProvider({ name: 'two', baseUrl: 'http://a', otherBaseUrls: ['http://b/v1'] }),
        sampleProvider({ name: 'never', baseUrl: 'http://c' }),
      ],
    });
    const pool = (origin: string, active: number, idle: number) => ({
      origin,
      active,
      idle,
      opened: 9,
      reused: 9,
    });
    pools = [pool('http://10.0.0.5', 1, 2), pool('http://a', 3, 0), pool('http://b', 4, 5)];
    const text = await (await ask('/gateway/providers')).text();
    const { providers } = JSON.parse(text) as { providers: { name: string; connections?: object }[] };
    expect(providers.map(({ name, connections }) => [name, connections])).toEqual([
      ['lab', { active: 1, idle: 2 }],
      ['same', { active: 1, idle: 2 }],
      ['two', { active: 7, idle: 5 }],
      ['never', undefined],
    ]);
    expect(text).not.toContain('http:');
  });

  test('no page shows a secret of the configuration', async () => {
    record(sampleRow());
    for (const path of ['health', 'providers', 'metrics', 'audit?include_bodies=true', 'nothing']) {
      expect(await (await ask(`/gateway/${path}`)).text()).not.toContain('secret');
    }
  });
});

describe('/gateway/metrics', () => {
  test('has budgets where there are any, each with what is gone of it', async () => {
    expect(await read('/gateway/metrics')).not.toHaveProperty('budgets');
    const daily: Budget = {
      limitUsd: 1,
      per: 'day',
      each: null,
      agent: null,
      project: null,
      provider: null,
      model: null,
    };
    const named: Budget = { ...daily, agent: 'coder-*', project: 'web', provider: 'lab', model: 'small*' };
    config = sampleConfig({ costs: { pricingOverrides: [], budgets: [daily, named] } });
    const [start, end] = [Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 3)];
    deps.budgets = () => [
      { budget: daily, start, end, spentUsd: 1.5, unpriced: 0 },
      { budget: named, start, end, spentUsd: 0.5, unpriced: 3 },
      { budget: { ...daily, each: 'agent', agent: 'coder' }, start, end, spentUsd: 0.25, unpriced: 0 },
      { budget: { ...daily, each: 'agent', agent: '' }, start, end, spentUsd: 0.125, unpriced: 0 },
    ];
    const figures = {
      limit_usd: 1,
      per: 'day',
      since: '2026-01-02T00:00:00.000Z',
      until: '2026-01-03T00:00:00.000Z',
    };
    expect(await read('/gateway/metrics')).toMatchObject({
      budgets: [
        { ...figures, spent_usd: 1.5, is_spent: true, unpriced_requests: 0 },
        {
          ...figures,
          agent: 'coder-*',
          project: 'web',
          provider: 'lab',
          model: 'small*',
          spent_usd: 0.5,
          is_spent: false,
          unpriced_requests: 3,
        },
        { ...figures, each: 'agent', agent: 'coder', spent_usd: 0.25 },
        { ...figures, each: 'agent', agent: null, spent_usd: 0.125 },
      ],
    });
  });

  test('has rate limits where there are any, each with what is in use of it', async () => {
    expect(await read('/gateway/metrics')).not.toHaveProperty('rate_limits');
    const requests: RateLimit = {
      kind: 'requests',
      most: 60,
      per: 'minute',
      each: null,
      agent: null,
      project: 'web-*',
      provider: null,
      model: null,
    };
    const running: RateLimit = { ...requests, kind: 'concurrent', most: 2, per: null, each: 'project' };
    config = sampleConfig({ rateLimits: [requests, running] });
    deps.rateLimits = () => [
      { index: 0, limit: requests, used: 61, isReached: true },
      { index: 1, limit: { ...running, project: '' }, used: 1, isReached: false },
    ];
    expect(await read('/gateway/metrics')).toHaveProperty('rate_limits', [
      { requests: 60, per: 'minute', project: 'web-*', used: 61, is_reached: true },
      { concurrent: 2, each: 'project', project: null, used: 1, is_reached: false },
    ]);
  });

  test('sums, averages and costs by name', async () => {
    record(
      sampleRow({
        requestId: 'a',
        agentType: 'reviewer',
        projectId: 'p1',
        costUsd: 0.5,
        latencyMs: 100,
        ttftMs: 10,
      }),
      sampleRow({
        requestId: 'b',
        timestamp: SAMPLE_TIME + 1,
        provider: 'spare',
        model: 'other',
        status: 'error',
        costUsd: null,
        latencyMs: 200,
        ttftMs: null,
        usage: sampleUsage({ inputTokens: 1, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4 }),
      }),
      sampleRow({
        requestId: 'c',
        timestamp: SAMPLE_TIME + 2,
        costUsd: 0.25,
        latencyMs: 300,
        ttftMs: 30,
        status: 'aborted',
      }),
      sampleRow({ requestId: 'd', timestamp: SAMPLE_TIME + 3, costUsd: 0, latencyMs: 400, ttftMs: 50 }),
    );
    expect<unknown>(await read('/gateway/metrics?recent_limit=2')).toEqual({
      audit_enabled: true,
      window: { since: null },
      summary: {
        total_requests: 4,
        total_cost_usd: 0.75,
        total_input_tokens: 301,
        total_output_tokens: 62,
        total_cache_write_tokens: 4,
        total_cache_read_tokens: 3,
        avg_latency_ms: 250,
        avg_ttft_ms: 30,
        error_rate: 0.5,
        unpriced_requests: 1,
      },
      by_provider: { lab: 0.75, spare: 0 },
      by_model: { 'small-1': 0.75, other: 0 },
      models: [
        expect.objectContaining({ provider: 'lab', model: 'small-1', requests: 3 }),
        expect.objectContaining({ provider: 'spare', model: 'other', requests: 1 }),
      ],
      recent: [
        {
          request_id: 'd',
          timestamp: '2026-01-02T03:04:05.681Z',
          provider: 'lab',
          model: 'small-1',
          agent_type: null,
          operation: 'generate',
          input_tokens: 100,
          output_tokens: 20,
          cost_usd: 0,
          latency_ms: 400,
          ttft_ms: 50,
          status: 'success',
        },
        expect.objectContaining({ request_id: 'c', status: 'aborted' }),
      ],
    });
  });

  test('breakdowns come as the flags say', async () => {
    record(sampleRow({ agentType: 'reviewer', projectId: 'p1', costUsd: 0.5 }));
    const keys = async (query: string) =>
      Object.keys(await read(`/gateway/metrics?${query}`)).filter((key) => key.startsWith('by_'));
    expect(await keys('')).toEqual(['by_provider', 'by_model']);
    expect(await keys('include_agent&include_project=true')).toEqual([
      'by_provider',
      'by_model',
      'by_agent',
      'by_project',
    ]);
    expect(await keys('include_provider=false&include_model=0&include_agent=1')).toEqual(['by_agent']);
    const all = await read('/gateway/metrics?include_agent&include_project');
    expect([all.by_agent, all.by_project]).toEqual([{ reviewer: 0.5 }, { p1: 0.5 }]);
  });

  test('each model has its figures', async () => {
    const timing = { ...NO_TIMING, providerMs: 900, gatewayMs: 10, stalls: 2, lastTokenMs: 1_100 };
    record(
      sampleRow({ latencyMs: 1_000, ttftMs: 100, timing: { ...timing, gaps: '30:98 50:2' } }),
      sampleRow({
        requestId: 'b',
        latencyMs: 1_000,
        ttftMs: null,
        status: 'error',
        costUsd: null,
        usage: sampleUsage({ reasoningTokens: 7, webSearches: 3 }),
        timing: { ...timing, lastTokenMs: null, gaps: null },
      }),
    );
    const { models } = await read('/gateway/metrics');
    expect<unknown>(models).toEqual([
      {
        provider: 'lab',
        model: 'small-1',
        requests: 2,
        error_rate: 0.5,
        cost_usd: 0.0025,
        unpriced_requests: 1,
        input_tokens: 200,
        output_tokens: 40,
        cache_read_tokens: 0,
        cache_write_tokens: 0,
        reasoning_tokens: 7,
        web_searches: 3,
        avg_latency_ms: 1_000,
        latency_p50_ms: durationOf(bucketOf(1_000)),
        latency_p99_ms: durationOf(bucketOf(1_000)),
        avg_ttft_ms: 100,
        ttft_p50_ms: durationOf(bucketOf(100)),
        ttft_p99_ms: durationOf(bucketOf(100)),
        gap_p50_ms: durationOf(30),
        gap_p99_ms: durationOf(50),
        stalls: 4,
        // 20 tokens in the second from the first to the last content.
        tokens_per_second: 20,
        provider_share: 0.9,
        gateway_share: 0.01,
      },
    ]);
  });

  test('only complete answers of known tokens have a speed', async () => {
    const timing = { ...NO_TIMING, lastTokenMs: 1_100, gaps: '30:98 50:2' };
    const rows = [
      sampleRow({ requestId: 'whole', ttftMs: 100, timing }),
      // Anthropic tells the input at the start, and the output at the end.
      sampleRow({
        requestId: 'left',
        ttftMs: 100,
        timing,
        status: 'aborted',
        usage: sampleUsage({ outputTokens: 0 }),
      }),
      sampleRow({
        requestId: 'untold',
        ttftMs: 100,
        timing,
        usage: sampleUsage({ outputTokens: 0 }),
        usageKnown: false,
      }),
    ];
    record(...rows);
    const { models } = await read('/gateway/metrics');
    const { entries } = await read('/gateway/audit');
    expect<unknown>(models).toEqual([expect.objectContaining({ requests: 3, tokens_per_second: 20 })]);
    const speeds = entries.map((entry): [string, unknown] => [entry.request_id, entry.tokens_per_second]);
    expect(new Map(speeds)).toEqual(
      new Map([
        ['whole', 20],
        ['left', null],
        ['untold', null],
      ]),
    );
  });

  test('since: a duration or a time; what came before is not counted', async () => {
    // 50 requests, one a second from SAMPLE_TIME on.
    record(...variedRows(50));
    await timers.advance(60_000);
    const counted = async (since: string) => {
      const { summary, window, by_agent } = await read(`/gateway/metrics?include_agent&since=${since}`);
      return { requests: summary.total_requests, window, agents: Object.keys(by_agent as object).length };
    };
    const at = (ms: number) => ({ since: new Date(ms).toISOString() });
    expect(await counted('30s')).toEqual({ requests: 20, window: at(SAMPLE_TIME + 30_000), agents: 2 });
    expect(await counted('1h')).toMatchObject({ requests: 50 });
    expect(await counted('1m30s')).toMatchObject({ requests: 50 });
    const time = new Date(SAMPLE_TIME + 45_000).toISOString();
    expect(await counted(time)).toMatchObject({ requests: 5, window: { since: time } });
    expect(await counted(`${SAMPLE_TIME + 49_000}`)).toMatchObject({ requests: 1 });
    // Longer than a day: from the whole hour on.
    const { window } = await counted('30d');
    expect(window).toEqual(at(Math.floor((SAMPLE_TIME + 60_000) / 3_600_000) * 3_600_000 - 30 * 86_400_000));
  });

  test('since: what is longer ago than rows stay is whole minutes, of which none is missing', async () => {
    config = sampleConfig({ audit: { ...config.audit, retentionMs: 1_800_000 } });
    const requests = 3_600;
    record(
      ...variedRows(requests).map((row, index) => ({ ...row, timestamp: SAMPLE_TIME + 1_000 * index + 500 })),
    );
    await timers.advance(requests * 1_000);
    await ledger.flush();
    while (!(await ledger.store.expire(timers.now() - 1_800_000)).isDone);
    for (const ago of [1_799, 1_817, 2_000, 3_001]) {
      const { summary, window } = await read(`/gateway/metrics?since=${ago}s`);
      const begin = Date.parse((window as { since: string }).since);
      expect(timers.now() - begin).toBeGreaterThanOrEqual(ago * 1_000);
      expect(timers.now() - begin).toBeLessThan((ago + 60) * 1_000);
      expect(summary.total_requests).toBe(Math.ceil((timers.now() - begin) / 1_000));
    }
  });

  test('step: the hours or days of the window, those without a request too', async () => {
    const hour = 3_600_000;
    record(
      ...variedRows(40).map((row, index) => ({ ...row, timestamp: SAMPLE_TIME + (index % 4) * 9 * hour })),
    );
    await timers.advance(30 * hour);
    const series = async (query: string) => {
      const answer = await read(`/gateway/metrics?recent_limit=0&${query}`);
      return { ...answer, series: answer.series as { start: string; total_requests: number }[] };
    };
    const hours = await series('since=20h&step=hour&include_model=false&include_agent');
    expect(hours).toHaveProperty('by_provider');
    const first = Math.floor((timers.now() - 20 * hour) / hour) * hour;
    expect(hours.series.map(({ start }) => Date.parse(start))).toEqual(
      Array.from({ length: 21 }, (_, index) => first + index * hour),
    );
    expect(hours.series.reduce((sum, { total_requests }) => sum + total_requests, 0)).toBe(20);
    expect(Object.keys(hours.series[0] ?? {})).toEqual([
      ...['start', ...Object.keys(hours.summary), 'by_agent'],
    ]);
    const days = await series('step=day');
    expect(days.series.map(({ total_requests }) => total_requests)).toEqual([30, 10]);
    expect(days.series[0]?.start).toBe(`${new Date(SAMPLE_TIME).toISOString().slice(0, 10)}T00:00:00.000Z`);
    expect((await series('step=day&since=7d')).series).toHaveLength(8);
    expect(await read('/gateway/metrics')).not.toHaveProperty('series');
  });

  for (const query of [
    'step=week',
    'step=hour',
    'step=hour&since=167d',
    'step=day&since=4001d',
    'since=yesterday',
    'since=',
    'since=-1h',
    'since=1w',
    'since=30m1h',
    'since=0s',
    'since=2999-01-01',
    'since=1h&since=2h',
    'since=99999999d',
    'recent_limit=1001',
    'include_agent=perhaps',
    'sinc=1h',
  ]) {
    test(`400 for ${query}`, async () => {
      const response = await ask(`/gateway/metrics?${query}`);
      expect(response.status).toBe(400);
      const { error } = (await response.json()) as { error: { code: string; param: string } };
      expect(error).toMatchObject({ code: 'invalid_request', param: query.split('=')[0] ?? '' });
    });
  }

  test('20 recent requests by default', async () => {
    record(...variedRows(50));
    expect((await read('/gateway/metrics')).recent).toHaveLength(20);
    expect((await read('/gateway/metrics?recent_limit=0')).recent).toEqual([]);
    expect((await read('/gateway/metrics?recent_limit=1000')).recent).toHaveLength(50);
  });

  test('is all zeros before the first request, and without a ledger', async () => {
    const before = await read('/gateway/metrics');
    expect(Object.values(before.summary)).toEqual(Array(10).fill(0));
    deps.ledger = null;
    expect<unknown>(await read('/gateway/metrics')).toEqual({ ...before, audit_enabled: false });
  });
});

describe('/gateway/audit', () => {
  test('has everything the contract names', async () => {
    record(
      sampleRow({
        agentType: 'reviewer',
        projectId: 'p1',
        status: 'truncated',
        usage: sampleUsage({ cacheReadTokens: 3, cacheWriteTokens: 4, reasoningTokens: 5 }),
        attempts: [
          {
            provider: 'a',
            model: 'm',
            status: 529,
            error: 'upstream_overloaded',
            message: 'busy',
            durationMs: 7,
          },
          { provider: 'lab', model: 'small-1', status: 200, error: null, durationMs: 1200 },
        ],
        lost: ['top_k'],
        malformedEvents: 1,
        errorCode: 'upstream_truncated',
        errorMessage: 'ended early',
        requestHeaders: { 'anthropic-beta': 'one' },
        requestBody: '{"a":1}',
        responseBody: 'data: x',
      }),
    );
    const entry = {
      id: expect.any(Number),
      request_id: 'req_sample',
      timestamp: '2026-01-02T03:04:05.678Z',
      agent_type: 'reviewer',
      project_id: 'p1',
      operation: 'generate',
      client_dialect: 'anthropic-messages',
      provider: 'lab',
      model: 'small-1',
      requested_model: 'small',
      status: 'truncated',
      success: false,
      http_status: 200,
      streamed: true,
      latency_ms: 1234.5,
      ttft_ms: 210.25,
      overhead_ms: 0.75,
      queued_ms: null,
      connect_ms: 2.5,
      last_token_ms: 1200.25,
      provider_ms: 1230.5,
      client_ms: 1.5,
      back_off_ms: 0,
      gateway_ms: 2.5,
      stalls: 0,
      longest_gap_ms: 90.5,
      gap_p50_ms: 48,
      gap_p99_ms: 90,
      tokens_per_second: null,
      usage_known: true,
      input_tokens: 100,
      output_tokens: 20,
      cache_read_tokens: 3,
      cache_write_tokens: 4,
      cache_write_1h_tokens: 0,
      reasoning_tokens: 5,
      web_searches: 0,
      cost_usd: 0.0025,
      finish_reason: 'end_turn',
      route: null,
      trace_id: null,
      transformers: [],
      attempts: [
        {
          provider: 'a',
          model: 'm',
          status: 529,
          error: 'upstream_overloaded',
          message: 'busy',
          duration_ms: 7,
        },
        { provider: 'lab', model: 'small-1', status: 200, error: null, duration_ms: 1200 },
      ],
      lost: ['top_k'],
      malformed_events: 1,
      error_code: 'upstream_truncated',
      error_message: 'ended early',
    };
    expect<unknown>(await read('/gateway/audit')).toEqual({ entries: [entry], total: 1, next: null });
    expect<unknown>(await read('/gateway/audit?include_bodies=true')).toEqual({
      entries: [
        {
          ...entry,
          request_headers: { 'anthropic-beta': 'one' },
          request_body: '{"a":1}',
          response_body: 'data: x',
        },
      ],
      total: 1,
      next: null,
    });
  });

  test('an attempt has what is known of it', async () => {
    record(
      sampleRow({
        attempts: [
          {
            provider: 'a',
            model: 'm',
            status: null,
            error: 'rate_limited',
            durationMs: 0,
            skipped: 'rate_limited',
          },
          {
            ...{ provider: 'b', model: 'm', status: 200, error: 'upstream_truncated', durationMs: 9 },
            ...{ startedMs: 1, providerMs: 8, sentBytes: 5, key: '#2', usage: sampleUsage(), costUsd: 0.5 },
          },
          {
            ...{ provider: 'c', model: 'm', status: 200, error: null, durationMs: 9, startedMs: 10 },
            ...{ providerMs: 7, continued: 'prefilled', hedge: true },
          },
        ],
      }),
    );
    const [entry] = (await read('/gateway/audit')).entries;
    expect(entry?.attempts).toEqual([
      {
        provider: 'a',
        model: 'm',
        status: null,
        error: 'rate_limited',
        duration_ms: 0,
        skipped: 'rate_limited',
      },
      {
        ...{ provider: 'b', model: 'm', status: 200, error: 'upstream_truncated', duration_ms: 9 },
        ...{ started_ms: 1, provider_ms: 8, sent_bytes: 5, key: '#2' },
        ...{ input_tokens: 100, output_tokens: 20, cost_usd: 0.5 },
      },
      {
        ...{ provider: 'c', model: 'm', status: 200, error: null, duration_ms: 9, started_ms: 10 },
        ...{ provider_ms: 7, continued: 'prefilled', hedge: true },
      },
    ]);
  });

  test('many large bodies come in pieces, with turns for others between them', async () => {
    const body = (index: number) => `${index} ${'é"'.repeat(200_000)}`;
    record(
      ...variedRows(9).map((row, index) => ({ ...row, requestBody: body(index), responseBody: 'answer' })),
    );
    pauses = 0;
    const response = await ask('/gateway/audit?include_bodies=true');
    expect(response.headers.get('content-type')).toStartWith('application/json');
    const { entries, total, next } = (await response.json()) as Answer;
    expect(entries.map(({ request_body: text }) => text)).toEqual([...Array(9).keys()].map(body).reverse());
    expect([total, next]).toEqual([9, null]);
    expect(pauses).toBeGreaterThan(3);
    expect((await ask('/gateway/audit?include_bodies=true', 'HEAD')).status).toBe(200);
  });

  describe('the store is never asked for the bodies of many rows at once, whose text may be gigabytes', () => {
    const read = (path: string) => ask(`/gateway/audit?include_bodies=true&success=false&${path}`);
    const idsOf = ({ entries }: Answer) => entries.map(({ request_id: id }) => id);
    let asked: number[];
    let failing: number;

    beforeEach(async () => {
      record(...variedRows(100).map((row) => ({ ...row, timestamp: SAMPLE_TIME, requestBody: 'a body' })));
      await ledger.flush();
      asked = [];
      failing = Number.POSITIVE_INFINITY;
      const audit: LedgerStore['audit'] = async (filter) => {
        if (filter.includeBodies) asked.push(filter.limit);
        if (asked.length > failing) throw new Error('the disk is gone');
        return ledger.store.audit(filter);
      };
      deps.ledger = { ...ledger, store: { ...ledger.store, audit } };
    });

    test.each([
      ['limit=1000', 16],
      ['limit=20', 16],
      ['limit=1000&include_binaries=true', 1],
      ['limit=20&offset=5', 16],
    ])('%s', async (query, most) => {
      const page = (await (await read(query)).json()) as Answer;
      const alone = (await (await ask(`/gateway/audit?success=false&${query}`)).json()) as Answer;
      expect(idsOf(page)).toEqual(idsOf(alone));
      expect(page.entries.every(({ request_body: body }) => body === 'a body')).toBe(true);
      expect([page.total, page.next]).toEqual([alone.total, alone.next]);
      expect(page.entries.length).toBeGreaterThan(most);
      expect(Math.max(...asked)).toBe(most);
    });

    test('a store that fails at once is a 503, one that fails later breaks the answer off', async () => {
      failing = 0;
      expect((await read('limit=100')).status).toBe(503);
      failing = 2;
      const response = await read('limit=100');
      expect(response.status).toBe(200);
      await expect(response.text()).rejects.toThrow('the disk is gone');
    });
  });

  test('100 entries by default, newest first; total counts all matches', async () => {
    record(...variedRows(150));
    const first = await read('/gateway/audit');
    expect([first.entries.length, first.total, first.entries[0]?.request_id]).toEqual([100, 150, 'req_149']);
    const rest = await read('/gateway/audit?offset=100&limit=1000');
    expect([rest.entries.length, rest.total, rest.entries[0]?.request_id]).toEqual([50, 150, 'req_49']);
  });

  test('"next" leads to older ones, which stay the same while others come', async () => {
    record(...variedRows(25));
    const first = await read('/gateway/audit?limit=10');
    expect(first.next).toMatch(/^\d+-\d+$/);
    record(...variedRows(5, 25));
    const second = await read(`/gateway/audit?limit=10&before=${first.next}`);
    expect([second.entries[0]?.request_id, second.total]).toEqual(['req_14', 30]);
    const third = await read(`/gateway/audit?limit=10&before=${second.next}`);
    expect([third.entries.length, third.entries.at(-1)?.request_id, third.next]).toEqual([5, 'req_0', null]);
    // A page found by its offset leads on as well.
    const deep = await read('/gateway/audit?limit=10&offset=10');
    expect((await read(`/gateway/audit?limit=1&before=${deep.next}`)).entries[0]?.request_id).toBe('req_9');
    expect((await read('/gateway/audit?limit=0')).next).toBeNull();
  });

  const iso = (seconds: number): string => new Date(SAMPLE_TIME + seconds * 1000).toISOString();
  const filters: [query: string, matches: (row: LedgerRow) => boolean][] = [
    ['agent_type=agent-1', (row) => row.agentType === 'agent-1'],
    ['provider=provider-2', (row) => row.provider === 'provider-2'],
    ['model=model-4', (row) => row.model === 'model-4'],
    ['project_id=project-5', (row) => row.projectId === 'project-5'],
    ['status=aborted', (row) => row.status === 'aborted'],
    ['success=true', (row) => row.status === 'success'],
    ['success=false', (row) => row.status !== 'success'],
    ['success=False', (row) => row.status !== 'success'],
    [`start_time=${iso(20)}`, (row) => row.timestamp >= SAMPLE_TIME + 20_000],
    [`end_time=${iso(20)}`, (row) => row.timestamp <= SAMPLE_TIME + 20_000],
    [`start_time=${SAMPLE_TIME + 20_000}`, (row) => row.timestamp >= SAMPLE_TIME + 20_000],
    [`start_time=${SAMPLE_TIME / 1000 + 20}`, (row) => row.timestamp >= SAMPLE_TIME + 20_000],
    [
      `start_time=${iso(3)}&end_time=${iso(40)}&status=error&provider=provider-0`,
      (row) =>
        row.timestamp >= SAMPLE_TIME + 3000 &&
        row.timestamp <= SAMPLE_TIME + 40_000 &&
        row.status === 'error' &&
        row.provider === 'provider-0',
    ],
  ];
  for (const [query, matches] of filters) {
    test(query.replace(/\d{4}-.*?Z|\d{10,}/g, '…'), async () => {
      const rows = variedRows(60);
      record(...rows);
      const wanted = rows.filter(matches).map((row) => row.requestId);
      expect(wanted.length).toBeWithin(1, 60);
      const { entries, total } = await read(`/gateway/audit?${query}`);
      expect(entries.map((entry) => entry.request_id)).toEqual(wanted.reverse());
      expect(total).toBe(wanted.length);
    });
  }

  test('times: with and without zone, to the minute or the day', async () => {
    record(sampleRow());
    const spellings = [
      '2026-01-02T03:04:05.678Z',
      '2026-01-02T03:04:05.678',
      '2026-01-02 03:04:05.678',
      '2026-01-02T04:04:05.678%2B01:00',
      '2026-01-02T04:04:05.678+01:00',
      '2026-01-01T22:04:05.678-05:00',
    ];
    for (const time of spellings) {
      const { total } = await read(`/gateway/audit?start_time=${time}&end_time=${time}`);
      expect([time, total]).toEqual([time, 1]);
    }
    expect((await read('/gateway/audit?start_time=2026-01-02&end_time=2026-01-02T03:05')).total).toBe(1);
    expect((await read('/gateway/audit?start_time=2026-01-03')).total).toBe(0);
  });

  const bad: [query: string, param: string][] = [
    ['start_time=yesterday', 'start_time'],
    ['start_time=2026-13-45', 'start_time'],
    ['start_time=2026-02-30', 'start_time'],
    ['end_time=2025-02-29T12:00:00%2B01:00', 'end_time'],
    ['start_time=2026-00-01', 'start_time'],
    ['end_time=2026-01-02T25:00', 'end_time'],
    ['start_time=-5', 'start_time'],
    ['start_time=2026-01-02&end_time=2026-01-01', 'start_time'],
    ['status=ok', 'status'],
    ['success=maybe', 'success'],
    ['success=', 'success'],
    ['limit=1001', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1.5', 'limit'],
    ['offset=-1', 'offset'],
    ['offset=1e3', 'offset'],
    ['include_bodies=yes', 'include_bodies'],
    ['before=req_1', 'before'],
    ['before=1767323045678', 'before'],
    ['before=1-1&offset=5', 'offset'],
    ['provider=', 'provider'],
    ['model=a&model=b', 'model'],
    ['success=true&success=false', 'success'],
    ['agent=reviewer', 'agent'],
    ['constructor=1', 'constructor'],
  ];
  for (const [query, param] of bad) {
    test(`400 for ${query}`, async () => {
      const response = await ask(`/gateway/audit?${query}`);
      expect(response.status).toBe(400);
      const { error } = (await response.json()) as { error: Record<string, string> };
      expect(error).toMatchObject({ code: 'invalid_request', param });
      expect(error.message).toStartWith(`${param}: `);
    });
  }

  test('a filter that is misspelt: the nearest is named', async () => {
    const response = await ask('/gateway/audit?agentType=reviewer');
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('did you mean \\"agent_type\\"?');
  });

  test('without a ledger: 404 that says what to do', async () => {
    deps.ledger = null;
    const response = await ask('/gateway/audit');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      error: { code: 'audit_disabled', message: expect.stringContaining('audit.enabled') },
    });
  });
});

describe('requests that no page answers', () => {
  test('other paths are left to others', async () => {
    for (const path of ['/', '/v1/messages', '/gatewayhealth', '/x/gateway/health']) {
      const url = new URL(path, 'http://127.0.0.1');
      expect(await createManagement(deps)(new Request(url), url)).toBeUndefined();
    }
  });

  test('an unknown page is a 404 that names those there are', async () => {
    // Looked through from each slash, the last would take a minute.
    const slashes = `/gateway/${'/'.repeat(100_000)}x`;
    const near = ['/gateway/helth', '/gateway/health/', '/gateway/toString'];
    for (const path of ['/gateway', '/gateway/', ...near, slashes]) {
      const response = await ask(path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.json()).toMatchObject({
        error: { code: 'not_found', message: expect.stringContaining('/gateway/health') },
      });
    }
  });

  test('another method is a 405 that names those allowed', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const response = await ask('/gateway/health', method);
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      expect(await response.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
    }
  });

  test('a running request can be ended, not asked for', async () => {
    const cancelled: string[] = [];
    deps.running.cancel = (requestId) => cancelled.push(requestId) > 0;
    for (const method of ['GET', 'POST']) {
      const response = await ask('/gateway/streams/r1', method);
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'DELETE']);
    }
    expect(cancelled).toEqual([]);
    const response = await ask('/gateway/streams/r%201', 'DELETE');
    expect(await response.json()).toEqual({ request_id: 'r 1', cancelled: true });
    expect(cancelled).toEqual(['r 1']);
  });

  test('HEAD answers like GET, without the body', async () => {
    const body = await (await ask('/gateway/providers')).bytes();
    const response = await ask('/gateway/providers', 'HEAD');
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(response.headers.get('content-type')).toStartWith('application/json');
    expect(response.headers.get('content-length')).toBe(String(body.length));
  });

  test('HEAD of the live view has no length, and nobody watches', async () => {
    let left = 0;
    deps.running.watch = () => new ReadableStream({ cancel: () => void left++ });
    const response = await ask('/gateway/streams/live', 'HEAD');
    expect([response.status, response.headers.get('content-length'), left]).toEqual([200, null, 1]);
  });

  test('a bad parameter of metrics is a 400', async () => {
    for (const query of ['recent_limit=1001', 'recent_limit=x', 'include_agent=perhaps']) {
      expect((await ask(`/gateway/metrics?${query}`)).status).toBe(400);
    }
  });

  test('pages without parameters refuse them; those that probes and scrapers ask let theirs pass', async () => {
    for (const [method, path] of [
      ['GET', '/gateway/providers'],
      ['GET', '/gateway/streams'],
      ['GET', '/gateway/streams/live'],
      ['DELETE', '/gateway/streams/req_1'],
    ] as const) {
      const response = await ask(`${path}?limit=5`, method);
      expect([path, response.status]).toEqual([path, 400]);
      expect(await response.json()).toEqual({
        error: {
          code: 'invalid_request',
          message: 'limit: no such parameter; this page takes none',
          param: 'limit',
        },
      });
    }
    for (const path of ['/gateway/health?_=17', '/metrics?collect[]=cpu'])
      expect((await ask(path)).status).toBe(200);
  });

  test('a ledger that cannot be read is a 503, and health still answers', async () => {
    const store = createFakeStore();
    store.audit = () => Promise.reject(new Error('away'));
    deps.ledger = createLedger(store, timers);
    for (const path of ['/gateway/audit', '/gateway/metrics']) {
      const response = await ask(path);
      expect([path, response.status]).toEqual([path, 503]);
      expect(await response.json()).toMatchObject({ error: { code: 'ledger_unavailable' } });
    }
    expect((await ask('/gateway/health')).status).toBe(200);
  });
});
