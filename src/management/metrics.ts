// GET /gateway/metrics: totals of all time or of a window, by name and by model, and the newest requests.
import type { Budget, RateLimit } from '../config/resolved.ts';
import { periodAt } from '../model/calendar-period.ts';
import { compileGlob } from '../model/glob.ts';
import type { BudgetState } from '../ledger/budgets/budget-book.ts';
import { flushed } from './flushed.ts';
import {
  type Breakdowns,
  type Dimension,
  type LedgerStore,
  NO_TOTALS,
  type StoredRow,
  type SumWindow,
  type Totals,
} from '../ledger/store.ts';
import { startOfWindow } from '../ledger/sums/sum-spans.ts';
import type { LimitState } from '../limits/limit-line.ts';
import type { ManagementDeps } from './management.ts';
import { describeModel, describeSums, ratio } from './model-metrics.ts';
import { readFlag, readInteger, readSince, refuseUnknown } from './query.ts';
import { readSteps, withoutGaps } from './series.ts';
import type { Budget as BudgetEntry, Figures, RateLimit as LimitEntry } from './shapes.ts';

const RECENT_LIMIT = 20;
const MAX_RECENT = 1000;
/** The most models that are listed one by one: clients may ask for any name. */
const MAX_MODELS = 100;

/** A flag, whether it is on by default, the answer's key, and the store's dimension. */
type Breakdown = readonly [flag: string, byDefault: boolean, key: string, dimension: Dimension];
const BREAKDOWNS: readonly Breakdown[] = [
  ['include_provider', true, 'by_provider', 'provider'],
  ['include_model', true, 'by_model', 'model'],
  ['include_agent', false, 'by_agent', 'agent'],
  ['include_project', false, 'by_project', 'project'],
];

const PARAMETERS = ['since', 'step', 'recent_limit', ...BREAKDOWNS.map(([flag]) => flag)];

/** @param project the only one whose figures are shown; null for all. */
export async function readMetrics(
  deps: ManagementDeps,
  query: URLSearchParams,
  project: string | null,
): Promise<object> {
  refuseUnknown(query, PARAMETERS);
  const now = deps.now();
  const asked = readSince(query, 'since', now);
  const { retentionMs } = deps.config().audit;
  const of = project === null ? {} : { project };
  const window: SumWindow = {
    since: asked === undefined ? null : startOfWindow(asked, now, retentionMs),
    ...of,
  };
  const steps = readSteps(query, window, now);
  const recentLimit = readInteger(query, 'recent_limit', { max: MAX_RECENT }) ?? RECENT_LIMIT;
  const wanted = BREAKDOWNS.filter(([flag, byDefault]) => readFlag(query, flag) ?? byDefault);
  // For each step, the default breakdowns would be large and slow to read.
  const wantedOfSteps = BREAKDOWNS.filter(([flag]) => readFlag(query, flag) === true);
  await flushed(deps);
  const store = deps.ledger?.store ?? null;
  const by = dimensionsOf(wanted);
  // The times of models are those of all requests together.
  const withModels = by.includes('model') && project === null;
  const [summary, series, recent] = await Promise.all([
    store?.summary({ window, by, models: withModels ? MAX_MODELS : 0 }) ?? null,
    (steps && store?.series({ ...steps, ...of, by: dimensionsOf(wantedOfSteps) })) ?? [],
    (store && newest(store, recentLimit, project)) ?? [],
  ]);
  return {
    audit_enabled: store !== null,
    window: { since: window.since === null ? null : new Date(window.since).toISOString() },
    summary: summarise(summary?.totals ?? NO_TOTALS),
    ...costsBy(wanted, summary?.by),
    ...(steps === undefined
      ? {}
      : {
          series: withoutGaps(series, steps, window.since === null).map((point) => ({
            start: new Date(point.start).toISOString(),
            ...summarise(point.totals),
            ...costsBy(wantedOfSteps, point.by),
            ...figuresBy(dimensionsOf(wantedOfSteps), point.by),
          })),
        }),
    ...(deps.config().costs.budgets.length > 0
      ? {
          budgets: budgetsOf(project, deps).map(describeBudget),
        }
      : {}),
    ...(deps.config().rateLimits.length > 0
      ? {
          rate_limits: limitsOf(project, deps, await deps.rateLimits()).map(describeLimit),
        }
      : {}),
    ...(withModels ? { models: (summary?.models ?? []).map(describeModel) } : {}),
    ...figuresBy(
      by.filter((dimension) => dimension !== 'model' || !withModels),
      summary?.by,
    ),
    recent: recent.map(describeRecent),
  };
}

async function newest(store: LedgerStore, limit: number, project: string | null): Promise<StoredRow[]> {
  if (project === null || limit === 0) return store.recent(limit);
  return (await store.audit({ projectId: project, limit, offset: 0, includeBodies: false })).rows;
}

function budgetsOf(project: string | null, { budgets, config, now }: ManagementDeps): BudgetState[] {
  const states = budgets();
  if (project === null) return states;
  const own = states.filter(({ budget }) => isOf(project, budget));
  const known = own.map(({ budget }) => budget);
  return [
    ...own,
    ...unused(project, config().costs.budgets, known).map((budget) => ({
      budget,
      ...periodAt(budget.per, now()),
      spentUsd: 0,
      unpriced: 0,
    })),
  ];
}

function limitsOf(
  project: string | null,
  { config }: ManagementDeps,
  states: readonly LimitState[],
): Pick<LimitState, 'limit' | 'used' | 'isReached'>[] {
  if (project === null) return [...states];
  const own = states.filter(({ limit }) => isOf(project, limit));
  const known = own.map(({ limit }) => limit);
  const others = unused(project, config().rateLimits, known);
  return [...own, ...others.map((limit) => ({ limit, used: 0, isReached: false }))];
}

/** A budget or limit that the project shares would tell of others, and so would one whose project is a pattern. */
function isOf(project: string, whose: Budget | RateLimit): boolean {
  return whose.project === project && !isPattern(project);
}

const isPattern = (project: string) => project.includes('*');

/** A budget or limit that the project has for itself and has not used yet has no state. */
function unused<Each extends Budget | RateLimit>(
  project: string,
  all: readonly Each[],
  known: readonly Each[],
): Each[] {
  if (isPattern(project)) return [];
  return all
    .filter((one) => one.each === 'project' && compileGlob(one.project ?? '*')(project))
    .map((one) => ({ ...one, project }))
    .filter((one) => !known.some((other) => isSame(one, other)));
}

function isSame(one: Budget | RateLimit, other: Budget | RateLimit): boolean {
  const sorted = (of: object) => JSON.stringify(Object.entries(of).sort());
  return sorted(one) === sorted(other);
}

function dimensionsOf(breakdowns: readonly Breakdown[]): Dimension[] {
  return breakdowns.map(([, , , dimension]) => dimension);
}

/** The cost of each name in these breakdowns. */
function costsBy(breakdowns: readonly Breakdown[], by: Breakdowns = {}): object {
  return Object.fromEntries(
    breakdowns.map(([, , key, dimension]) => [
      key,
      Object.fromEntries(
        (by[dimension] ?? []).flatMap(({ name, costUsd }) => (name === null ? [] : [[name, costUsd]])),
      ),
    ]),
  );
}

/** All figures of each name, under `projects` and the like. */
function figuresBy(dimensions: readonly Dimension[], by: Breakdowns = {}): object {
  return Object.fromEntries(
    dimensions.map((dimension) => [
      `${dimension}s`,
      (by[dimension] ?? []).map(({ name, ...totals }) => ({ [dimension]: name, ...describeSums(totals) })),
    ]),
  );
}

/** Averages and the rate are 0 where nothing was counted. */
function summarise(totals: Totals): Figures {
  return {
    total_requests: totals.requests,
    total_cost_usd: totals.costUsd,
    total_input_tokens: totals.inputTokens,
    total_output_tokens: totals.outputTokens,
    total_cache_write_tokens: totals.cacheWriteTokens,
    total_cache_read_tokens: totals.cacheReadTokens,
    avg_latency_ms: ratio(totals.latencyMsSum, totals.requests),
    avg_ttft_ms: ratio(totals.ttftMsSum, totals.ttftCount),
    error_rate: ratio(totals.failures, totals.requests),
    unpriced_requests: totals.unpriced,
  };
}

function describeBudget({ budget, start, end, spentUsd, unpriced }: BudgetState): BudgetEntry {
  const { limitUsd, per } = budget;
  return {
    limit_usd: limitUsd,
    per,
    ...whoseIs(budget),
    spent_usd: spentUsd,
    is_spent: spentUsd >= limitUsd,
    unpriced_requests: unpriced,
    since: new Date(start).toISOString(),
    until: new Date(end).toISOString(),
  };
}

function describeLimit({
  limit,
  used,
  isReached,
}: Pick<LimitState, 'limit' | 'used' | 'isReached'>): LimitEntry {
  const { kind, most, per } = limit;
  return {
    [kind]: most,
    ...(per === null ? {} : { per }),
    ...whoseIs(limit),
    used,
    is_reached: isReached,
  };
}

function whoseIs({ each, agent, project, provider, model }: Budget | RateLimit): object {
  const named = Object.entries({ each, agent, project, provider, model })
    .filter(([, name]) => name !== null)
    // Where everyone has a limit of their own, the empty name means requests that name none.
    .map(([what, name]) => [what, name === '' ? null : name]);
  return Object.fromEntries(named);
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
