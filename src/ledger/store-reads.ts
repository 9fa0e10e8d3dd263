// What is read from a store that speaks SQL: pages of the audit, and sums.
import type { Ask } from './audit/cells.ts';
import type { AmongKinds } from './audit/kind-filter.ts';
import { type AuditPage, findPage, recentPage } from './audit/page.ts';
import { ALL_TIME, type AuditFilter, type LedgerStore, type StoredRow } from './store.ts';
import { seriesOf } from './sums/series.ts';
import { spendingIn, summarise, totalsOf } from './sums/summary.ts';

type BodyFilter = Pick<AuditFilter, 'includeBodies' | 'includeBinaries'>;

/** The rows of a page that was found. */
export type SelectRows = (page: NonNullable<AuditPage['rows']>, filter: BodyFilter) => Promise<StoredRow[]>;

export type StoreReads = Pick<LedgerStore, 'audit' | 'totals' | 'summary' | 'series' | 'spending' | 'recent'>;

export function createStoreReads(ask: Ask, select: SelectRows, among: AmongKinds): StoreReads {
  return {
    async audit(filter) {
      const { total, left, rows: found } = await findPage(ask, filter, among);
      const rows = found === null ? [] : await select(found, filter);
      return { rows, total, hasOlder: rows.length < left };
    },
    totals: (window = ALL_TIME) => totalsOf(ask, window),
    summary: (request) => summarise(ask, request),
    series: (request) => seriesOf(ask, request),
    spending: (period) => spendingIn(ask, period),
    recent: (limit, after) => select(recentPage(limit, after), { includeBodies: false }),
  };
}
