// `npm run bench:ledger`: how long the pages of a ledger with a million rows take, a batch of new rows and a slice of
// retention, for each store. `-- --sqlite 1000000,10000000 --postgres 0`: of other sizes; --first: before other work on the
// machine, as root; --write keeps the result in docs/benchmarks-ledger.md.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { StoreLocation } from '../src/ledger/store-messages.ts';
import { createThreadedStore } from '../src/ledger/threaded-store.ts';
import { hasPostgres, startCluster } from '../test/support/postgres.ts';
import { findCircumstances } from './circumstances.ts';
import { type LedgerFigures, measureLedger, ROUNDS } from './ledger/measure.ts';
import { asMarkdown, asText, describeCircumstances, type Table } from './report.ts';
import { goFirst } from './priority.ts';
import type { Spread } from './statistics.ts';

/** What a page may take on a million rows, in ms. */
const TARGET_MS = 20;

const { values } = parseArgs({
  options: {
    sqlite: { type: 'string', default: '1000000' },
    postgres: { type: 'string', default: '1000000' },
    first: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

interface Measured extends LedgerFigures {
  name: string;
  /** Bytes of a row on disk, indexes and sums included; null: unknown. */
  rowBytes: number | null;
}

async function measure(location: StoreLocation, rows: number): Promise<LedgerFigures> {
  const store = createThreadedStore(location);
  try {
    return await measureLedger(store, rows, values.first ? goFirst : () => () => {});
  } finally {
    await store.close();
  }
}

async function measureSqlite(rows: number): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-ledger-'));
  try {
    const figures = await measure({ type: 'sqlite', path: join(directory, 'sluice.db') }, rows);
    const bytes = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
    return { ...figures, name: 'SQLite', rowBytes: bytes / rows };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function measurePostgres(rows: number): Promise<Measured> {
  // PostgreSQL's defaults.
  const cluster = await startCluster({ shared_buffers: '128MB', fsync: 'on' });
  try {
    const url = await cluster.createDatabase();
    return { ...(await measure({ type: 'postgres', url }, rows)), name: 'PostgreSQL', rowBytes: null };
  } finally {
    await cluster.remove();
  }
}

/** On a shared machine, medians include other load: the lowest is what the ledger takes. */
const [now = 0, lately = 0] = loadavg();
const load = `${now.toFixed(1)} on average over a minute before, ${lately.toFixed(1)} over five, of ${availableParallelism()} cores`;

const sizes = (list: string): number[] =>
  list
    .split(',')
    .map(Number)
    .filter((rows) => rows > 0);
const measured: Measured[] = [];
for (const rows of sizes(values.sqlite)) measured.push(await measureSqlite(rows));
if (hasPostgres) for (const rows of sizes(values.postgres)) measured.push(await measurePostgres(rows));

const asMs = ({ lowest, median, highest }: Spread): string =>
  `${median.toFixed(1)} (${lowest.toFixed(1)}–${highest.toFixed(1)})`;
const row = (name: string, cell: (figures: Measured) => string): string[] => [name, ...measured.map(cell)];
const pages = (measured[0]?.pages ?? []).map(({ page }) => page.what);
const table: Table = [
  row('ms: median (lowest–highest)', ({ name, rows }) => `${name}, ${rows.toLocaleString('en')} rows`),
  ...pages.map((what, at) => row(what, (figures) => asMs(figures.pages[at]?.took ?? figures.slice))),
  row('a batch of 256 new rows', ({ batch }) => asMs(batch)),
  row('a slice of retention, 500 rows', ({ slice }) => asMs(slice)),
  row('a row while filling, µs', ({ filling }) => (filling * 1000).toFixed(0)),
  row('a row on disk, bytes', ({ rowBytes }) => rowBytes?.toFixed(0) ?? '–'),
];
const verdict = measured
  .map(({ name, rows, pages: asked }) => {
    const slow = asked.filter(({ took }) => took.median >= TARGET_MS);
    const told = slow
      .map(
        ({ page, took }) => `${page.what}: ${took.median.toFixed(1)} ms (at best ${took.lowest.toFixed(1)})`,
      )
      .join('; ');
    return `${name} with ${rows.toLocaleString('en')} rows: ${
      slow.length === 0 ? `every page below ${TARGET_MS} ms` : `not below ${TARGET_MS} ms: ${told}`
    }.`;
  })
  .join('\n');
console.log(`\n${asText(table)}\n\n${verdict}`);
if (values.write) writeFileSync(join(import.meta.dir, '..', 'docs', 'benchmarks-ledger.md'), page());
process.exit(0);

function page(): string {
  const command = `npm run bench:ledger -- --sqlite ${values.sqlite} --postgres ${values.postgres}${values.first ? ' --first' : ''} --write`;
  // The store has a thread of its own, and so has PostgreSQL.
  const circumstances = { ...findCircumstances(command, hasPostgres ? [] : ['PostgreSQL']), pinned: false };
  return `# Benchmarks of the ledger

Written by \`npm run bench:ledger -- --write\`: one request per second up to now, over 40 models, 12 projects and 3 agents, 5 % of them
failures; then each page is requested ${ROUNDS} times, as \`/gateway/metrics\` and \`/gateway/audit\` serve it, without the HTTP around it.
New rows go to the store as the gateway's queue hands them over, here in batches of 256 (a busy gateway writes up to 512 at once);
the store has its own thread, so no stream waits for it. A batch of new rows waits for one slice of retention at most. The target is
a median of ${TARGET_MS} ms per page at a million rows; if other programs use the cores too, the lowest value says more about the ledger.

${asMarkdown([['', ''], ...describeCircumstances(circumstances), ['load', load + (values.first ? '; what was timed went before it' : '')]])}

${asMarkdown(table)}

${verdict}
`;
}
