// docs/observability.md says what each field of a row is, and of an attempt; its alerts and graphs name metrics that there are.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_USAGE } from '../../src/model/usage.ts';
import { describeRow } from '../../src/management/audit-entry.ts';
import { sampleRow } from '../support/ledger-rows.ts';

const read = (name: string) => readFileSync(join(import.meta.dir, '../../docs', name), 'utf8');
const PAGE = read('observability.md');

/** What stands in the first column of the tables whose head begins so. */
function namesUnder(head: string): Set<string> {
  const [rows = ''] = PAGE.split('## `/gateway/metrics`');
  const tables = rows.split('\n\n').filter((part) => part.startsWith(`| ${head} |`));
  const cells = tables.flatMap((table) =>
    [...table.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell = '']) => cell),
  );
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)));
}

const attempt = {
  ...{
    provider: 'lab',
    model: 'small-1',
    status: 502,
    error: 'upstream_failed' as const,
    message: 'it failed',
  },
  ...{
    startedMs: 1,
    durationMs: 2,
    providerMs: 1,
    sentBytes: 3,
    key: '#2',
    skipped: 'busy' as const,
    hedge: true as const,
  },
  ...{ continued: 'prefilled' as const, usage: NO_USAGE, costUsd: null },
};
const row = describeRow({ ...sampleRow({ attempts: [attempt] }), id: 1 }, true) as { attempts: object[] };

test('every field of a row, and no other', () => {
  expect([...namesUnder('field')].sort()).toEqual(Object.keys(row).sort());
});

test('every field of an attempt, and no other', () => {
  expect([...namesUnder('field of an attempt')].sort()).toEqual(Object.keys(row.attempts[0] ?? {}).sort());
});

test('the metrics of the alerts, and those that are drawn', () => {
  const tables = PAGE.split('\n\n').filter((part) => part.startsWith('| expression |'));
  expect(tables).toHaveLength(2);
  for (const table of tables) {
    const metrics = [...table.matchAll(/\bsluice_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''));
    expect(metrics.length).toBeGreaterThan(5);
    for (const name of metrics) expect(read('metrics.md')).toContain(`| \`${name}\` |`);
  }
});
