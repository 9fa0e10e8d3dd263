// Sums of rows per hour and name, the form in which totals outlive the rows.
import type { LedgerRow } from './row.ts';
import type { Totals } from './store.ts';

const HOUR_MS = 3_600_000;

/** `hour` counts hours since 1970 (UTC); '' stands for "no name". */
export interface HourlySum extends Totals {
  hour: number;
  provider: string;
  model: string;
  agent: string;
  project: string;
}

/** One sum for each distinct (hour, provider, model, agent, project) among the rows. */
export function sumByHour(rows: Iterable<LedgerRow>): HourlySum[] {
  const sums = new Map<string, HourlySum>();
  for (const row of rows) {
    const hour = Math.floor(row.timestamp / HOUR_MS);
    const names = [row.provider ?? '', row.model ?? '', row.agentType ?? '', row.projectId ?? ''] as const;
    const key = JSON.stringify([hour, ...names]);
    let sum = sums.get(key);
    if (sum === undefined) {
      const [provider, model, agent, project] = names;
      sum = { hour, provider, model, agent, project, ...noTotals() };
      sums.set(key, sum);
    }
    add(sum, row);
  }
  return [...sums.values()];
}

export function noTotals(): Totals {
  return {
    requests: 0,
    failures: 0,
    costUsd: 0,
    unpriced: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    latencyMsSum: 0,
    ttftMsSum: 0,
    ttftCount: 0,
  };
}

function add(sum: Totals, row: LedgerRow): void {
  sum.requests += 1;
  if (row.status !== 'success') sum.failures += 1;
  if (row.usageKnown && row.costUsd === null) sum.unpriced += 1;
  sum.costUsd += row.costUsd ?? 0;
  sum.inputTokens += row.usage.inputTokens;
  sum.outputTokens += row.usage.outputTokens;
  sum.cacheReadTokens += row.usage.cacheReadTokens;
  sum.cacheWriteTokens += row.usage.cacheWriteTokens;
  sum.latencyMsSum += row.latencyMs;
  if (row.ttftMs !== null) {
    sum.ttftMsSum += row.ttftMs;
    sum.ttftCount += 1;
  }
}
