// Sums as a store returns them, a row for each combination of names, and how these add up.
import { type Costs, type Dimension, NO_TOTALS, type Totals } from '../store.ts';

const TOTAL_NAMES = Object.keys(NO_TOTALS) as (keyof Totals)[];

/** '' stands for no name. */
export type Group = Totals & Partial<Record<Dimension, string>>;

/** Sums of whole numbers may come as text: they may exceed the store's integers. */
export function withNumbers<G extends Group>(group: G): G {
  const totals: Totals = group;
  for (const name of TOTAL_NAMES) totals[name] = Number(totals[name]);
  return group;
}

export function add(sums: Totals, more: Totals): Totals {
  for (const name of TOTAL_NAMES) sums[name] += more[name];
  return sums;
}

export function addUp(groups: readonly Group[]): Totals {
  return groups.reduce<Totals>(add, { ...NO_TOTALS });
}

/** The cost of each name, the highest first. */
export function costsOf(groups: readonly Group[], dimensions: readonly Dimension[]): Costs {
  return Object.fromEntries(dimensions.map((dimension) => [dimension, costsBy(dimension, groups)]));
}

function costsBy(dimension: Dimension, groups: readonly Group[]): Record<string, number> {
  const costs = new Map<string, number>();
  for (const group of groups) {
    const name = group[dimension] ?? '';
    if (name !== '') costs.set(name, (costs.get(name) ?? 0) + group.costUsd);
  }
  return Object.fromEntries([...costs].sort(([one, a], [other, b]) => b - a || compare(one, other)));
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
