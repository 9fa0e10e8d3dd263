// The sums of a window step by step, for a chart: one query to the store returns the sums of all steps by their names.
import type { Ask } from '../audit/cells.ts';
import type { SeriesPoint, SeriesRequest } from '../store.ts';
import { addUp, breakdownsOf, type Group, withNumbers } from './groups.ts';
import { selectSeries } from './sum-queries.ts';
import { timesOf } from './sum-spans.ts';

export async function seriesOf(ask: Ask, request: SeriesRequest): Promise<SeriesPoint[]> {
  const { step, by } = request;
  const groups = await ask<Group & { start: number }>(selectSeries(request, by));
  const steps = Map.groupBy(groups.map(withNumbers), ({ start }) => start);
  return [...steps]
    .sort(([one], [other]) => one - other)
    .map(([place, those]) => ({
      start: timesOf(step, place).from,
      totals: addUp(those),
      by: breakdownsOf(those, by),
    }));
}
