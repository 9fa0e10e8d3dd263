// What the meter makes of rows, as a parser of Prometheus' format reads it.
import { describe, expect, test } from 'bun:test';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { MAX_NAMES } from '../../src/telemetry/labels.ts';
import { type Counted, countedBy, createMeter, createTally } from '../../src/telemetry/meter.ts';
import { prometheusText } from '../../src/telemetry/prometheus-text.ts';
import { sampleRow, sampleUsage, variedRows } from '../support/ledger-rows.ts';
import { parsePrometheus } from '../support/prometheus.ts';

function seen(rows: readonly LedgerRow[]) {
  const meter = createMeter();
  for (const row of rows) meter.see(row);
  return parsePrometheus(prometheusText(meter.metrics));
}

/** By tallies of a few rows each, as they come from other processes. */
function tallied(rows: readonly LedgerRow[]) {
  const meter = createMeter();
  for (let at = 0; at < rows.length; at += 70) {
    const tally = createTally();
    for (const row of rows.slice(at, at + 70)) tally.see(row);
    meter.add(JSON.parse(JSON.stringify(countedBy(tally))) as Counted);
  }
  return parsePrometheus(prometheusText(meter.metrics));
}

const LAB = { provider: 'lab', model: 'small-1' };

describe.each([
  ['the meter', seen],
  ['the meter, told by tallies,', tallied],
])('%s', (_, metered) => {
  test('counts what a row has', () => {
    const usage = sampleUsage({
      cacheReadTokens: 3,
      cacheWriteTokens: 4,
      reasoningTokens: 5,
      webSearches: 2,
    });
    const attempt = { provider: 'lab', model: 'small-1', status: 200, error: null, durationMs: 1 };
    const page = metered([
      sampleRow({ usage, agentType: 'reviewer', projectId: 'site', queuedMs: 30, malformedEvents: 2 }),
      sampleRow({
        status: 'error',
        errorCode: 'upstream_overloaded',
        costUsd: null,
        attempts: [
          { ...attempt, error: 'upstream_overloaded' },
          { ...attempt, provider: 'spare', skipped: 'breaker_open', error: 'upstream_overloaded' },
        ],
      }),
    ]);
    const { value } = page;
    expect(value('sluice_requests_total', { ...LAB, operation: 'generate', status: 'success' })).toBe(1);
    expect(value('sluice_requests_total', { ...LAB, operation: 'generate', status: 'error' })).toBe(1);
    expect(value('sluice_request_errors_total', { provider: 'lab', code: 'upstream_overloaded' })).toBe(1);
    expect(value('sluice_attempts_total', { provider: 'lab', outcome: 'served' })).toBe(1);
    expect(value('sluice_attempts_total', { provider: 'spare', outcome: 'breaker_open' })).toBe(1);
    const tokens = { input: 200, output: 40, cache_read: 3, cache_write: 4, reasoning: 5 };
    for (const [type, count] of Object.entries(tokens))
      expect(value('sluice_tokens_total', { ...LAB, type })).toBe(count);
    expect(value('sluice_web_searches_total', LAB)).toBe(2);
    expect(value('sluice_cost_usd_total', LAB)).toBe(0.0025);
    expect(value('sluice_unpriced_requests_total', LAB)).toBe(1);
    expect(value('sluice_agent_requests_total', { agent: 'reviewer' })).toBe(1);
    expect(value('sluice_agent_cost_usd_total', { agent: 'reviewer' })).toBe(0.0025);
    expect(value('sluice_project_requests_total', { project: 'site' })).toBe(1);
    const own = { input: 100, output: 20, cache_read: 3, cache_write: 4, reasoning: 5 };
    for (const [type, count] of Object.entries(own)) {
      expect(value('sluice_agent_tokens_total', { agent: 'reviewer', type })).toBe(count);
      expect(value('sluice_project_tokens_total', { project: 'site', type })).toBe(count);
    }
    expect(value('sluice_malformed_events_total', { provider: 'lab' })).toBe(2);
    expect(value('sluice_queue_wait_seconds_sum', { provider: 'lab' })).toBe(0.03);
    expect(value('sluice_time_to_first_token_seconds_count', LAB)).toBe(2);
    expect(value('sluice_time_between_tokens_seconds_count', LAB)).toBe(38);
    expect(value('sluice_time_between_tokens_seconds_sum', LAB)).toBe(1.901);
  });

  test('a client that left is counted with what it had: its model, stalls, cost and the gateway’s share', () => {
    const left = { provider: 'lab', model: 'left-1' };
    const { timing } = sampleRow();
    const page = metered([
      sampleRow({
        ...left,
        status: 'aborted',
        projectId: 'site',
        ttftMs: null,
        timing: { ...timing, stalls: 3, gatewayMs: 12 },
      }),
      sampleRow({ projectId: 'site', timing: { ...timing, stalls: 0, gatewayMs: 30 } }),
      sampleRow({ projectId: 'free', costUsd: null }),
    ]);
    const { value } = page;
    expect(value('sluice_requests_total', { ...left, operation: 'generate', status: 'aborted' })).toBe(1);
    expect(value('sluice_project_cost_usd_total', { project: 'site' })).toBe(0.005);
    expect(value('sluice_project_cost_usd_total', { project: 'free' })).toBe(0);
    const stalled = page.samples.filter(({ name }) => name === 'sluice_stream_stalls_total');
    expect(stalled.map(({ labels, value: count }) => [labels.model, count])).toEqual([['left-1', 3]]);
    expect(value('sluice_gateway_time_seconds_sum', {})).toBeCloseTo(0.042 + timing.gatewayMs / 1_000, 9);
    const first = page.samples.filter(({ name }) => name === 'sluice_time_to_first_token_seconds_count');
    expect(first.map(({ labels }) => labels.model)).toEqual(['small-1']);
  });

  test('a wait for room counts at the provider that was waited for, also in vain', () => {
    const attempt = { provider: 'lab', model: 'small-1', status: 200, error: null, durationMs: 900 };
    const busy = {
      ...attempt,
      provider: 'full',
      status: null,
      error: 'rate_limited',
      skipped: 'busy',
    } as const;
    const { value, samples } = metered([
      sampleRow({ queuedMs: 5_000, attempts: [{ ...busy, durationMs: 5_000 }, attempt] }),
      sampleRow({ queuedMs: 2_250, attempts: [{ ...busy, durationMs: 2_000 }, attempt] }),
      sampleRow({ queuedMs: null, attempts: [{ ...busy, durationMs: 0 }, attempt] }),
    ]);
    const sums = samples.filter(({ name }) => name === 'sluice_queue_wait_seconds_sum');
    expect(sums.map(({ labels, value: sum }) => [labels.provider, sum])).toEqual([
      ['full', 7],
      ['lab', 0.25],
    ]);
    expect(value('sluice_queue_wait_seconds_count', { provider: 'full' })).toBe(2);
    expect(value('sluice_queue_wait_seconds_count', { provider: 'lab' })).toBe(1);
  });

  test('three waits in vain are three, though their fractions do not add up', () => {
    const waits = [21.7, 96.5, 43.60000000000001];
    const attempts = waits.map((durationMs) => ({
      ...{ provider: 'full', model: 'small-1', status: null, error: 'rate_limited', skipped: 'busy' },
      durationMs,
    }));
    const { samples } = metered([
      sampleRow({ queuedMs: 161.8, attempts: attempts as LedgerRow['attempts'] }),
    ]);
    const counts = samples.filter(({ name }) => name === 'sluice_queue_wait_seconds_count');
    expect(counts.map(({ labels, value: count }) => [labels.provider, count])).toEqual([['full', 3]]);
  });

  test('histograms: each duration is in every bucket that ends behind it', () => {
    const durations = [0.2, 1.5, 3, 100, 1_000, 5_000, 200_000];
    const page = metered(durations.map((latencyMs) => sampleRow({ latencyMs })));
    expect(page.types.sluice_request_duration_seconds).toBe('HISTOGRAM');
    const buckets = page.samples.filter(({ name }) => name === 'sluice_request_duration_seconds_bucket');
    expect(buckets).toHaveLength(19);
    for (const { labels, value } of buckets) {
      const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le) * 1_000;
      expect([labels.le, value]).toEqual([labels.le, durations.filter((ms) => ms <= bound).length]);
    }
    expect(page.value('sluice_request_duration_seconds_count', LAB)).toBe(durations.length);
    expect(page.value('sluice_request_duration_seconds_sum', LAB)).toBeCloseTo(206.1047, 9);
  });

  test('sums over labels are the sums over rows, however many names there are', () => {
    const rows = variedRows(2_000).map((row, index) => ({ ...row, model: `model-${index % 700}` }));
    const page = metered(rows);
    const total = (name: string) =>
      page.samples.filter((sample) => sample.name === name).reduce((sum, { value }) => sum + value, 0);
    expect(total('sluice_requests_total')).toBe(2_000);
    expect(total('sluice_cost_usd_total')).toBeCloseTo(
      rows.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0),
      6,
    );
    expect(total('sluice_request_duration_seconds_count')).toBe(2_000);
  });

  test('a client cannot make series without end', () => {
    const invented = (name: string, changes: Partial<LedgerRow>) =>
      Array.from({ length: 3_000 }, (_, index) =>
        sampleRow({
          model: `${name}-${index}`,
          agentType: `${name}-${index}`,
          projectId: `${name}-${index}`,
          ...changes,
        }),
      );
    const page = metered([
      ...invented('served', {}),
      ...invented('refused', { status: 'error', usageKnown: false, errorCode: 'unknown_model' }),
      ...invented('nowhere', { status: 'error', usageKnown: false, provider: null }),
    ]);
    for (const label of ['model', 'agent', 'project']) {
      const values = new Set(page.samples.flatMap(({ labels }) => labels[label] ?? []));
      expect(values.size).toBe(MAX_NAMES + 1);
      expect(values.has('other')).toBe(true);
    }
    expect(page.samples.length).toBeLessThan(MAX_NAMES * 100);
  });

  test('names that nobody served take no place', () => {
    const refused = Array.from({ length: 500 }, (_, index) =>
      sampleRow({ model: `typo-${index}`, status: 'error', usageKnown: false }),
    );
    const page = metered([...refused, sampleRow()]);
    expect(page.value('sluice_requests_total', { model: 'other' })).toBe(500);
    expect(page.value('sluice_requests_total', LAB)).toBe(1);
  });

  test('names that read the same are one series', () => {
    const agents = ['x\ud83e', 'x\ud83d', `${'m'.repeat(127)}\ud83e\udd9d`, `${'m'.repeat(127)}\ud83d\ude00`];
    const page = metered(agents.map((agentType) => sampleRow({ agentType })));
    const read = page.samples.flatMap(({ name, labels }) =>
      name === 'sluice_agent_requests_total' ? [labels] : [],
    );
    expect(read.map(({ agent }) => agent)).toEqual(['x\ufffd', `${'m'.repeat(127)}\ufffd`]);
  });

  test('counted tokens are requests and nothing else', () => {
    const page = metered([sampleRow({ operation: 'count-tokens' })]);
    expect(page.value('sluice_requests_total', { operation: 'count-tokens' })).toBe(1);
    expect(page.samples.filter(({ name }) => !/requests_total|attempts_total/.test(name))).toEqual([]);
  });

  for (const name of [
    'a"b',
    'back\\slash',
    'line\nend',
    '\\n',
    '\\"',
    'brace}{',
    'comma,=',
    'größer 🦭',
    ' ',
  ]) {
    test(`a name comes back as it was: ${JSON.stringify(name)}`, () => {
      const page = metered([sampleRow({ model: name, agentType: name })]);
      expect(page.value('sluice_requests_total', { provider: 'lab', model: name })).toBe(1);
      expect(page.value('sluice_agent_requests_total', { agent: name })).toBe(1);
    });
  }
});
