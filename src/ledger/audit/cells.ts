// Counts the rows that match a filter, by minute, hour and day: from the sums of each kind, and from the rows only where
// a range begins or ends within a minute, or within an hour whose minutes are no longer kept.
import type { Condition } from './kind-filter.ts';
import type { SqlValue } from '../rows/row-columns.ts';
import { HOUR_MS, type RangePart, spanOf, SPANS, type SumUnit } from '../sums/sum-spans.ts';
import type { SumQuery } from '../sums/sum-queries.ts';

export type Ask = <Row>(query: SumQuery) => Promise<Row[]>;

/** A condition on the kind; null stands for rows of every kind. */
export type OfKinds = Condition | null;

/** The same kinds, as a condition on sums and on rows. */
export interface Matching {
  sums: OfKinds;
  rows: OfKinds;
}

/** How many places are read at once: few at first, as the first page mostly lies in the newest ones, then ever more. */
const FIRST_PLACES = 2;
const MOST_PLACES = 64;

/** Counts the matches of each part; the part `all` is all time. */
export async function countMatches(
  ask: Ask,
  parts: readonly (RangePart | 'all')[],
  matching: Matching,
): Promise<number[]> {
  const counts = parts.map((part) => countOf(part, matching));
  const [counted] = await ask<Record<string, number>>({
    sql: `SELECT ${counts.map(({ sql }, index) => `${sql} AS part_${index}`).join(', ')}`,
    values: counts.flatMap(({ values }) => values),
  });
  return parts.map((_, index) => Number(counted?.[`part_${index}`] ?? 0));
}

function countOf(part: RangePart | 'all', { sums, rows }: Matching): SumQuery {
  if (part === 'all') return countInSums(SPANS.all, 0, 1, sums);
  const { unit, from, until } = part;
  if (unit !== 'row') return countInSums(spanOf(unit), from, until, sums);
  if (until - from <= HOUR_MS / 2) return countRows(from, until, rows);
  // For most of an hour, the remainder is counted and subtracted from the whole hour.
  const hour = Math.floor(from / HOUR_MS);
  const counts = [
    countInSums(SPANS.hour, hour, hour + 1, sums),
    countRows(hour * HOUR_MS, from, rows),
    countRows(until, (hour + 1) * HOUR_MS, rows),
  ];
  return {
    sql: `(${counts.map(({ sql }) => sql).join(' - ')})`,
    values: counts.flatMap(({ values }) => values),
  };
}

function countInSums(span: number, from: number, until: number, kinds: OfKinds): SumQuery {
  return {
    sql: `(SELECT COALESCE(${sumOfKept(kinds)}, 0) FROM ledger_sum WHERE span = ? AND start >= ? AND start < ?)`,
    values: [...(kinds?.values ?? []), span, from, until],
  };
}

function countRows(from: number, until: number, kinds: OfKinds): SumQuery {
  const values: SqlValue[] = [from, until, ...(kinds?.values ?? [])];
  const matches = kinds === null ? '' : ` AND ${kinds.sql}`;
  return {
    sql: `(SELECT COUNT(*) FROM ledger_row WHERE timestamp >= ? AND timestamp < ?${matches})`,
    values,
  };
}

/**
 * Not a condition in WHERE: PostgreSQL would make it a join, and look up all kinds for each sum as long as it has no
 * statistics.
 */
function sumOfKept(kinds: OfKinds): string {
  return kinds === null ? 'SUM(kept)' : `SUM(CASE WHEN ${kinds.sql} THEN kept ELSE 0 END)`;
}

/** A place with matches, or a part of an hour. */
export interface Cell {
  unit: RangePart['unit'];
  from: number;
  until: number;
  matches: number;
  /** All rows in it; an estimate for a part of an hour. */
  rows: number;
}

/** A part of a range, and how many rows of it match. */
export type CountedPart = RangePart & { matches: number };

/** The places of a part that have matches, newest first. A part that consists of rows is one cell. */
export async function* cellsIn(ask: Ask, part: CountedPart, kinds: OfKinds): AsyncGenerator<Cell> {
  if (part.matches === 0) return;
  if (part.unit === 'row') yield { ...part, rows: await rowsAbout(ask, part) };
  else yield* placesIn(ask, { ...part, unit: part.unit }, kinds);
}

/** Assumes that rows came evenly, since it takes long to count those of a busy hour. */
async function rowsAbout(ask: Ask, { from, until, matches }: CountedPart): Promise<number> {
  const hour = Math.floor(from / HOUR_MS);
  const [inHour = 0] = await countMatches(ask, [{ unit: 'hour', from: hour, until: hour + 1 }], ALL_KINDS);
  return Math.max(matches, (inHour * (until - from)) / HOUR_MS);
}

const ALL_KINDS: Matching = { sums: null, rows: null };

interface Places {
  unit: SumUnit;
  from: number;
  until: number;
}

export async function* placesIn(
  ask: Ask,
  { unit, from, until: end }: Places,
  kinds: OfKinds,
): AsyncGenerator<Cell> {
  const values = kinds?.values ?? [];
  let until = end;
  for (let limit = FIRST_PLACES; ; limit = Math.min(2 * limit, MOST_PLACES)) {
    const places = await ask<{ start: number; matches: number; rows: number }>({
      sql:
        `SELECT start, ${sumOfKept(kinds)} AS matches, SUM(kept) AS rows FROM ledger_sum ` +
        `WHERE span = ? AND start >= ? AND start < ? GROUP BY start HAVING ${sumOfKept(kinds)} > 0 ` +
        'ORDER BY start DESC LIMIT ?',
      values: [...values, spanOf(unit), from, until, ...values, limit],
    });
    for (const { start, matches: count, rows } of places) {
      yield { unit, from: start, until: start + 1, matches: Number(count), rows: Number(rows) };
      until = start;
    }
    if (places.length < limit) return;
  }
}
