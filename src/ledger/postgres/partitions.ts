// The months of the PostgreSQL ledger: each has its own tables, created ahead and dropped whole.
import type { PostgresClient, Query } from './client.ts';
import { SCHEMA_LOCK, WRITER_LOCK } from './schema.ts';
import { HOUR_MS, lengthOf, spanOf, SPANS } from '../sums/sum-spans.ts';

export interface Partitions {
  /** Creates the months of these times, and the month after the newest. */
  ensure(timestamps: readonly number[]): Promise<void>;
  /** Drops the months that ended before this time; resolves to the number of rows dropped. */
  drop(before: number): Promise<number>;
  /** Makes the next call read again which months exist. */
  forget(): void;
}

const TABLES = ['ledger_row', 'ledger_body'] as const;
/** Keeps a table change that waits for a long read from blocking all writers. */
const SHORT_WAIT = "SET LOCAL lock_timeout = '3s'";

/** Long, because the sums of a month's hours are many rows. */
const STATEMENT_TIMEOUT_MS = 300_000;

export function createPartitions(client: PostgresClient): Partitions {
  const known = new Set<number>();

  const changing = <Result>(work: (query: Query) => Promise<Result>, timeoutMs?: number): Promise<Result> =>
    client.transaction(async (query) => {
      await query(SHORT_WAIT);
      await query(`SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`);
      return work(query);
    }, timeoutMs);

  return {
    async ensure(timestamps) {
      const months = new Set(timestamps.map(monthOf));
      const newest = Math.max(...months);
      if (months.size > 0) months.add(newest + 1);
      const missing = [...months].filter((month) => !known.has(month));
      if (missing.length === 0) return;
      await changing(async (query) => {
        const there = new Set(await monthsIn(query));
        for (const month of missing.filter((wanted) => !there.has(wanted))) await make(query, month);
      });
      for (const month of missing) known.add(month);
    },
    async drop(before) {
      const over = (await monthsIn(client.query)).filter((held) => startOf(held + 1) <= before);
      let removed = 0;
      for (const month of over)
        removed += await changing((query) => dropMonth(query, month), STATEMENT_TIMEOUT_MS);
      // This includes those that another gateway has dropped.
      for (const month of known) if (startOf(month + 1) <= before) known.delete(month);
      return removed;
    },
    forget: () => known.clear(),
  };
}

/** Months since 1970, in UTC. */
function monthOf(timestamp: number): number {
  const date = new Date(timestamp);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

function startOf(month: number): number {
  return Date.UTC(1970, month);
}

function nameOf(table: string, month: number): string {
  const year = 1970 + Math.floor(month / 12);
  return `${table}_${year}_${String((month % 12) + 1).padStart(2, '0')}`;
}

async function monthsIn(query: Query): Promise<number[]> {
  const tables = await query<{ name: string }>(
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'ledger_row'::regclass",
  );
  return tables.flatMap(({ name }) => {
    const [, year, month] = /_(\d+)_(\d\d)"?$/.exec(name) ?? [];
    return year === undefined ? [] : [(Number(year) - 1970) * 12 + Number(month) - 1];
  });
}

/** Resolves to the number of its rows; 0 where another gateway was faster. */
async function dropMonth(query: Query, month: number): Promise<number> {
  if (!(await monthsIn(query)).includes(month)) return 0;
  await query(`SELECT pg_advisory_xact_lock(${WRITER_LOCK})`);
  for (const table of TABLES) await query(`DROP TABLE ${nameOf(table, month)}`);
  return forgetRows(query, month);
}

/** Subtracts the rows of a month from the counts of kept rows; resolves to their number. */
async function forgetRows(query: Query, month: number): Promise<number> {
  const hours = [startOf(month) / HOUR_MS, startOf(month + 1) / HOUR_MS];
  const inMonth = 'kept <> 0 AND start >= ? AND start < ?';
  const [counted] = await query<{ rows: number }>(
    `WITH gone AS (SELECT kind, SUM(kept)::BIGINT AS kept FROM ledger_sum WHERE span = ${SPANS.hour} AND ${inMonth} GROUP BY kind), ` +
      'everything AS (UPDATE ledger_sum SET kept = ledger_sum.kept - gone.kept FROM gone ' +
      `WHERE span = ${SPANS.all} AND start = 0 AND ledger_sum.kind = gone.kind) ` +
      'SELECT COALESCE(SUM(kept), 0)::BIGINT AS rows FROM gone',
    hours,
  );
  for (const unit of ['minute', 'hour', 'day'] as const) {
    const length = lengthOf(unit);
    await query(`UPDATE ledger_sum SET kept = 0 WHERE span = ${spanOf(unit)} AND ${inMonth}`, [
      startOf(month) / length,
      startOf(month + 1) / length,
    ]);
  }
  return counted?.rows ?? 0;
}

/** Attached rather than created as a partition, which would lock out readers and writers of the other months. */
async function make(query: Query, month: number): Promise<void> {
  for (const table of TABLES) {
    const name = nameOf(table, month);
    await query(`CREATE TABLE ${name} (LIKE ${table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
    await query(
      `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM (${startOf(month)}) TO (${startOf(month + 1)})`,
    );
  }
}
