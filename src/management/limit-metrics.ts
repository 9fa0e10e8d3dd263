// Budgets and rate limits, and how much of each is used, as metrics for Prometheus.
import type { Budget, RateLimit } from '../config/resolved.ts';
import type { BudgetState } from '../ledger/budgets/budget-book.ts';
import type { LimitState } from '../limits/limit-line.ts';
import { gauge, type Metric } from '../telemetry/metric.ts';

export function limitMetrics(budgets: readonly BudgetState[], rateLimits: readonly LimitState[]): Metric[] {
  return [
    budgetGauge(
      'limit_usd',
      'Limit of a budget for one period, in US dollars.',
      budgets,
      ({ budget }) => budget.limitUsd,
    ),
    budgetGauge(
      'spent_usd',
      'Spent from a budget in the current period, in US dollars.',
      budgets,
      ({ spentUsd }) => spentUsd,
    ),
    rateLimitGauge(
      'max',
      'Most requests or tokens in a period, or requests at the same time, that a rate limit lets pass.',
      rateLimits,
      ({ limit }) => limit.most,
    ),
    rateLimitGauge(
      'used',
      'Requests or tokens of a rate limit that are in use at this moment.',
      rateLimits,
      ({ used }) => used,
    ),
  ];
}

function budgetGauge(
  name: string,
  help: string,
  budgets: readonly BudgetState[],
  value: (state: BudgetState) => number,
): Metric {
  return limitGauge(
    { name: `sluice_budget_${name}`, help, labels: ['per'] },
    budgets.map((state) => ({
      labels: [state.budget.per],
      limit: state.budget,
      size: state.budget.limitUsd,
      value: value(state),
    })),
  );
}

function rateLimitGauge(
  name: string,
  help: string,
  limits: readonly LimitState[],
  value: (state: LimitState) => number,
): Metric {
  return limitGauge(
    { name: `sluice_rate_limit_${name}`, help, labels: ['kind', 'per'] },
    limits.map((state) => ({
      labels: [state.limit.kind, state.limit.per ?? ''],
      limit: state.limit,
      size: state.limit.most,
      value: value(state),
    })),
  );
}

interface LimitSample {
  labels: string[];
  limit: Budget | RateLimit;
  size: number;
  value: number;
}

/** @param metric whose labels come before those of the names. */
function limitGauge(
  metric: { name: string; help: string; labels: string[] },
  samples: readonly LimitSample[],
): Metric {
  const labelsOf = ({ labels, limit: { each, agent, project, provider, model } }: LimitSample) => [
    ...labels,
    ...[each, agent, project, provider, model].map((label) => label ?? ''),
  ];
  // Two limits may apply to a name on its own, one for all names and one for a glob: the smaller one counts.
  const binding = new Map<string, LimitSample>();
  for (const sample of samples) {
    const key = JSON.stringify(labelsOf(sample));
    if (sample.size < (binding.get(key)?.size ?? Number.POSITIVE_INFINITY)) binding.set(key, sample);
  }
  return gauge(
    { ...metric, labels: [...metric.labels, 'each', 'agent', 'project', 'provider', 'model'] },
    [...binding.values()].map((sample) => [labelsOf(sample), sample.value] as const),
  );
}
