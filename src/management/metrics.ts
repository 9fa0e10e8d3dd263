// GET /gateway/metrics: sums over all time, costs by name, and the newest requests.
import type { Dimension, LedgerStore, StoredRow, Totals } from '../ledger/store.ts';
import type { ManagementDeps } from './management.ts';
import { readFlag, readInteger } from './query.ts';

const RECENT_LIMIT = 20;
const MAX_RECENT = 1000;

/** Flag, whether it is on when not given, key of the answer, and what it asks the store. */
const BREAKDOWNS: readonly [flag: string, byDefault: boolean, key: string, dimension: Dimension][] = [
  ['include_provider', true, 'by_provider', 'provider'],
  ['include_model', true, 'by_model', 'model'],
  ['include_agent', false, 'by_agent', 'agent'],
  ['include_project', false, 'by_project', 'project'],
];

export async function readMetrics(deps: ManagementDeps, query: URLSearchParams): Promise<object> {
  const recentLimit = readInteger(query, 'recent_limit', { max: MAX_RECENT }) ?? RECENT_LIMIT;
  const wanted = BREAKDOWNS.filter(([flag, byDefault]) => readFlag(query, flag) ?? byDefault);
  // A client that asks right after its request finds it counted.
  await deps.ledger?.flush();
  const store = deps.ledger?.store ?? null;
  const [totals, recent, costs] = await Promise.all([
    store?.totals() ?? null,
    store?.recent(recentLimit) ?? [],
    Promise.all(wanted.map(async ([, , key, dimension]) => [key, await costBy(store, dimension)] as const)),
  ]);
  return {
    audit_enabled: store !== null,
    summary: summarise(totals),
    ...Object.fromEntries(costs),
    recent: recent.map(describeRecent),
  };
}

async function costBy(store: LedgerStore | null, dimension: Dimension): Promise<Record<string, number>> {
  return (await store?.costBy(dimension)) ?? {};
}

/** Averages and the rate are 0 where there is nothing to average. */
function summarise(totals: Totals | null): object {
  const requests = totals?.requests ?? 0;
  return {
    total_requests: requests,
    total_cost_usd: totals?.costUsd ?? 0,
    total_input_tokens: totals?.inputTokens ?? 0,
    total_output_tokens: totals?.outputTokens ?? 0,
    total_cache_write_tokens: totals?.cacheWriteTokens ?? 0,
    total_cache_read_tokens: totals?.cacheReadTokens ?? 0,
    avg_latency_ms: ratio(totals?.latencyMsSum, requests),
    avg_ttft_ms: ratio(totals?.ttftMsSum, totals?.ttftCount),
    error_rate: ratio(totals?.failures, requests),
    unpriced_requests: totals?.unpriced ?? 0,
  };
}

function ratio(sum: number | undefined, count: number | undefined): number {
  return sum === undefined || count === undefined || count === 0 ? 0 : sum / count;
}

function describeRecent(row: StoredRow): object {
  return {
    request_id: row.requestId,
    timestamp: new Date(row.timestamp).toISOString(),
    provider: row.provider,
    model: row.model,
    agent_type: row.agentType,
    operation: row.operation,
    input_tokens: row.usage.inputTokens,
    output_tokens: row.usage.outputTokens,
    cost_usd: row.costUsd,
    latency_ms: row.latencyMs,
    ttft_ms: row.ttftMs,
    status: row.status,
  };
}
