// Finds the time in which a page lies without reading newer rows, by the matches kept of minutes, hours and days.
import { type Ask, type Cell, cellsIn, type CountedPart, type OfKinds, placesIn } from './cells.ts';
import type { AuditFilter } from '../store.ts';
import { timesOf } from '../sums/sum-spans.ts';

/**
 * How the rows are found fastest. `time`: most or all rows in that time match, so walk back through them. `kind`: few do, so
 * gather and sort those of the kinds. `id`: only the rows stored last may match. `any`: the store chooses.
 */
export type PageOrder = 'time' | 'kind' | 'id' | 'any';

/** Up to this many matches are gathered without first finding where they lie. */
export const FEW = 1000;

export interface Narrowed {
  from: number;
  until: number;
  /** The offset of the page among the matches in that time. */
  offset: number;
  order: PageOrder;
  /** Whether no match is newer. */
  isNewest: boolean;
}

/** @param parts of the filter's time, newest first; they contain at least one match. */
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
    // Most of the day in which the page begins may be newer, also if the page continues into the day before.
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
  // Estimated as if matches were spread evenly among the rows of that time.
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
