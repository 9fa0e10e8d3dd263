// Finds where a page of the audit lies. The number of matches, and the time in which the page lies, come from the sums
// by minute, hour and day: only the rows of that time are searched, however many others there are.
import { type Ask, countMatches, type OfKinds } from './cells.ts';
import { FEW, narrow, type PageOrder } from './narrow.ts';
import { type AmongKinds, type Condition, hiddenOfFilter, inKinds, kindsOfFilter } from './kind-filter.ts';
import type { SqlValue } from '../rows/row-columns.ts';
import type { AuditFilter, LaterThan, RowPlace } from '../store.ts';
import { newestMinute } from '../sums/sum-queries.ts';
import { partsOfRange, type RangePart, type TimeRange, withMinutes } from '../sums/sum-spans.ts';

/** For a SELECT on `ledger_row`. */
interface Where {
  sql: string;
  values: SqlValue[];
}

export interface AuditPage {
  /** How many rows match the filter, wherever they lie. */
  total: number;
  /** How many of them are in the page or after it. Where those after it are not counted, one stands for them all. */
  left: number;
  /** What to select, newest first; null where the page is empty. */
  rows: { where: Where; limit: number; offset: number; order: PageOrder } | null;
}

/** @param among for the rows of the page. */
export async function findPage(ask: Ask, filter: AuditFilter, among: AmongKinds): Promise<AuditPage> {
  const { before, ...all } = filter;
  if (before === undefined) return locate(ask, all, among);
  const { total } = await locate(ask, { ...all, limit: 0 }, among);
  const { startTime = Number.NEGATIVE_INFINITY, endTime = Number.POSITIVE_INFINITY } = all;
  if (before.timestamp < startTime) return { total, left: 0, rows: null };
  if (before.timestamp > endTime) return { ...(await locate(ask, all, among)), total };
  // The page begins at that row's millisecond, after the rows of it that were already listed.
  const offset = await countListed(ask, all, among, before);
  const behind = { ...all, endTime: before.timestamp, offset };
  return { ...(await pageBehind(ask, behind, among, total)), total };
}

/** Avoids counting rows wherever possible, since a time within an hour may have no sums. */
async function pageBehind(
  ask: Ask,
  filter: AuditFilter,
  among: AmongKinds,
  total: number,
): Promise<Omit<AuditPage, 'total'>> {
  if (filter.requestId !== undefined) return locate(ask, filter, among);
  if (kindsOfFilter(filter, among) === null) return walkOn(ask, filter);
  if (total <= FEW) return gather(ask, filter, among);
  return (await findNear(ask, filter, among)) ?? locate(ask, filter, among);
}

/** For few matches, which are next to each other in the index of kinds. */
async function gather(ask: Ask, filter: AuditFilter, among: AmongKinds): Promise<Omit<AuditPage, 'total'>> {
  const { limit, offset } = filter;
  const range = rangeOf(filter);
  const named = kindsOfFilter(filter, among);
  const hidden = hiddenOfFilter(filter);
  // Counted separately, so that each uses its own index.
  const others = hidden === null ? 0 : await countRows(ask, whereOf({ ...range, matching: hidden }));
  const left = Math.max(0, others + (await countRows(ask, whereOf({ ...range, matching: named }))) - offset);
  if (limit === 0 || left === 0) return { left, rows: null };
  const matching = others > 0 ? eitherOf(named, hidden) : named;
  const order = others > 0 ? 'any' : 'kind';
  return { left, rows: { where: whereOf({ ...range, matching }), limit, offset, order } };
}

export function recentPage(limit: number, after?: LaterThan): NonNullable<AuditPage['rows']> {
  const where: Where =
    after === undefined
      ? { sql: '', values: [] }
      : { sql: ' WHERE timestamp >= ? AND id > ?', values: [after.begunSince, after.id] };
  return { where, limit, offset: 0, order: after === undefined ? 'time' : 'id' };
}

/** How many rows are searched for the next page before sums are used to find it. */
const NEAR = 10_000;

/** Finds the page and one more match among the next rows. Returns undefined where they are not there. */
async function findNear(
  ask: Ask,
  filter: AuditFilter,
  among: AmongKinds,
): Promise<Omit<AuditPage, 'total'> | undefined> {
  const { limit, offset } = filter;
  const range = rangeOf(filter);
  const near = whereOf({ ...range, matching: null });
  const matching = eitherOf(kindsOfFilter(filter, among), hiddenOfFilter(filter));
  if (matching === null || limit === 0) return undefined;
  const [found] = await ask<{ total: number; oldest: number | null }>({
    sql:
      'SELECT COUNT(*) AS total, MIN(timestamp) AS oldest FROM (SELECT timestamp FROM ' +
      `(SELECT * FROM ledger_row${near.sql} ORDER BY timestamp DESC LIMIT ?) AS near ` +
      `WHERE ${matching.sql} LIMIT ?) AS next`,
    values: [...near.values, NEAR, ...matching.values, offset + limit + 1],
  });
  const left = (found?.total ?? 0) - offset;
  if (left <= limit) return undefined;
  // Whichever matches were counted, none of the same number of newest ones is older than the oldest of them.
  const from = found?.oldest ?? range.from;
  const where = whereOf({ from, until: range.until, matching });
  return { left, rows: { where, limit, offset, order: 'time' } };
}

/** For a filter that all rows of the time match: the next rows are the page, however many share its hour. */
async function walkOn(ask: Ask, filter: AuditFilter): Promise<Omit<AuditPage, 'total'>> {
  const { limit, offset } = filter;
  const { from, until } = rangeOf(filter);
  const where = whereOf({ from, until, matching: null });
  const [counted] = await ask<{ total: number }>({
    sql: `SELECT COUNT(*) AS total FROM (SELECT 1 FROM ledger_row${where.sql} ORDER BY timestamp DESC LIMIT ?) AS next`,
    values: [...where.values, offset + limit + 1],
  });
  const left = Math.max(0, (counted?.total ?? 0) - offset);
  return { left, rows: limit === 0 || left === 0 ? null : { where, limit, offset, order: 'time' } };
}

/** The range in Unix ms, with an exclusive end. Times are whole milliseconds. */
function rangeOf({ startTime, endTime }: AuditFilter): { from: number | null; until: number | null } {
  return {
    from: startTime === undefined ? null : Math.ceil(startTime),
    until: endTime === undefined ? null : Math.floor(endTime) + 1,
  };
}

/** Counts the matches in that row's millisecond that do not come after it, including the row itself. */
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
  const { from, until } = rangeOf(filter);
  const kinds = kindsOfFilter(filter, inKinds);
  const named = kindsOfFilter(filter, among);
  const hidden = hiddenOfFilter(filter);
  const matching = eitherOf(named, hidden);
  if (requestId !== undefined) {
    const where = whereOf({ from, until, matching, requestId });
    const total = await countRows(ask, where);
    return { total, left: total - offset, rows: { where, limit, offset, order: 'any' } };
  }
  const parts = await partsOf(ask, { from, until });
  const counts = await countMatches(ask, from === null && until === null ? ['all'] : parts, {
    sums: kinds,
    rows: named,
  });
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
  const counted = parts.map((part, at) => ({ ...part, matches: counts[at] ?? 0 }));
  const found = await narrow(ask, counted, kinds, filter);
  // The newest page extends to the newest row.
  const where = whereOf({ from: found.from, until: found.isNewest ? until : found.until, matching: named });
  return { total, left, rows: { where, limit, offset: found.offset, order: found.order } };
}

async function partsOf(ask: Ask, range: TimeRange): Promise<RangePart[]> {
  const parts = partsOfRange(range);
  return parts.some(({ unit }) => unit === 'row') ? withMinutes(parts, await newestMinute(ask)) : parts;
}

/** Rows of these kinds, and rows whose name a kind hides. */
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
  /** Null stands for all rows. */
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
