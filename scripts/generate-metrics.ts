// `npm run generate`: writes the list of metrics, as the gateway itself has them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stateMetrics } from '../src/management/prometheus.ts';
import { createMeter } from '../src/telemetry/meter.ts';
import type { Metric } from '../src/telemetry/metric.ts';

const file = 'docs/metrics.md';
writeFileSync(join(import.meta.dir, '..', file), renderMetricsPage());
console.log(file);

function renderMetricsPage(): string {
  const state = stateMetrics({
    version: '',
    startedAt: 0,
    providers: [],
    connections: [],
    running: [],
    workers: undefined,
    budgets: [],
    rateLimits: [],
    ledger: { ok: true, queued: 0, spilled: 0, spilledBytes: 0, dropped: 0 },
    log: { ok: true, dropped: 0 },
    descriptors: { ok: true, open: 0, limit: 0 },
    remoteCount: { ok: true },
    tls: { validUntil: 0 },
  });
  return [
    '# Metrics for Prometheus',
    '',
    'Generated from the code by `npm run generate`; [observability.md](observability.md) explains how they are counted.',
    '',
    '## Since the start',
    '',
    ...table(createMeter().metrics),
    '',
    '## At this moment',
    '',
    ...table(state),
    '',
  ].join('\n');
}

function table(metrics: readonly Metric[]): string[] {
  const rows = metrics.map(({ name, type, labels, help }) => {
    const labelList = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${labelList} | ${help} |`;
  });
  return ['| metric | type | labels | what it is |', '|---|---|---|---|', ...rows];
}
