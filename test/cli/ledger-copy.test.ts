// `sluice ledger copy`: rows of a SQLite ledger go into a PostgreSQL that already has rows of another gateway.
import { Database } from 'bun:sqlite';
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyRows } from '../../src/cli/ledger.ts';
import { createPostgresStore } from '../../src/ledger/postgres/store.ts';
import { sharedCopy } from '../../src/ledger/rows/binary-parts.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import { ALL_TIME, type LedgerStore } from '../../src/ledger/store.ts';
import { claimPidFile } from '../../src/server/pid-file.ts';
import { runCommand } from '../support/cli-run.ts';
import { SAMPLE_TIME, sampleRow, variedRows } from '../support/ledger-rows.ts';
import { hasPostgres, POSTGRES_PASSWORD, sharedCluster } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const DAY_MS = 86_400_000;
const IMAGE = sharedCopy(Array.from({ length: 9_000 }, (_, at) => (at * 7919 + (at >> 3)) & 0xff));
const BEFORE = '{"source":{"type":"base64","media_type":"image/png","data":"';

/** Over two months, some at the same time, with bodies, one of which has an image. */
function laptopRows(): LedgerRow[] {
  const rows = variedRows(2_300).map((row, index) => ({
    ...row,
    timestamp: SAMPLE_TIME - Math.floor(index / 40) * DAY_MS,
    requestBody: `{"of":${index},"text":"${'héllo '.repeat(index % 90)}"}`,
    responseBody: index % 3 === 0 ? null : `data: {"of":${index}}\n\n`,
  }));
  const binaries = [{ of: 'request', at: BEFORE.length, mediaType: 'image/png', content: IMAGE }] as const;
  return [
    ...rows,
    sampleRow({ requestId: 'with-image', requestBody: `${BEFORE}"}}`, binaries: [...binaries] }),
  ];
}

const everything = { limit: 10_000, offset: 0, includeBodies: true, includeBinaries: true };

async function contentOf(store: LedgerStore) {
  const { rows } = await store.audit(everything);
  const sorted = rows.map(({ id: _inItsStore, ...row }) => row);
  sorted.sort((one, other) => (one.requestId < other.requestId ? -1 : 1));
  const { totals, by } = await store.summary({ window: ALL_TIME, by: ['project', 'model'], models: 0 });
  const { costUsd, ...counts } = totals;
  return { rows: sorted, counts, costUsd, names: by.project?.length };
}

interface Lab {
  home: string;
  config: string;
  address: string;
  copy(): Promise<{ code: number; out: string; err: string }>;
}

async function startLab(
  rows: readonly LedgerRow[],
  { retention = null }: { retention?: string | null } = {},
): Promise<Lab> {
  const home = temporaryFolder('laptop');
  const sqlite = createSqliteStore(join(home, 'sluice.db'));
  for (let at = 0; at < rows.length; at += 500) await sqlite.append(rows.slice(at, at + 500));
  await sqlite.close();
  const address = await (await sharedCluster()).createDatabase();
  const config = join(home, 'sluice.json');
  writeFileSync(config, JSON.stringify({ audit: { store: 'env:LEDGER_URL', retention } }));
  const environment = { SLUICE_HOME: home, LEDGER_URL: address };
  return {
    home,
    config,
    address,
    copy: () => runCommand(['ledger', 'copy', '--config', config], { environment }),
  };
}

describe.skipIf(!hasPostgres)('into PostgreSQL', () => {
  test('rows, bodies, binary parts and sums are the same there, and what was there already is not copied twice', async () => {
    const { home, address, copy } = await startLab(laptopRows());
    const sqlite = createSqliteStore(join(home, 'sluice.db'));
    const postgres = createPostgresStore(address);
    try {
      // As where a copy was broken off.
      await postgres.append(laptopRows().slice(700, 1_000));
      expect(await copy()).toMatchObject({
        code: 0,
        out: '2,301 rows are there: 2,001 were copied, the others were there before',
      });
      const there = await contentOf(postgres);
      const here = await contentOf(sqlite);
      expect(there.rows).toHaveLength(2_301);
      expect(there.rows).toEqual(here.rows);
      expect(there.counts).toEqual(here.counts);
      expect(there.costUsd).toBeCloseTo(here.costUsd, 6);
      expect(there.names).toBe(here.names ?? 0);
      const [image] = (
        await postgres.audit({ ...everything, requestId: 'with-image', includeBinaries: false })
      ).rows;
      expect(image?.requestBody).toMatch(/"data":"sluice-binary:[0-9a-f]{64};image\/png;9000"/);
      // Rows of another gateway, of the same time, change nothing.
      await postgres.append(
        variedRows(1_500).map((row) => ({
          ...row,
          requestId: `other-${row.requestId}`,
          timestamp: SAMPLE_TIME,
        })),
      );
      expect(await copy()).toMatchObject({
        code: 0,
        out: '2,301 rows are there: 0 were copied, the others were there before',
      });
      expect((await postgres.totals()).requests).toBe(
        here.counts.requests + (await countedOf(variedRows(1_500))),
      );
    } finally {
      await Promise.all([sqlite.close(), postgres.close()]);
    }
  });

  test('rows that have expired there meanwhile are not counted once more', async () => {
    const now = Date.now();
    const rows = [1, 29, 31, 90].map((days) =>
      sampleRow({ requestId: `of-${days}`, timestamp: now - days * DAY_MS, costUsd: 1 }),
    );
    const { address, copy } = await startLab(rows, { retention: '30d' });
    const postgres = createPostgresStore(address);
    const left =
      '2 rows are older than audit.retention, and were left where they are; with a longer one they are copied, too';
    try {
      // As two days ago, before it was 31 days old.
      await postgres.append(rows.slice(2, 3));
      await postgres.expire(now - 30 * DAY_MS);
      for (const copied of [2, 0]) {
        const { out } = await copy();
        expect(out).toBe(`2 rows are there: ${copied} were copied, the others were there before\n${left}`);
        expect(await postgres.totals()).toMatchObject({ requests: 3, costUsd: 3 });
      }
    } finally {
      await postgres.close();
    }
  });

  test('it goes by the configuration of the gateway that runs in the foreground, wherever that lies', async () => {
    const { home, config, address } = await startLab([sampleRow()]);
    const elsewhere = join(temporaryFolder('foreground'), 'own.json');
    renameSync(config, elsewhere);
    const foreground = claimPidFile(join(home, 'sluice.foreground'));
    try {
      foreground.write({ pid: process.pid, url: 'http://127.0.0.1:1', config: elsewhere, startedAt: 0 });
      const environment = { SLUICE_HOME: home, LEDGER_URL: address };
      expect(await runCommand(['ledger', 'copy'], { environment })).toMatchObject({
        code: 0,
        out: '1 rows are there: 1 were copied, the others were there before',
      });
    } finally {
      foreground.release();
    }
  });

  test('a database that does not take them is said, without its password', async () => {
    const { home, config, address } = await startLab([sampleRow()]);
    const gone = new URL(address);
    gone.pathname = '/absent';
    const environment = { SLUICE_HOME: home, LEDGER_URL: gone.href };
    const { code, out, err } = await runCommand(['ledger', 'copy', '--config', config], { environment });
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^error: .*absent.*; copy again for what is missing: nothing is copied twice$/s);
    expect(err).not.toContain(POSTGRES_PASSWORD);
    expect(err).not.toContain(encodeURIComponent(POSTGRES_PASSWORD));
  });
});

async function countedOf(rows: readonly LedgerRow[]): Promise<number> {
  const store = createSqliteStore(':memory:');
  await store.append(rows);
  return (await store.totals()).requests;
}

test('rows that expire there while others are copied are not counted once more, nor missing', async () => {
  const from = createSqliteStore(':memory:');
  const to = createSqliteStore(':memory:');
  const rows = [10, 20].map((timestamp) =>
    sampleRow({ requestId: `at-${timestamp}`, timestamp: SAMPLE_TIME + timestamp, costUsd: 1 }),
  );
  await from.append(rows);
  await to.append(rows.slice(0, 1));
  let since = SAMPLE_TIME;
  /** The first to read there comes too late for the first row. */
  const expiring: LedgerStore = {
    ...to,
    async audit(filter) {
      since = SAMPLE_TIME + 15;
      await to.expire(since);
      return to.audit(filter);
    },
  };
  const copied = await copyRows(
    from,
    expiring,
    () => since,
    () => {},
  );
  expect(copied).toEqual({ rows: 2, copied: 1, missing: 0 });
  expect(await to.totals()).toMatchObject({ requests: 2, costUsd: 2 });
  since = SAMPLE_TIME;
  const late: LedgerStore = {
    ...to,
    async append() {
      since = SAMPLE_TIME + 100;
    },
  };
  await from.append([sampleRow({ requestId: 'late', timestamp: SAMPLE_TIME + 50 })]);
  expect(
    (
      await copyRows(
        from,
        late,
        () => since,
        () => {},
      )
    ).missing,
  ).toBe(0);
});

test('without a store to copy into, or a file to copy from, it says what to do', async () => {
  const home = temporaryFolder('laptop');
  const here = { environment: { SLUICE_HOME: home } };
  expect(await runCommand(['ledger', 'copy'], here)).toEqual({
    code: 1,
    out: '',
    err: 'error: audit.store names no PostgreSQL to copy into: set it to its address first, and start the gateway again',
  });
  const config = join(home, 'sluice.json');
  writeFileSync(config, '{"audit":{"store":"postgres://u:p@127.0.0.1:1/x"}}');
  const { code, err } = await runCommand(['ledger', 'copy', '--config', config], here);
  expect([code, err]).toEqual([
    1,
    `error: ${join(home, 'sluice.db')} does not exist: nothing was recorded there`,
  ]);
  expect((await runCommand(['ledger', 'move'], here)).code).toBe(2);
  // Neither does another program's database become a ledger.
  const text = join(home, 'notes.txt');
  writeFileSync(text, 'no database at all, though it is long enough for one: '.repeat(100));
  const other = join(home, 'other.db');
  const database = new Database(other);
  database.run('CREATE TABLE notes (text)');
  database.close();
  for (const [file, reason] of [
    [text, 'cannot be read: file is not a database'],
    [home, 'cannot be read: '],
    [other, 'is no ledger; name the sluice.db of a gateway'],
  ] as const) {
    const refused = await runCommand(['ledger', 'copy', file, '--config', config], here);
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.err).toStartWith(`error: ${file} ${reason}`);
  }
  const tables = new Database(other, { readonly: true }).query('SELECT name FROM sqlite_master').all();
  expect(tables).toEqual([{ name: 'notes' }]);
});
