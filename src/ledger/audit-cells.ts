// How many rows match a filter, by hour and by day: added up from what is kept of each kind, and counted from rows only
// where a time begins or ends within an hour.
import type { Condition } from './kind-filter.ts';
import { type RangePart, SPANS } from './sum-spans.ts';
import type { SumQuery } from './sum-queries.ts';

export type Ask = <Row>(query: SumQuery) => Promise<Row[]>;

/** A condition on the kind; null: rows of every kind. */
export type OfKinds = Condition | null;

/** Places asked for at once: few at first, for the newest page mostly lies in the newest, then ever more. */
const FIRST_PLACES = 2;
const MOST_PLACES = 64;

/** Of each part; `all`: of all time. */
export async function countMatches(
  ask: Ask,
  parts: readonly (RangePart | 'all')[],
  kinds: OfKinds,
): Promise<number[]> {
  const matches = (count: string) => `(SELECT COALESCE(${sumOfMatches(count, kinds)}, 0) FROM`;
  const counted = await ask<Record<string, number>>({
    sql: `SELECT ${parts
      .map((part, index) =>
        part !== 'all' && part.unit === 'row'
          ? `${matches('1')} ledger_row WHERE timestamp >= ? AND timestamp < ?) AS part_${index}`
          : `${matches('kept')} ledger_sum WHERE span = ? AND start >= ? AND start < ?) AS part_${index}`,
      )
      .join(', ')}`,
    values: parts.flatMap((part) => [...(kinds?.values ?? []), ...placeOf(part)]),
  });
  return parts.map((_, index) => Number(counted[0]?.[`part_${index}`] ?? 0));
}

/**
 * Not a condition on the rows: PostgreSQL would make a join of it, and ask for all kinds at each sum as long as it has no
 * statistics.
 */
function sumOfMatches(count: string, kinds: OfKinds): string {
  return kinds === null ? `SUM(${count})` : `SUM(CASE WHEN ${kinds.sql} THEN ${count} ELSE 0 END)`;
}

function placeOf(part: RangePart | 'all'): number[] {
  if (part === 'all') return [SPANS.all, 0, 1];
  const { unit, from, until } = part;
  return unit === 'row' ? [from, until] : [SPANS[unit], from, until];
}

/** One hour or day with matches in it, or a part of an hour. */
export interface Cell {
  unit: RangePart['unit'];
  from: number;
  until: number;
  matches: number;
  /** All rows in it. */
  rows: number;
}

/** The hours or days of a part that have matches, newest first; a part of rows is one cell. */
export async function* cellsIn(ask: Ask, part: RangePart, kinds: OfKinds): AsyncGenerator<Cell> {
  const { unit, from } = part;
  const matches = (count: string) => sumOfMatches(count, kinds);
  const values = kinds?.values ?? [];
  if (unit === 'row') {
    const sql = `SELECT COALESCE(${matches('1')}, 0) AS matches, COUNT(*) AS rows FROM ledger_row WHERE timestamp >= ? AND timestamp < ?`;
    const [counted] = await ask<Pick<Cell, 'matches' | 'rows'>>({
      sql,
      values: [...values, from, part.until],
    });
    if (counted !== undefined && counted.matches > 0) yield { ...counted, unit, from, until: part.until };
    return;
  }
  let { until } = part;
  for (let limit = FIRST_PLACES; ; limit = Math.min(2 * limit, MOST_PLACES)) {
    const places = await ask<{ start: number; matches: number; rows: number }>({
      sql:
        `SELECT start, ${matches('kept')} AS matches, SUM(kept) AS rows FROM ledger_sum ` +
        `WHERE span = ? AND start >= ? AND start < ? GROUP BY start HAVING ${matches('kept')} > 0 ` +
        'ORDER BY start DESC LIMIT ?',
      values: [...values, SPANS[unit], from, until, ...values, limit],
    });
    for (const { start, matches: count, rows } of places) {
      yield { unit, from: start, until: start + 1, matches: Number(count), rows: Number(rows) };
      until = start;
    }
    if (places.length < limit) return;
  }
}
