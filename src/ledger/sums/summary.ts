// The sums of a window as the pages show them: totals, the sums of each name, and the most used models. One query to the store returns the
// sums by names, and they are added up here.
import type { PeriodBounds } from '../../model/calendar-period.ts';
import type { Ask } from '../audit/cells.ts';
import type { Spending } from '../budgets/budget-book.ts';
import { add, addUp, breakdownsOf, compare, type Group, withNumbers } from './groups.ts';
import { type ModelName, type PackedHistograms, withHistograms } from './histogram-tally.ts';
import { type Dimension, NO_TOTALS, type Summary, type SummaryRequest, type Totals } from '../store.ts';
import { newestMinute, selectHistograms, selectTotals } from './sum-queries.ts';
import { HOUR_MS } from './sum-spans.ts';

export async function summarise(ask: Ask, { window, by, models }: SummaryRequest): Promise<Summary> {
  const dimensions = new Set<Dimension>([...by, ...(models > 0 ? (['provider', 'model'] as const) : [])]);
  const newest = isWholeHours(window) ? null : await newestMinute(ask);
  const groups = (await ask<Group>(selectTotals(window, [...dimensions], newest))).map(withNumbers);
  const most = mostAsked(groups, models);
  const histograms =
    most.length === 0 ? [] : await ask<ModelName & PackedHistograms>(selectHistograms(most, window));
  return {
    totals: addUp(groups),
    by: breakdownsOf(groups, by),
    models: withHistograms(most, histograms),
  };
}

export async function totalsOf(ask: Ask, window: SummaryRequest['window']): Promise<Totals> {
  return (await summarise(ask, { window, by: [], models: 0 })).totals;
}

/** Periods consist of whole hours. What a fast clock recorded as spent in a later period does not count yet. */
export async function spendingIn(ask: Ask, { start, end }: PeriodBounds): Promise<Spending[]> {
  const window = { since: start, until: end };
  const groups = await ask<Group>(selectTotals(window, ['provider', 'model', 'agent', 'project'], null));
  return groups.map(withNumbers).map(({ provider, model, agent, project, costUsd, unpriced }) => ({
    provider: provider ?? null,
    model: model ?? null,
    agentType: agent ?? null,
    projectId: project ?? null,
    costUsd,
    unpriced,
  }));
}

function isWholeHours({ since }: SummaryRequest['window']): boolean {
  return since === null || since % HOUR_MS === 0;
}

/** Only models with requests that a provider answered or refused. */
function mostAsked(groups: readonly Group[], limit: number): (Totals & ModelName)[] {
  const found = new Map<string, Totals & ModelName>();
  if (limit === 0) return [];
  for (const group of groups) {
    const { provider = '', model = '' } = group;
    if (provider === '' || model === '') continue;
    // A provider's name contains no slash.
    const key = `${provider}/${model}`;
    const sums = found.get(key) ?? { ...NO_TOTALS, provider, model };
    add(sums, group);
    found.set(key, sums);
  }
  return [...found.values()]
    .sort((a, b) => b.requests - a.requests || compare(a.provider, b.provider) || compare(a.model, b.model))
    .slice(0, limit);
}
