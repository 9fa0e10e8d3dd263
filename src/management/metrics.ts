// GET /gateway/metrics: sums over all time or a window, costs by name, each model's figures, the newest requests.
import type { Dimension, LedgerStore, StoredRow, SumWindow, Totals } from '../ledger/store.ts';
import { startOfWindow } from '../ledger/sum-spans.ts';
import type { ManagementDeps } from './management.ts';
import { describeModel, ratio } from './model-metrics.ts';
import { readFlag, readInteger, readSince, refuseUnknown } from './query.ts';

const RECENT_LIMIT = 20;
const MAX_RECENT = 1000;
/** Models told one by one: clients may ask for any name. */
const MAX_MODELS = 100;

/** Flag, whether it is on when not given, key of the answer, and what it asks the store. */
const BREAKDOWNS: readonly [flag: string, byDefault: boolean, key: string, dimension: Dimension][] = [
  ['include_provider', true, 'by_provider', 'provider'],
  ['include_model', true, 'by_model', 'model'],
  ['include_agent', false, 'by_agent', 'agent'],
  ['include_project', false, 'by_project', 'project'],
];

const PARAMETERS = ['since', 'recent_limit', ...BREAKDOWNS.map(([flag]) => flag)];

export async function readMetrics(deps: ManagementDeps, query: URLSearchParams): Promise<object> {
  refuseUnknown(query, PARAMETERS);
  const now = deps.now();
  const asked = readSince(query, 'since', now);
  const window: SumWindow = { since: asked === undefined ? null : startOfWindow(asked, now) };
  const recentLimit = readInteger(query, 'recent_limit', { max: MAX_RECENT }) ?? RECENT_LIMIT;
  const wanted = BREAKDOWNS.filter(([flag, byDefault]) => readFlag(query, flag) ?? byDefault);
  // A client that asks right after its request finds it counted.
  await deps.ledger?.flush();
  const store = deps.ledger?.store ?? null;
  const costs = async ([, , key, dimension]: (typeof BREAKDOWNS)[number]) =>
    [key, await costBy(store, dimension, window)] as const;
  const [totals, recent, costsByName, models] = await Promise.all([
    store?.totals(window) ?? null,
    store?.recent(recentLimit) ?? [],
    Promise.all(wanted.map(costs)),
    wanted.some(([, , , dimension]) => dimension === 'model')
      ? (store?.models(MAX_MODELS, window) ?? [])
      : null,
  ]);
  return {
    audit_enabled: store !== null,
    window: { since: window.since === null ? null : new Date(window.since).toISOString() },
    summary: summarise(totals),
    ...Object.fromEntries(costsByName),
    ...(models === null ? {} : { models: models.map(describeModel) }),
    recent: recent.map(describeRecent),
  };
}

async function costBy(
  store: LedgerStore | null,
  dimension: Dimension,
  window: SumWindow,
): Promise<Record<string, number>> {
  return (await store?.costBy(dimension, window)) ?? {};
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
