// In which time a page lies, without looking at the rows that are newer: by minutes, hours and days, whose matches are kept.
import { type Ask, type Cell, cellsIn, type CountedPart, type OfKinds, placesIn } from './cells.ts';
import type { AuditFilter } from '../store.ts';
import { timesOf } from '../sums/sum-spans.ts';

/**
 * How the rows are found fastest. `time`: most rows of the time match, or all: walk back through them. `kind`: few do:
 * gather and sort those of the kinds. `any`: as the store sees fit.
 */
export type PageOrder = 'time' | 'kind' | 'any';

/** Matches that are gathered without asking where they lie. */
export const FEW = 1000;

export interface Narrowed {
  from: number;
  until: number;
  /** Of the page, among the matches in that time. */
  offset: number;
  order: PageOrder;
  /** Nothing that matches is newer. */
  isNewest: boolean;
}

/** @param parts of the time that is asked for, newest first; there is a match in it. */
export async function narrow(
  ask: Ask,
  parts: readonly CountedPart[],
  kinds: OfKinds,
  filter: Pick<AuditFilter, 'limit' | 'offset'>,
): Promise<Narrowed> {
  const found = {
    from: 0,
    until: 0,
    offset: filter.offset,
    matches: 0,
    rows: 0,
    gaps: false,
    taken: 0,
    skipped: 0,
  };

  const isFull = (): boolean => found.matches >= found.offset + filter.limit;

  /** Newer cells come first. */
  const take = async (cell: Cell): Promise<void> => {
    const isFirst = found.taken === 0;
    if (isFirst && cell.matches <= found.offset) {
      found.offset -= cell.matches;
      found.skipped += cell.matches;
      return;
    }
    const isMore = found.matches + cell.matches > found.offset + filter.limit;
    // Where the page begins in a day, most of that may be newer: also when it goes on to the day before.
    if (cell.unit === 'day' && (isMore || (isFirst && found.offset > FEW))) {
      const hours = { unit: 'hour' as const, from: cell.from * 24, until: (cell.from + 1) * 24 };
      for await (const hour of placesIn(ask, hours, kinds)) {
        await take(hour);
        if (isFull()) return;
      }
      return;
    }
    const times = cell.unit === 'row' ? cell : timesOf(cell.unit, cell.from);
    if (isFirst) found.until = times.until;
    else if (times.until !== found.from) found.gaps = true;
    found.from = times.from;
    found.matches += cell.matches;
    found.rows += cell.rows;
    found.taken += 1;
  };

  for (const part of parts) {
    for await (const cell of cellsIn(ask, part, kinds)) {
      await take(cell);
      if (isFull()) break;
    }
    if (isFull()) break;
  }
  // Walking meets as many others between two matches as there are in that time.
  const walked = ((found.offset + filter.limit) * found.rows) / found.matches;
  const order: PageOrder = kinds === null || (!found.gaps && walked < found.matches) ? 'time' : 'kind';
  return {
    from: found.from,
    until: found.until,
    offset: found.offset,
    order,
    isNewest: found.skipped === 0,
  };
}
