// /gateway/metrics: sums over a window, by name and by step, budgets and limits.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { Budget, RateLimit } from '../../src/config/resolved.ts';
import { NO_TIMING } from '../../src/ledger/rows/row.ts';
import { SAMPLE_TIME, sampleRow, sampleUsage, variedRows } from '../support/ledger-rows.ts';
import { bucketOf, durationOf } from '../../src/model/histogram.ts';
import { createManagementLab, type ManagementLab, sampleConfig } from './lab.ts';

let lab: ManagementLab;
beforeEach(() => {
  lab = createManagementLab();
});
afterEach(() => lab.ledger.close());

describe('/gateway/metrics', () => {
  test('has budgets where there are any, each with what is gone of it', async () => {
    expect(await lab.read('/gateway/metrics')).not.toHaveProperty('budgets');
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
    lab.config = sampleConfig({ costs: { pricingOverrides: [], budgets: [daily, named] } });
    const [start, end] = [Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 3)];
    lab.deps.budgets = () => [
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
    expect(await lab.read('/gateway/metrics')).toMatchObject({
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
    expect(await lab.read('/gateway/metrics')).not.toHaveProperty('rate_limits');
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
    lab.config = sampleConfig({ rateLimits: [requests, running] });
    lab.deps.rateLimits = () => [
      { index: 0, limit: requests, used: 61, isReached: true },
      { index: 1, limit: { ...running, project: '' }, used: 1, isReached: false },
    ];
    expect(await lab.read('/gateway/metrics')).toHaveProperty('rate_limits', [
      { requests: 60, per: 'minute', project: 'web-*', used: 61, is_reached: true },
      { concurrent: 2, each: 'project', project: null, used: 1, is_reached: false },
    ]);
  });

  test('sums, averages and costs by name', async () => {
    lab.record(
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
    expect<unknown>(await lab.read('/gateway/metrics?recent_limit=2')).toEqual({
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
      providers: [
        expect.objectContaining({ provider: 'lab', requests: 3, input_tokens: 300, output_tokens: 60 }),
        {
          provider: 'spare',
          requests: 1,
          error_rate: 1,
          cost_usd: 0,
          unpriced_requests: 1,
          input_tokens: 1,
          output_tokens: 2,
          cache_read_tokens: 3,
          cache_write_tokens: 4,
          reasoning_tokens: 0,
          web_searches: 0,
        },
      ],
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
    lab.record(sampleRow({ agentType: 'reviewer', projectId: 'p1', costUsd: 0.5 }));
    const keys = async (query: string) =>
      Object.keys(await lab.read(`/gateway/metrics?${query}`)).filter((key) => key.startsWith('by_'));
    expect(await keys('')).toEqual(['by_provider', 'by_model']);
    expect(await keys('include_agent&include_project=true')).toEqual([
      'by_provider',
      'by_model',
      'by_agent',
      'by_project',
    ]);
    expect(await keys('include_provider=false&include_model=0&include_agent=1')).toEqual(['by_agent']);
    const all = await lab.read('/gateway/metrics?include_agent&include_project');
    expect([all.by_agent, all.by_project]).toEqual([{ reviewer: 0.5 }, { p1: 0.5 }]);
  });

  test('each agent and project has its figures, the dearest first, and what named none last', async () => {
    lab.record(
      sampleRow({ requestId: 'a', agentType: 'reviewer', projectId: 'p1', costUsd: 0.5 }),
      sampleRow({ requestId: 'b', agentType: 'coder', projectId: 'p1', costUsd: 2, status: 'error' }),
      sampleRow({ requestId: 'c', costUsd: 3 }),
    );
    const asked = '/gateway/metrics?include_agent&include_project&include_provider=false';
    const { agents, projects, ...rest } = await lab.read(asked);
    const figures = { unpriced_requests: 0, cache_read_tokens: 0, cache_write_tokens: 0 };
    const one = { ...figures, requests: 1, input_tokens: 100, output_tokens: 20 };
    expect<unknown>(agents).toMatchObject([
      { agent: 'coder', ...one, cost_usd: 2, error_rate: 1 },
      { agent: 'reviewer', ...one, cost_usd: 0.5, error_rate: 0 },
      { agent: null, ...one, cost_usd: 3 },
    ]);
    expect<unknown>(projects).toMatchObject([
      { project: 'p1', ...figures, requests: 2, input_tokens: 200, output_tokens: 40, cost_usd: 2.5 },
      { project: null, ...one, cost_usd: 3 },
    ]);
    expect(rest).not.toHaveProperty('providers');
    const { series } = await lab.read(`${asked}&step=day&include_model`);
    expect<unknown>(series).toMatchObject([
      { agents, projects, models: [{ model: 'small-1', requests: 3, cost_usd: 5.5 }] },
    ]);
  });

  test('with a project’s key it has that project’s own figures, and nothing of others', async () => {
    const other = { agentType: 'secret-agent', provider: 'spare', model: 'secret-model', projectId: 'data' };
    lab.record(
      sampleRow({ requestId: 'own', agentType: 'reviewer', projectId: 'web', costUsd: 0.5, latencyMs: 100 }),
      sampleRow({ requestId: 'of-data', ...other, costUsd: 2, status: 'error', errorMessage: 'secret' }),
      sampleRow({ requestId: 'of-none', ...other, projectId: null, costUsd: 3 }),
      sampleRow({ requestId: 'of-webs', ...other, projectId: 'web2', costUsd: 4 }),
    );
    const budget = { limitUsd: 1, per: 'day', each: null, agent: null, project: null } as const;
    const all: Budget = { ...budget, provider: null, model: null };
    const period = { start: SAMPLE_TIME, end: SAMPLE_TIME + 1, spentUsd: 0.5, unpriced: 0 };
    const limit: RateLimit = { ...all, kind: 'requests', most: 60, per: 'minute' };
    lab.config = sampleConfig({ costs: { pricingOverrides: [], budgets: [all] }, rateLimits: [limit] });
    const theirs = [null, 'data', 'web*', ''];
    lab.deps.budgets = () => [
      { ...period, budget: { ...all, project: 'web' } },
      { ...period, budget: { ...all, project: 'web', each: 'project', limitUsd: 7 } },
      ...theirs.map((project) => ({ ...period, budget: { ...all, project, limitUsd: 99 } })),
    ];
    lab.deps.rateLimits = () =>
      ['web', ...theirs].map((project) => ({
        index: 0,
        limit: { ...limit, project },
        used: project === 'web' ? 1 : 50,
        isReached: false,
      }));
    const path = '/gateway/metrics?include_agent&include_project&since=1h&step=day';
    const page = await lab.read(path, 'web');
    expect(page).toMatchObject({
      summary: { total_requests: 1, total_cost_usd: 0.5, avg_latency_ms: 100, error_rate: 0 },
      by_provider: { lab: 0.5 },
      by_agent: { reviewer: 0.5 },
      projects: [{ project: 'web', requests: 1 }],
      models: [{ model: 'small-1', requests: 1, cost_usd: 0.5 }],
      series: [{ total_requests: 1, agents: [{ agent: 'reviewer', requests: 1 }] }],
      budgets: [
        { limit_usd: 1, project: 'web', spent_usd: 0.5 },
        { limit_usd: 7, project: 'web', spent_usd: 0.5 },
      ],
      rate_limits: [{ requests: 60, project: 'web', used: 1 }],
      recent: [{ request_id: 'own' }],
    });
    // The times of a model are those of all projects together.
    expect(page).not.toHaveProperty(['models', 0, 'avg_latency_ms']);
    for (const query of ['', '?step=day', '?recent_limit=0&include_project'])
      for (const project of ['web', 'nobody', 'web*', '*'])
        expect(JSON.stringify(await lab.read(`/gateway/metrics${query}`, project))).not.toMatch(
          /secret|spare|of-|"data"|web2|\b99\b|\b50\b/,
        );
    expect(await lab.read('/gateway/metrics?recent_limit=0', 'web')).toMatchObject({ recent: [] });
    // What each project has to itself is known before any of it is used.
    const each: Budget = { ...all, each: 'project', limitUsd: 7 };
    const perEach: RateLimit = { ...limit, each: 'project' };
    lab.config = sampleConfig({
      costs: {
        pricingOverrides: [],
        budgets: [each, { ...each, project: 'data*' }, { ...each, per: 'month' }],
      },
      rateLimits: [perEach, { ...perEach, project: 'we*', most: 3 }, { ...perEach, each: 'agent' }],
    });
    lab.deps.rateLimits = () => [
      { index: 0, limit: { ...perEach, project: 'web' }, used: 5, isReached: false },
    ];
    const before = await lab.read('/gateway/metrics', 'web');
    expect(before.budgets).toMatchObject([
      { limit_usd: 1 },
      { limit_usd: 7, per: 'day', project: 'web', spent_usd: 0.5 },
      { limit_usd: 7, per: 'month', project: 'web', spent_usd: 0, is_spent: false },
    ]);
    expect(before.rate_limits).toMatchObject([
      { requests: 60, project: 'web', used: 5 },
      { requests: 3, project: 'web', used: 0, is_reached: false },
    ]);
    // A project whose name is a pattern would stand for all that it fits.
    for (const pattern of ['we*', '*'])
      expect(await lab.read('/gateway/metrics', pattern)).toMatchObject({ budgets: [], rate_limits: [] });
    expect((await lab.read('/gateway/metrics?step=day', 'nobody')).summary.total_requests).toBe(0);
    // The operator sees all, as ever.
    expect((await lab.read(path)).summary.total_requests).toBe(4);
  });

  test('each model has its figures', async () => {
    const timing = { ...NO_TIMING, providerMs: 900, gatewayMs: 10, stalls: 2, lastTokenMs: 1_100 };
    lab.record(
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
    const { models } = await lab.read('/gateway/metrics');
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
    lab.record(...rows);
    const { models } = await lab.read('/gateway/metrics');
    const { entries } = await lab.read('/gateway/audit');
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
    lab.record(...variedRows(50));
    await lab.timers.advance(60_000);
    const counted = async (since: string) => {
      const { summary, window, by_agent } = await lab.read(`/gateway/metrics?include_agent&since=${since}`);
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
    lab.config = sampleConfig({ audit: { ...lab.config.audit, retentionMs: 1_800_000 } });
    const requests = 3_600;
    lab.record(
      ...variedRows(requests).map((row, index) => ({ ...row, timestamp: SAMPLE_TIME + 1_000 * index + 500 })),
    );
    await lab.timers.advance(requests * 1_000);
    await lab.ledger.flush();
    while (!(await lab.ledger.store.expire(lab.timers.now() - 1_800_000)).isDone);
    for (const ago of [1_799, 1_817, 2_000, 3_001]) {
      const { summary, window } = await lab.read(`/gateway/metrics?since=${ago}s`);
      const begin = Date.parse((window as { since: string }).since);
      expect(lab.timers.now() - begin).toBeGreaterThanOrEqual(ago * 1_000);
      expect(lab.timers.now() - begin).toBeLessThan((ago + 60) * 1_000);
      expect(summary.total_requests).toBe(Math.ceil((lab.timers.now() - begin) / 1_000));
    }
  });

  test('step: the hours or days of the window, those without a request too', async () => {
    const hour = 3_600_000;
    lab.record(
      ...variedRows(40).map((row, index) => ({ ...row, timestamp: SAMPLE_TIME + (index % 4) * 9 * hour })),
    );
    await lab.timers.advance(30 * hour);
    const series = async (query: string) => {
      const answer = await lab.read(`/gateway/metrics?recent_limit=0&${query}`);
      return { ...answer, series: answer.series as { start: string; total_requests: number }[] };
    };
    const hours = await series('since=20h&step=hour&include_model=false&include_agent');
    expect(hours).toHaveProperty('by_provider');
    const first = Math.floor((lab.timers.now() - 20 * hour) / hour) * hour;
    expect(hours.series.map(({ start }) => Date.parse(start))).toEqual(
      Array.from({ length: 21 }, (_, index) => first + index * hour),
    );
    expect(hours.series.reduce((sum, { total_requests }) => sum + total_requests, 0)).toBe(20);
    expect(Object.keys(hours.series[0] ?? {})).toEqual([
      ...['start', ...Object.keys(hours.summary), 'by_agent', 'agents'],
    ]);
    const days = await series('step=day');
    expect(days.series.map(({ total_requests }) => total_requests)).toEqual([30, 10]);
    expect(days.series[0]?.start).toBe(`${new Date(SAMPLE_TIME).toISOString().slice(0, 10)}T00:00:00.000Z`);
    expect((await series('step=day&since=7d')).series).toHaveLength(8);
    expect(await lab.read('/gateway/metrics')).not.toHaveProperty('series');
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
      const response = await lab.ask(`/gateway/metrics?${query}`);
      expect(response.status).toBe(400);
      const { error } = (await response.json()) as { error: { code: string; param: string } };
      expect(error).toMatchObject({ code: 'invalid_request', param: query.split('=')[0] ?? '' });
    });
  }

  test('20 recent requests by default', async () => {
    lab.record(...variedRows(50));
    expect((await lab.read('/gateway/metrics')).recent).toHaveLength(20);
    expect((await lab.read('/gateway/metrics?recent_limit=0')).recent).toEqual([]);
    expect((await lab.read('/gateway/metrics?recent_limit=1000')).recent).toHaveLength(50);
  });

  test('is all zeros before the first request, and without a ledger', async () => {
    const before = await lab.read('/gateway/metrics');
    expect(Object.values(before.summary)).toEqual(Array(10).fill(0));
    lab.deps.ledger = null;
    expect<unknown>(await lab.read('/gateway/metrics')).toEqual({ ...before, audit_enabled: false });
  });
});
