// Sums as a store returns them, a row for each combination of names, and how these add up.
import { type Breakdowns, type Dimension, type NamedTotals, NO_TOTALS, type Totals } from '../store.ts';

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

export function breakdownsOf(groups: readonly Group[], dimensions: readonly Dimension[]): Breakdowns {
  return Object.fromEntries(dimensions.map((dimension) => [dimension, totalsBy(dimension, groups)]));
}

function totalsBy(dimension: Dimension, groups: readonly Group[]): NamedTotals[] {
  const found = new Map<string, Totals>();
  for (const group of groups) {
    const name = group[dimension] ?? '';
    const sums = found.get(name) ?? { ...NO_TOTALS };
    found.set(name, sums);
    add(sums, group);
  }
  const unnamed = found.get('');
  found.delete('');
  return [
    ...[...found]
      .map(([name, sums]) => ({ name, ...sums }))
      .sort((one, other) => other.costUsd - one.costUsd || compare(one.name, other.name)),
    ...(unnamed === undefined ? [] : [{ name: null, ...unnamed }]),
  ];
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
