// Where a page of the audit lies. How many rows match is added up from what is kept by hour and day, and so is where
// in time the page begins and ends: only the rows of those hours are looked through, however many others there are.
import { type Ask, type Cell, cellsIn, countMatches, type OfKinds } from './audit-cells.ts';
import { type AmongKinds, type Condition, hiddenOfFilter, inKinds, kindsOfFilter } from './kind-filter.ts';
import type { SqlValue } from './row-columns.ts';
import type { AuditFilter, RowPlace } from './store.ts';
import { partsOfRange, type RangePart, timesOf } from './sum-spans.ts';

/** For a SELECT on `ledger_row`. */
export interface Where {
  sql: string;
  values: SqlValue[];
}

export interface AuditPage {
  /** How many rows match the filter, wherever they lie. */
  total: number;
  /** How many of them lie in the page or behind it. */
  left: number;
  /** What to select, newest first; null: the page is empty. */
  rows: { where: Where; limit: number; offset: number; order: PageOrder } | null;
}

/**
 * How the rows are found fastest. `time`: most rows of the time match, or all: walk back through them. `kind`: few do:
 * gather and sort those of the kinds. `any`: as the store sees fit.
 */
export type PageOrder = 'time' | 'kind' | 'any';

/** Matches that are gathered without asking where they lie. */
const FEW = 1000;

/** @param among for the rows of the page. */
export async function findPage(ask: Ask, filter: AuditFilter, among: AmongKinds): Promise<AuditPage> {
  const { before, ...all } = filter;
  if (before === undefined) return locate(ask, all, among);
  const { total } = await locate(ask, { ...all, limit: 0 }, among);
  const { startTime = Number.NEGATIVE_INFINITY, endTime = Number.POSITIVE_INFINITY } = all;
  if (before.timestamp < startTime) return { total, left: 0, rows: null };
  if (before.timestamp > endTime) return { ...(await locate(ask, all, among)), total };
  // The page begins at that row's millisecond, behind what has been listed of it.
  const offset = await countListed(ask, all, among, before);
  const page = await locate(ask, { ...all, endTime: before.timestamp, offset }, among);
  return { ...page, total };
}

/** Matches in the millisecond of that row which are not behind it; the row itself is one. */
function countListed(
  ask: Ask,
  filter: AuditFilter,
  among: AmongKinds,
  { timestamp, id }: RowPlace,
): Promise<number> {
  const matching = eitherOf(kindsOfFilter(filter, among), hiddenOfFilter(filter));
  const { requestId } = filter;
  const where = whereOf({
    from: timestamp,
    until: timestamp + 1,
    matching,
    ...(requestId !== undefined && { requestId }),
  });
  return countRows(ask, { sql: `${where.sql} AND id >= ?`, values: [...where.values, id] });
}

async function locate(ask: Ask, filter: AuditFilter, among: AmongKinds): Promise<AuditPage> {
  const { limit, offset, requestId } = filter;
  // Times are whole milliseconds.
  const from = filter.startTime === undefined ? null : Math.ceil(filter.startTime);
  const until = filter.endTime === undefined ? null : Math.floor(filter.endTime) + 1;
  const kinds = kindsOfFilter(filter, inKinds);
  const named = kindsOfFilter(filter, among);
  const hidden = hiddenOfFilter(filter);
  const matching = eitherOf(named, hidden);
  if (requestId !== undefined) {
    const where = whereOf({ from, until, matching, requestId });
    const total = await countRows(ask, where);
    return { total, left: total - offset, rows: { where, limit, offset, order: 'any' } };
  }
  const parts = partsOfRange({ from, until });
  const counts = await countMatches(ask, from === null && until === null ? ['all'] : parts, kinds);
  const others = hidden === null ? 0 : await countRows(ask, whereOf({ from, until, matching: hidden }));
  const total = counts.reduce((sum, count) => sum + count, others);
  const left = Math.max(0, total - offset);
  if (limit === 0 || left === 0) return { total, left, rows: null };
  if (others > 0) {
    const where = whereOf({ from, until, matching });
    return { total, left, rows: { where, limit, offset, order: 'any' } };
  }
  if (kinds === null ? offset === 0 : total <= FEW) {
    const where = whereOf({ from, until, matching: named });
    return { total, left, rows: { where, limit, offset, order: kinds === null ? 'time' : 'kind' } };
  }
  const found = await narrow(ask, parts, kinds, filter);
  // The newest page goes on to the newest row.
  const where = whereOf({ from: found.from, until: found.isNewest ? until : found.until, matching: named });
  return { total, left, rows: { where, limit, offset: found.offset, order: found.order } };
}

/** Rows of these kinds, and those that a kind hides. */
function eitherOf(kinds: OfKinds, hidden: Condition | null): Condition | null {
  if (kinds === null || hidden === null) return kinds;
  return { sql: `(${kinds.sql} OR (${hidden.sql}))`, values: [...kinds.values, ...hidden.values] };
}

async function countRows(ask: Ask, { sql, values }: Where): Promise<number> {
  const [counted] = await ask<{ total: number }>({
    sql: `SELECT COUNT(*) AS total FROM ledger_row${sql}`,
    values,
  });
  return counted?.total ?? 0;
}

interface Conditions {
  from: number | null;
  until: number | null;
  /** Null: all. */
  matching: Condition | null;
  requestId?: string;
}

function whereOf({ from, until, matching, requestId }: Conditions): Where {
  const terms: string[] = [];
  const values: SqlValue[] = [];
  const add = (term: string, ...more: SqlValue[]): void => {
    terms.push(term);
    values.push(...more);
  };
  if (requestId !== undefined) add('request_id = ?', requestId);
  if (matching !== null) add(matching.sql, ...matching.values);
  if (from !== null) add('timestamp >= ?', from);
  if (until !== null) add('timestamp < ?', until);
  return { sql: terms.length === 0 ? '' : ` WHERE ${terms.join(' AND ')}`, values };
}

interface Narrowed {
  from: number;
  until: number;
  /** Of the page, among the matches in that time. */
  offset: number;
  order: PageOrder;
  /** Nothing that matches is newer. */
  isNewest: boolean;
}

async function narrow(ask: Ask, parts: readonly RangePart[], kinds: OfKinds, filter: AuditFilter) {
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
      for await (const hour of cellsIn(ask, hours, kinds)) {
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
  } satisfies Narrowed;
}
