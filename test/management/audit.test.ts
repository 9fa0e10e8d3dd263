// /gateway/audit: rows with their bodies, page by page, and its filters.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';
import { SAMPLE_TIME, sampleRow, sampleUsage, variedRows } from '../support/ledger-rows.ts';
import { type Answer, createManagementLab, type ManagementLab } from './lab.ts';

let lab: ManagementLab;
beforeEach(() => {
  lab = createManagementLab();
});
afterEach(() => lab.ledger.close());

describe('/gateway/audit', () => {
  test('has everything the contract names', async () => {
    lab.record(
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
    expect<unknown>(await lab.read('/gateway/audit')).toEqual({ entries: [entry], total: 1, next: null });
    expect<unknown>(await lab.read('/gateway/audit?include_bodies=true')).toEqual({
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
    lab.record(
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
    const [entry] = (await lab.read('/gateway/audit')).entries;
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
    lab.record(
      ...variedRows(9).map((row, index) => ({ ...row, requestBody: body(index), responseBody: 'answer' })),
    );
    lab.pauses = 0;
    const response = await lab.ask('/gateway/audit?include_bodies=true');
    expect(response.headers.get('content-type')).toStartWith('application/json');
    const { entries, total, next } = (await response.json()) as Answer;
    expect(entries.map(({ request_body: text }) => text)).toEqual([...Array(9).keys()].map(body).reverse());
    expect([total, next]).toEqual([9, null]);
    expect(lab.pauses).toBeGreaterThan(3);
    expect((await lab.ask('/gateway/audit?include_bodies=true', 'HEAD')).status).toBe(200);
  });

  describe('the store is never asked for the bodies of many rows at once, whose text may be gigabytes', () => {
    const read = (path: string) => lab.ask(`/gateway/audit?include_bodies=true&success=false&${path}`);
    const idsOf = ({ entries }: Answer) => entries.map(({ request_id: id }) => id);
    let asked: number[];
    let failing: number;

    beforeEach(async () => {
      lab.record(
        ...variedRows(100).map((row) => ({ ...row, timestamp: SAMPLE_TIME, requestBody: 'a body' })),
      );
      await lab.ledger.flush();
      asked = [];
      failing = Number.POSITIVE_INFINITY;
      const audit: LedgerStore['audit'] = async (filter) => {
        if (filter.includeBodies) asked.push(filter.limit);
        if (asked.length > failing) throw new Error('the disk is gone');
        return lab.ledger.store.audit(filter);
      };
      lab.deps.ledger = { ...lab.ledger, store: { ...lab.ledger.store, audit } };
    });

    test.each([
      ['limit=1000', 16],
      ['limit=20', 16],
      ['limit=1000&include_binaries=true', 1],
      ['limit=20&offset=5', 16],
    ])('%s', async (query, most) => {
      const page = (await (await read(query)).json()) as Answer;
      const alone = (await (await lab.ask(`/gateway/audit?success=false&${query}`)).json()) as Answer;
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
    lab.record(...variedRows(150));
    const first = await lab.read('/gateway/audit');
    expect([first.entries.length, first.total, first.entries[0]?.request_id]).toEqual([100, 150, 'req_149']);
    const rest = await lab.read('/gateway/audit?offset=100&limit=1000');
    expect([rest.entries.length, rest.total, rest.entries[0]?.request_id]).toEqual([50, 150, 'req_49']);
  });

  test('"next" leads to older ones, which stay the same while others come', async () => {
    lab.record(...variedRows(25));
    const first = await lab.read('/gateway/audit?limit=10');
    expect(first.next).toMatch(/^\d+-\d+$/);
    lab.record(...variedRows(5, 25));
    const second = await lab.read(`/gateway/audit?limit=10&before=${first.next}`);
    expect([second.entries[0]?.request_id, second.total]).toEqual(['req_14', 30]);
    const third = await lab.read(`/gateway/audit?limit=10&before=${second.next}`);
    expect([third.entries.length, third.entries.at(-1)?.request_id, third.next]).toEqual([5, 'req_0', null]);
    // A page found by its offset leads on as well.
    const deep = await lab.read('/gateway/audit?limit=10&offset=10');
    expect((await lab.read(`/gateway/audit?limit=1&before=${deep.next}`)).entries[0]?.request_id).toBe(
      'req_9',
    );
    expect((await lab.read('/gateway/audit?limit=0')).next).toBeNull();
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
      lab.record(...rows);
      const wanted = rows.filter(matches).map((row) => row.requestId);
      expect(wanted.length).toBeWithin(1, 60);
      const { entries, total } = await lab.read(`/gateway/audit?${query}`);
      expect(entries.map((entry) => entry.request_id)).toEqual(wanted.reverse());
      expect(total).toBe(wanted.length);
    });
  }

  test('times: with and without zone, to the minute or the day', async () => {
    lab.record(sampleRow());
    const spellings = [
      '2026-01-02T03:04:05.678Z',
      '2026-01-02T03:04:05.678',
      '2026-01-02 03:04:05.678',
      '2026-01-02T04:04:05.678%2B01:00',
      '2026-01-02T04:04:05.678+01:00',
      '2026-01-01T22:04:05.678-05:00',
    ];
    for (const time of spellings) {
      const { total } = await lab.read(`/gateway/audit?start_time=${time}&end_time=${time}`);
      expect([time, total]).toEqual([time, 1]);
    }
    expect((await lab.read('/gateway/audit?start_time=2026-01-02&end_time=2026-01-02T03:05')).total).toBe(1);
    expect((await lab.read('/gateway/audit?start_time=2026-01-03')).total).toBe(0);
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
      const response = await lab.ask(`/gateway/audit?${query}`);
      expect(response.status).toBe(400);
      const { error } = (await response.json()) as { error: Record<string, string> };
      expect(error).toMatchObject({ code: 'invalid_request', param });
      expect(error.message).toStartWith(`${param}: `);
    });
  }

  test('a filter that is misspelt: the nearest is named', async () => {
    const response = await lab.ask('/gateway/audit?agentType=reviewer');
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('did you mean \\"agent_type\\"?');
  });

  test('without a ledger: 404 that says what to do', async () => {
    lab.deps.ledger = null;
    const response = await lab.ask('/gateway/audit');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      error: { code: 'audit_disabled', message: expect.stringContaining('audit.enabled') },
    });
  });
});
