// The PostgreSQL store: the common suite, on the caller's thread and on its own, and what concerns only a database
// that others use as well.
import { beforeAll, describe, expect, setDefaultTimeout, setSystemTime, test } from 'bun:test';
import { SQL } from 'bun';
import { createPostgresStore } from '../../src/ledger/postgres/store.ts';
import { SCHEMA_LOCK, STEPS, WRITER_LOCK } from '../../src/ledger/postgres/schema.ts';
import { COLUMN_NAMES, partsOf, rowValues } from '../../src/ledger/rows/row-columns.ts';
import { StoreBusy } from '../../src/ledger/store-busy.ts';
import { ALL_TIME } from '../../src/ledger/store.ts';
import { createThreadedStore } from '../../src/ledger/threaded-store.ts';
import { expireAll, SAMPLE_TIME, sampleRow, variedRows } from '../support/ledger-rows.ts';
import {
  type Cluster,
  hasPostgres,
  POSTGRES_PASSWORD,
  sharedCluster,
  startCluster,
} from '../support/postgres.ts';
import { BEFORE_HIDING, expectFoundByName, NAMED_OTHER } from './older-names.ts';
import { BEFORE_HEADERS, BEFORE_TOTALS } from './older-headers.ts';
import { BUCKET_ROWS, expectPackedHistograms } from './older-histograms.ts';
import { ALL, describeStore, allSeries, seriesRows } from './store-suite.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

/** The places of `SAMPLE_TIME` among sums: all time, hour, day. */
/** Takes back that each span's sums lie together. */
const BEFORE_SPANS = [
  ...BEFORE_HEADERS,
  'CREATE TABLE ledger_sum_mixed (LIKE ledger_sum INCLUDING DEFAULTS, PRIMARY KEY (span, start, kind))',
  'INSERT INTO ledger_sum_mixed SELECT * FROM ledger_sum',
  'DROP TABLE ledger_sum',
  'ALTER TABLE ledger_sum_mixed RENAME TO ledger_sum',
];

const PLACES = [0, Math.floor(SAMPLE_TIME / 3_600_000), Math.floor(SAMPLE_TIME / 86_400_000)];

/** A database is made for each test. */
setDefaultTimeout(TEST_TIMEOUT_MS);

describe.skipIf(!hasPostgres)('with a server', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await sharedCluster();
  });

  const ask = async <Row>(url: string, sql: string): Promise<Row[]> => {
    const client = new SQL(url, { max: 1 });
    const rows: Row[] = await client.unsafe(sql);
    await client.close();
    return rows;
  };
  const nothing = async () => undefined;
  /** A connection that has ended is known as such once it was asked; on a busy machine the news comes late. */
  const retried = async (append: () => Promise<void>, left = 10): Promise<void> => {
    try {
      await append();
    } catch (error) {
      if (left === 0) throw error;
      await Bun.sleep(20);
      await retried(append, left - 1);
    }
  };

  describeStore({
    name: 'PostgreSQL',
    open: async (projects) => ({
      store: createPostgresStore(await cluster.createDatabase(), projects),
      dispose: nothing,
    }),
  });

  describeStore({
    name: 'PostgreSQL on its own thread',
    open: async (projects) => ({
      store: createThreadedStore(
        { type: 'postgres', url: await cluster.createDatabase() },
        undefined,
        projects,
      ),
      dispose: nothing,
    }),
  });

  test('gateways that start together make one schema', async () => {
    const url = await cluster.createDatabase();
    const stores = Array.from({ length: 5 }, () => createPostgresStore(url));
    await Promise.all(stores.map((store, index) => store.append(variedRows(10, index * 10))));
    expect((await stores[0]?.totals())?.requests).toBe(50);
    expect(await ask<{ version: number }>(url, 'SELECT version FROM ledger_schema')).toHaveLength(1);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('two gateways write at once: each request one row, counted once', async () => {
    const url = await cluster.createDatabase();
    const one = createPostgresStore(url);
    const other = createPostgresStore(url);
    const writeAll = async (store: typeof one, from: number) => {
      for (let at = from; at < from + 1000; at += 50) await store.append(variedRows(50, at));
    };
    // The second half of the one is the first half of the other.
    await Promise.all([writeAll(one, 0), writeAll(other, 500)]);
    expect((await one.audit({ ...ALL, limit: 1 })).total).toBe(1500);
    const alone = createPostgresStore(await cluster.createDatabase());
    for (let at = 0; at < 1500; at += 250) await alone.append(variedRows(250, at));
    const [found, wanted] = [await one.totals(), await alone.totals()];
    expect(found.costUsd).toBeCloseTo(wanted.costUsd, 7);
    expect({ ...found, costUsd: 0 }).toEqual({ ...wanted, costUsd: 0 });
    const request = { window: ALL_TIME, by: [], models: 20 };
    expect((await other.summary(request)).models).toMatchObject(
      (await alone.summary(request)).models.map(({ latency, ttft, gaps, requests }) => ({
        latency,
        ttft,
        gaps,
        requests,
      })),
    );
    for (const store of [one, other, alone]) await store.close();
  });

  test('a month has its own tables, the next is made ahead, and expiry drops what is over', async () => {
    const url = await cluster.createDatabase();
    const store = createPostgresStore(url);
    const at = (requestId: string, ...date: [year: number, month: number, day: number]) =>
      sampleRow({ requestId, timestamp: Date.UTC(...date), requestBody: 'in' });
    await store.append([
      at('november', 2025, 10, 30),
      at('december', 2025, 11, 1),
      at('january', 2026, 0, 31),
    ]);
    const tables = async () =>
      (
        await ask<{ name: string }>(
          url,
          "SELECT relname AS name FROM pg_class WHERE relispartition AND relkind = 'r' AND relname ~ '[0-9]$' ORDER BY 1",
        )
      ).map(({ name }) => name);
    expect(await tables()).toEqual(
      ['body', 'row'].flatMap((kind) =>
        ['2025_11', '2025_12', '2026_01', '2026_02'].map((month) => `ledger_${kind}_${month}`),
      ),
    );
    expect(await expireAll(store, Date.UTC(2026, 0, 2))).toBe(2);
    expect(await tables()).toEqual([
      'ledger_body_2026_01',
      'ledger_body_2026_02',
      'ledger_row_2026_01',
      'ledger_row_2026_02',
    ]);
    expect((await store.audit(ALL)).rows.map((row) => row.requestId)).toEqual(['january']);
    for (const filter of [{}, { provider: 'lab' }, { startTime: 0 }, { endTime: Date.UTC(2026, 0, 31) }])
      expect((await store.audit({ ...ALL, ...filter })).total).toBe(1);
    expect((await store.totals()).requests).toBe(3);
    await store.close();
  });

  test('a slice of expired rows begins where the one before it ended, and what came late goes with the next round', async () => {
    const store = createPostgresStore(await cluster.createDatabase());
    const start = Date.UTC(2026, 0, 5);
    const before = start + 86_400_000;
    const at = (requestId: string, timestamp: number) => sampleRow({ requestId, timestamp });
    await store.append(Array.from({ length: 1_000 }, (_, index) => at(`${index}`, start + index)));
    expect(await store.expire(before)).toEqual({ rows: 500, isDone: false });
    await store.append([at('late', start - 1)]);
    expect(await store.expire(before)).toEqual({ rows: 500, isDone: false });
    expect((await store.audit(ALL)).rows.map((row) => row.requestId)).toEqual(['late']);
    expect(await store.expire(before)).toEqual({ rows: 0, isDone: true });
    expect(await expireAll(store, before)).toBe(1);
    expect((await store.audit(ALL)).total).toBe(0);
    await store.close();
  });

  test('a month that two gateways drop at once, next to rows of the one behind it', async () => {
    const url = await cluster.createDatabase();
    const [store, other] = [createPostgresStore(url), createPostgresStore(url)];
    const over = Date.UTC(2026, 1, 1);
    const at = (requestId: string, timestamp: number) => sampleRow({ requestId, timestamp });
    await store.append([at('late', over - 1), at('later', over), at('newest', over + 600_000)]);
    await other.totals();
    const gone = await Promise.all([store, other].map((each) => each.expire(over)));
    expect(gone.reduce((sum, { rows }) => sum + rows, 0)).toBe(1);
    const counted = async (startTime: number, endTime: number) =>
      (await store.audit({ ...ALL, startTime, endTime, limit: 0 })).total;
    // By hours, days and minutes.
    expect(await counted(over - 86_400_000, over - 1)).toBe(0);
    expect(await counted(over - 120_000, over - 1)).toBe(0);
    expect(await counted(over, over + 86_400_000)).toBe(2);
    expect(await counted(over, over + 120_000)).toBe(1);
    // What waited on disk until now.
    await store.append([at('from disk', over - 2)]);
    expect((await other.audit(ALL)).total).toBe(3);
    for (const each of [store, other]) await each.close();
  });

  test('a month that another gateway has dropped is made again for a late row', async () => {
    const url = await cluster.createDatabase();
    const [store, other] = [createPostgresStore(url), createPostgresStore(url)];
    const over = Date.UTC(2026, 1, 1);
    const late = (requestId: string) => store.append([sampleRow({ requestId, timestamp: over - 1 })]);
    await late('first');
    expect((await other.expire(over)).rows).toBe(1);
    expect((await store.expire(over)).rows).toBe(0);
    await late('second');
    expect((await other.audit(ALL)).rows.map((row) => row.requestId)).toEqual(['second']);
    for (const each of [store, other]) await each.close();
  });

  test('a database of before kinds keeps its rows and sums', async () => {
    const url = await cluster.createDatabase();
    const version = STEPS.findIndex((step) => step.includes('CREATE TABLE ledger_kind'));
    for (const step of STEPS.slice(0, version)) await ask(url, step);
    await ask(url, `CREATE TABLE ledger_schema AS SELECT ${version} AS version`);
    await ask(
      url,
      'CREATE TABLE ledger_row_2026_01 (LIKE ledger_row INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
    );
    await ask(
      url,
      'ALTER TABLE ledger_row ATTACH PARTITION ledger_row_2026_01 FOR VALUES ' +
        `FROM (${Date.UTC(2026, 0, 1)}) TO (${Date.UTC(2026, 1, 1)})`,
    );
    // What it has no column for stands last.
    const names = COLUMN_NAMES.slice(0, COLUMN_NAMES.indexOf('request_headers'));
    const others = [
      { provider: 'other-lab' },
      { model: 'large-1' },
      { agentType: 'writer' },
      { projectId: 'data' },
      { operation: 'embed' },
      { status: 'error' },
    ] as const;
    for (const other of [{ requestId: 'old' }, ...others]) {
      const row = sampleRow({ requestId: Object.values(other).join(), timestamp: SAMPLE_TIME - 1, ...other });
      const { columns } = partsOf(rowValues(row));
      const values = names.map((_, at) => (columns[at] == null ? 'NULL' : `'${columns[at]}'`)).join(', ');
      await ask(url, `INSERT INTO ledger_row (${names.join(', ')}) VALUES (${values})`);
    }
    const sums = PLACES.map(
      (start, at) => `(${[0, 1, 24][at]}, ${start}, 'lab', 'small-1', '', '', ${'1, '.repeat(17)}1)`,
    );
    await ask(url, `INSERT INTO ledger_sum VALUES ${sums.join(', ')}`);
    const store = createPostgresStore(url);
    await store.append([sampleRow({ requestId: 'new' })]);
    for (const other of others) {
      const { rows, total } = await store.audit({ ...ALL, ...other });
      expect([total, ...rows.map(({ requestId }) => requestId)]).toEqual([1, Object.values(other).join()]);
    }
    expect((await store.audit({ ...ALL, provider: 'lab' })).total).toBe(7);
    expect((await store.audit({ ...ALL, endTime: SAMPLE_TIME })).total).toBe(8);
    expect((await store.audit({ ...ALL, endTime: SAMPLE_TIME - 1 })).total).toBe(7);
    expect((await store.totals()).requests).toBe(2);
    expect((await store.totals({ since: SAMPLE_TIME - 24 * 3_600_000 })).requests).toBe(2);
    await store.close();
  });

  test('histograms of before are packed, and go on', async () => {
    const url = await cluster.createDatabase();
    const version = STEPS.findIndex((step) => step.includes('CREATE TABLE ledger_spread_packed'));
    for (const step of STEPS.slice(0, version)) await ask(url, step);
    await ask(url, `CREATE TABLE ledger_schema AS SELECT ${version} AS version`);
    for (const counts of BUCKET_ROWS) await ask(url, `INSERT INTO ledger_spread VALUES (${counts})`);
    const store = createPostgresStore(url);
    await expectPackedHistograms(store);
    await store.close();
  });

  test('a name that is the word for hidden names is found, in a database of before too', async () => {
    const url = await cluster.createDatabase();
    const older = createPostgresStore(url);
    await older.append(NAMED_OTHER);
    await older.close();
    for (const step of [...BEFORE_SPANS, ...BEFORE_HIDING]) await ask(url, step);
    await ask(url, 'ALTER TABLE ledger_kind ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY');
    const version = STEPS.findIndex((step) => step.includes('ledger_row_other_model'));
    await ask(url, `UPDATE ledger_schema SET version = ${version}`);
    const store = createPostgresStore(url);
    await expectFoundByName(store);
    await store.close();
  });

  test('sums by minute are made for a database of before', async () => {
    const url = await cluster.createDatabase();
    const older = createPostgresStore(url);
    const rows = variedRows(300).map((row, index) => ({ ...row, timestamp: SAMPLE_TIME + index * 10_000 }));
    await older.append(rows);
    await older.close();
    const sums = () => ask<object>(url, 'SELECT * FROM ledger_sum WHERE span = -1 ORDER BY start, kind');
    const before = await sums();
    expect(before.length).toBeGreaterThan(100);
    for (const step of BEFORE_SPANS) await ask(url, step);
    await ask(url, 'DELETE FROM ledger_sum WHERE span = -1');
    const version = STEPS.findIndex((step) => step.includes('Sums by minute'));
    await ask(url, `UPDATE ledger_schema SET version = ${version}`);
    const store = createPostgresStore(url);
    const since = SAMPLE_TIME + 1000 * 1000;
    expect((await store.totals({ since })).requests).toBe(200);
    expect(await sums()).toEqual(before);
    await store.close();
  });

  test('what a database of before counts in minutes whose rows have expired is set right', async () => {
    const url = await cluster.createDatabase();
    const older = createPostgresStore(url);
    await older.append(variedRows(300));
    await older.close();
    await ask(url, `DELETE FROM ledger_row WHERE timestamp < ${SAMPLE_TIME + 100_000}`);
    for (const step of BEFORE_HEADERS) await ask(url, step);
    const version = STEPS.findIndex((step) => step.includes('which of them had'));
    await ask(url, `UPDATE ledger_schema SET version = ${version}`);
    const store = createPostgresStore(url);
    const filter = { ...ALL, startTime: SAMPLE_TIME + 1, endTime: SAMPLE_TIME + 250_000 };
    expect((await store.audit(filter)).total).toBe(151);
    await store.close();
  });

  test('what a database of before each hour and day had totals is asked for', async () => {
    const url = await cluster.createDatabase();
    const older = createPostgresStore(url);
    await older.append(seriesRows());
    const before = await allSeries(older);
    await older.close();
    await ask(url, BEFORE_TOTALS);
    const version = STEPS.findIndex((step) => step.includes('ledger_total'));
    await ask(url, `UPDATE ledger_schema SET version = ${version}`);
    const store = createPostgresStore(url);
    expect(await allSeries(store)).toEqual(before);
    await store.close();
  });

  test('a month that another gateway dropped is made again', async () => {
    const url = await cluster.createDatabase();
    const one = createPostgresStore(url);
    const other = createPostgresStore(url);
    await one.append([sampleRow()]);
    await expireAll(other, Date.UTC(2027, 0, 1));
    const late = sampleRow({ requestId: 'late' });
    await expect(one.append([late])).rejects.toThrow();
    await one.append([late]);
    expect((await other.audit(ALL)).total).toBe(1);
    await one.close();
    await other.close();
  });

  test('what PostgreSQL cannot write as text does not make a row unstorable', async () => {
    const store = createPostgresStore(await cluster.createDatabase());
    await store.append([sampleRow({ agentType: 'nul\0', errorMessage: 'half \ud83e of a pair' })]);
    expect((await store.recent(1))[0]).toMatchObject({
      agentType: 'nul\ufffd',
      errorMessage: 'half \ufffd of a pair',
    });
    await store.close();
  });

  test('migrated by a newer version while it is in use: nothing more is written, and the error says why', async () => {
    const url = await cluster.createDatabase();
    const older = createPostgresStore(url);
    await older.append([sampleRow({ requestId: 'a' })]);
    await ask(url, 'UPDATE ledger_schema SET version = version + 900');
    const next = () => older.append([sampleRow({ requestId: 'b' })]).catch((thrown: unknown) => thrown);
    expect(await next()).toBeInstanceOf(StoreBusy);
    const refusal = await next();
    expect(refusal).toBeInstanceOf(StoreBusy);
    expect(String(refusal)).toMatch(/newer Sluice \(schema 9\d\d, .*upgrade Sluice here and restart it/);
    await expect(older.totals()).rejects.toThrow(/newer Sluice/);
    expect(await ask(url, 'SELECT 1 FROM ledger_row')).toHaveLength(1);
    await ask(url, 'UPDATE ledger_schema SET version = version - 900');
    await older.append([sampleRow({ requestId: 'b' })]);
    expect((await older.totals()).requests).toBe(2);
    await older.close();
  });

  test('an older schema that is put back while it is in use is migrated', async () => {
    const url = await cluster.createDatabase();
    const store = createPostgresStore(url);
    await store.append([sampleRow({ requestId: 'a' })]);
    await ask(url, BEFORE_TOTALS);
    await ask(url, 'UPDATE ledger_schema SET version = version - 1');
    await store.append([sampleRow({ requestId: 'b' })]).catch(() => undefined);
    await store.append([sampleRow({ requestId: 'b' })]);
    expect((await store.totals()).requests).toBe(2);
    await store.close();
  });

  test('a migration waits for a batch that another gateway writes', async () => {
    const url = await cluster.createDatabase();
    await createPostgresStore(url).append([sampleRow({ requestId: 'a' })]);
    await ask(url, BEFORE_TOTALS);
    const [older] = await ask<{ version: number }>(
      url,
      'UPDATE ledger_schema SET version = version - 1 RETURNING version',
    );
    const writing = new SQL(url, { max: 1 });
    await writing.unsafe(`SELECT pg_advisory_lock(${WRITER_LOCK})`);
    const newer = createPostgresStore(url);
    const appended = newer.append([sampleRow({ requestId: 'b' })]);
    const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${WRITER_LOCK} AND NOT granted`;
    while ((await ask(url, waiting)).length === 0);
    expect(await ask(url, 'SELECT version FROM ledger_schema')).toEqual([older]);
    await writing.close();
    await appended;
    expect((await newer.totals()).requests).toBe(2);
    await newer.close();
  });

  test('by a clock that is ahead of the server nothing is deleted early: others share the ledger', async () => {
    const store = createPostgresStore(await cluster.createDatabase());
    const now = Date.now();
    const keepMs = 30 * 86_400_000;
    await store.append([
      sampleRow({ requestId: 'old', timestamp: now - keepMs - 3_600_000 }),
      sampleRow({ requestId: 'new', timestamp: now - keepMs + 3_600_000 }),
    ]);
    try {
      setSystemTime(now + 12 * keepMs);
      expect(await expireAll(store, Date.now() - keepMs)).toBe(1);
    } finally {
      setSystemTime();
    }
    expect((await store.audit(ALL)).rows.map(({ requestId }) => requestId)).toEqual(['new']);
    await store.close();
  });

  test('one whose tables need no migration does not wait for one who holds them for it', async () => {
    const url = await cluster.createDatabase();
    await createPostgresStore(url).append([sampleRow()]);
    const holding = new SQL(url, { max: 1 });
    await holding.unsafe(`SELECT pg_advisory_lock(${SCHEMA_LOCK})`);
    const store = createPostgresStore(url);
    expect((await store.totals()).requests).toBe(1);
    await holding.close();
    await store.close();
  });

  test('a newer schema is refused, and the error says what to do', async () => {
    const url = await cluster.createDatabase();
    const store = createPostgresStore(url);
    await store.append([sampleRow()]);
    await ask(url, 'UPDATE ledger_schema SET version = version + 900');
    const older = createPostgresStore(url);
    await expect(older.append([sampleRow({ requestId: 'b' })])).rejects.toThrow(
      /the ledger was written by a newer Sluice \(schema 9\d\d,/,
    );
    await ask(url, 'UPDATE ledger_schema SET version = version - 900');
    await older.append([sampleRow({ requestId: 'b' })]);
    expect((await older.totals()).requests).toBe(2);
    await older.close();
    await store.close();
  });

  test('a wrong password: the error says where and what, and nothing of the address', async () => {
    const url = new URL(await cluster.createDatabase());
    url.password = encodeURIComponent('Wr0ng @ll/');
    const store = createPostgresStore(url.href);
    const error = await store.append([sampleRow()]).catch((thrown: Error) => thrown);
    expect(String(error)).toContain(`PostgreSQL at 127.0.0.1:${cluster.port}/ledger_`);
    expect(String(error)).toContain('password authentication failed');
    for (const secret of ['Wr0ng', encodeURIComponent('Wr0ng @ll/'), POSTGRES_PASSWORD]) {
      expect(String(error) + (error instanceof Error ? error.stack : '')).not.toContain(secret);
    }
    await store.close();
  });

  test('a server that takes no writes is asked by a new connection: its name may lead to another by then', async () => {
    const url = await cluster.createDatabase();
    const name = new URL(url).pathname.slice(1);
    const elsewhere = Object.assign(new URL(url), { pathname: '/postgres' }).href;
    const store = createPostgresStore(url);
    await store.append(variedRows(1));
    await store.close();
    // Of sessions that begin: those that there are stay as they are.
    await ask(elsewhere, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const standby = createPostgresStore(url);
    await expect(standby.append(variedRows(1, 1))).rejects.toThrow('standby');
    await ask(elsewhere, `ALTER DATABASE ${name} RESET default_transaction_read_only`);
    await standby.append(variedRows(1, 1));
    expect((await standby.totals()).requests).toBe(2);
    await standby.close();
  });

  test('a connection that the server ended is made anew', async () => {
    const url = await cluster.createDatabase();
    const store = createPostgresStore(url);
    await store.append(variedRows(10));
    await ask(
      url,
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
    );
    await retried(() => store.append(variedRows(20)));
    expect((await store.totals()).requests).toBe(20);
    await store.close();
  });

  test('a server that lacks the newest kinds, as a standby may that became the first: its sums and rows are of what they name', async () => {
    const own = await startCluster();
    const url = await own.createDatabase();
    const rowsOf = (model: string, ...ids: string[]) =>
      ids.map((requestId) => sampleRow({ requestId, model }));
    const [one, other] = [createPostgresStore(url), createPostgresStore(url)];
    await one.append(rowsOf('kept', 'a'));
    await one.append(rowsOf('lost', 'b'));
    await other.append(rowsOf('lost', 'c'));
    const lost = "(SELECT id FROM ledger_kind WHERE model = 'lost')";
    await ask(url, `DELETE FROM ledger_row WHERE kind IN ${lost}`);
    await ask(url, `DELETE FROM ledger_sum WHERE kind IN ${lost}`);
    await ask(url, "DELETE FROM ledger_kind WHERE model = 'lost'");
    await own.kill();
    await own.restart();
    await retried(() => one.append(rowsOf('new', 'd')));
    await retried(() => other.append(rowsOf('lost', 'e', 'f')));
    for (const [model, total] of Object.entries({ kept: 1, new: 1, lost: 2 }))
      expect(await one.audit({ ...ALL, model })).toMatchObject({ total, rows: { length: total } });
    await Promise.all([one.close(), other.close()]);
    await own.remove();
  });

  test('a backup put in place while the gateway runs: sums and rows are of what they name', async () => {
    const url = await cluster.createDatabase();
    const rowsOf = (model: string, ...ids: string[]) =>
      ids.map((requestId) => sampleRow({ requestId, model }));
    const store = createPostgresStore(url);
    await store.append(rowsOf('kept', 'a'));
    const tables = ['ledger_kind', 'ledger_row', 'ledger_sum'];
    for (const table of tables) await ask(url, `CREATE TABLE backup_${table} AS SELECT * FROM ${table}`);
    await store.append(rowsOf('lost', 'b'));
    for (const table of tables) {
      await ask(url, `TRUNCATE ${table}`);
      await ask(url, `INSERT INTO ${table} SELECT * FROM backup_${table}`);
    }
    await store.append([...rowsOf('new', 'c'), ...rowsOf('lost', 'd', 'e')]);
    for (const [model, total] of Object.entries({ kept: 1, new: 1, lost: 2 }))
      expect(await store.audit({ ...ALL, model })).toMatchObject({ total, rows: { length: total } });
    expect((await store.totals()).requests).toBe(4);
    await store.close();
  });

  test('many hours and models: the sums of a window are right to the row', async () => {
    const store = createPostgresStore(await cluster.createDatabase());
    await store.append(
      variedRows(2000).map((row, index) => ({ ...row, timestamp: SAMPLE_TIME + index * 600_000 })),
    );
    const since = SAMPLE_TIME + 600_000 * 777 + 1;
    expect((await store.totals({ since })).requests).toBe(2000 - 778);
    await store.close();
  });
});

test('a server that accepts connections and never answers: readers hear just that, and of no migration', async () => {
  using server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } });
  const store = createPostgresStore(`postgres://sluice:pw@127.0.0.1:${server.port}/sluice`);
  const failure = await store.totals().catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(StoreBusy);
  expect(String(failure)).toContain('has not answered within 3 s: check that it runs');
  server.stop(true);
  await store.close();
});
