// The SQLite store: the common suite on a file and in memory, and what concerns only files.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { STEPS } from '../../src/ledger/sqlite/schema.ts';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import { createThreadedStore } from '../../src/ledger/threaded-store.ts';
import { expireAll, SAMPLE_TIME, sampleRow, variedRows } from '../support/ledger-rows.ts';
import { BEFORE_HIDING, expectFoundByName, NAMED_OTHER } from './older-names.ts';
import { BEFORE_BUNDLES } from './older-bodies.ts';
import { BEFORE_HEADERS, BEFORE_TOTALS } from './older-headers.ts';
import { BUCKET_ROWS, expectPackedHistograms } from './older-histograms.ts';
import { ALL, costsOf, describeStore, allSeries, seriesRows } from './store-suite.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The last version whose rows have no kind. */
const WITHOUT_KINDS = STEPS.findIndex((step) => step.includes('CREATE TABLE ledger_kind'));

describeStore({
  name: 'SQLite file',
  async open(projects) {
    const directory = temporaryFolder('ledger');
    return {
      store: createSqliteStore(join(directory, 'ledger.db'), projects),
      dispose: () => rm(directory, { recursive: true }),
    };
  },
});

describeStore({
  name: 'SQLite on its own thread',
  async open(projects) {
    const directory = temporaryFolder('ledger');
    return {
      store: createThreadedStore({ type: 'sqlite', path: join(directory, 'ledger.db') }, undefined, projects),
      dispose: () => rm(directory, { recursive: true }),
    };
  },
});

describeStore({
  name: 'SQLite in memory',
  open: async (projects) => ({
    store: createSqliteStore(':memory:', projects),
    dispose: async () => undefined,
  }),
});

describe('SQLite file', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = temporaryFolder('ledger');
    path = join(directory, 'deep', 'ledger.db');
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('another program puts a backup in place: sums and rows are of what they name', async () => {
    const store = createSqliteStore(path);
    const rowOf = (model: string, requestId: string) => sampleRow({ model, requestId });
    await store.append([rowOf('kept', 'a')]);
    await store.append([rowOf('lost', 'b')]);
    const other = new Database(path);
    const lost = "(SELECT id FROM ledger_kind WHERE model = 'lost')";
    other.run(`DELETE FROM ledger_row WHERE kind IN ${lost}`);
    other.run(`DELETE FROM ledger_sum WHERE kind IN ${lost}`);
    other.run("DELETE FROM ledger_kind WHERE model = 'lost'");
    other.close();
    await store.append([rowOf('new', 'c'), rowOf('lost', 'd'), rowOf('lost', 'e')]);
    for (const [model, total] of Object.entries({ kept: 1, new: 1, lost: 2 }))
      expect(await store.audit({ ...ALL, model })).toMatchObject({ total, rows: { length: total } });
    expect((await store.totals()).requests).toBe(4);
    await store.close();
  });

  test('rows and totals are there after reopening, and ids go on rising', async () => {
    const first = createSqliteStore(path);
    await first.append(variedRows(3));
    await expireAll(first, Number.MAX_SAFE_INTEGER);
    await first.append(variedRows(1, 3));
    await first.close();
    const second = createSqliteStore(path);
    await second.append(variedRows(1, 4));
    expect((await second.audit(ALL)).rows.map((row) => row.id)).toEqual([5, 4]);
    expect((await second.totals()).requests).toBe(5);
    await second.close();
  });

  test('two writers of one file: one row for one request id, one sum', async () => {
    const one = createSqliteStore(path);
    const other = createSqliteStore(path);
    await Promise.all([one.append(variedRows(300)), other.append(variedRows(300, 200))]);
    expect((await one.totals()).requests).toBe(500);
    expect((await other.audit(ALL)).total).toBe(500);
    await one.close();
    await other.close();
  });

  test('only the owner can read it', async () => {
    const store = createSqliteStore(path);
    await store.append([sampleRow()]);
    for (const suffix of ['', '-wal', '-shm']) {
      expect((await stat(path + suffix)).mode & 0o777).toBe(0o600);
    }
    expect((await stat(join(directory, 'deep'))).mode & 0o777).toBe(0o700);
    await store.close();
  });

  test('is in WAL mode', async () => {
    const store = createSqliteStore(path);
    const reader = new Database(path, { readonly: true });
    expect(reader.query('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    reader.close();
    await store.close();
  });

  test('the log is short again after a long read, during which it cannot be written into the file', async () => {
    const store = createSqliteStore(path);
    const logBytes = async () => (await stat(`${path}-wal`)).size;
    const append = (...requestIds: string[]) =>
      store.append(
        requestIds.map((requestId) =>
          sampleRow({ requestId, responseBody: randomBytes(750_000).toString('base64') }),
        ),
      );
    const reader = new Database(path, { readonly: true });
    reader.run('BEGIN');
    reader.query('SELECT count(*) FROM ledger_row').get();
    for (let index = 0; index < 10; index++) await append(...[1, 2, 3, 4, 5].map((one) => `${index}-${one}`));
    expect(await logBytes()).toBeGreaterThan(34_000_000);
    reader.run('COMMIT');
    for (const one of ['copies the log into the file', 'begins it anew']) await append(one);
    expect(await logBytes()).toBeLessThan(34_000_000);
    reader.close();
    await store.close();
  });

  async function createOlderFile(version: number): Promise<Database> {
    await mkdir(dirname(path));
    const database = new Database(path, { create: true });
    for (const step of STEPS.slice(0, version)) database.run(step);
    database.run(`PRAGMA user_version = ${version}`);
    return database;
  }

  /** As every version takes it. */
  function insertOlderRow(database: Database, row: Record<string, string | number>): void {
    const old: Record<string, string | number> = {
      timestamp: SAMPLE_TIME - 1,
      client_dialect: 'gemini',
      status: 'success',
      attempts: '[]',
      lost: '[]',
    };
    const counts =
      'http_status streamed latency_ms input_tokens output_tokens cache_read_tokens cache_write_tokens ' +
      'cache_write_1h_tokens reasoning_tokens web_searches audio_input_tokens audio_output_tokens usage_known ' +
      'malformed_events';
    for (const column of counts.split(' ')) old[column] = 1;
    Object.assign(old, row);
    const columns = Object.keys(old);
    database
      .query(`INSERT INTO ledger_row (${columns.join()}) VALUES (${columns.map(() => '?').join()})`)
      .run(...Object.values(old));
  }

  for (let version = 1; version <= STEPS.length; version++) {
    test(`a file of version ${version} keeps its rows`, async () => {
      const database = await createOlderFile(version);
      insertOlderRow(database, { request_id: 'req_old' });
      database.run("INSERT INTO ledger_body (row_id, request_body) VALUES (1, 'plain text')");
      database.close();
      const store = createSqliteStore(path);
      await store.append([sampleRow({ requestId: 'req_new' })]);
      const { rows } = await store.audit({ ...ALL, includeBodies: true });
      expect(rows.map((row) => [row.requestId, row.operation, row.requestBody])).toEqual([
        ['req_new', 'generate', null],
        ['req_old', 'generate', 'plain text'],
      ]);
      if (version <= WITHOUT_KINDS) {
        expect((await store.audit({ ...ALL, operation: 'generate', status: 'success' })).total).toBe(2);
        expect((await store.audit({ ...ALL, startTime: SAMPLE_TIME })).total).toBe(1);
        expect(await expireAll(store, SAMPLE_TIME)).toBe(1);
        expect((await store.audit({ ...ALL, success: true })).total).toBe(1);
      }
      await store.close();
    });
  }

  test('rows of before kinds are found by their own names', async () => {
    const database = await createOlderFile(WITHOUT_KINDS);
    const usual = { provider: 'lab', model: 'small-1', agent_type: 'coder', project_id: 'web' };
    const others: [column: string, value: string, filter: object][] = [
      ['provider', 'other-lab', { provider: 'other-lab' }],
      ['model', 'large-1', { model: 'large-1' }],
      ['agent_type', 'writer', { agentType: 'writer' }],
      ['project_id', 'data', { projectId: 'data' }],
      ['operation', 'embed', { operation: 'embed' }],
      ['status', 'error', { status: 'error' }],
    ];
    insertOlderRow(database, { ...usual, request_id: 'req_usual' });
    for (const [column, value] of others)
      insertOlderRow(database, { ...usual, [column]: value, request_id: `req_${column}` });
    database.close();
    const store = createSqliteStore(path);
    for (const [column, , filter] of others) {
      const { rows, total } = await store.audit({ ...ALL, ...filter });
      expect([total, ...rows.map(({ requestId }) => requestId)]).toEqual([1, `req_${column}`]);
    }
    const day = Math.floor(SAMPLE_TIME / 86_400_000) * 86_400_000;
    const ofDays = (from: number) => store.audit({ ...ALL, startTime: from, endTime: from + 86_400_000 - 1 });
    expect([(await ofDays(day)).total, (await ofDays(day - 86_400_000)).total]).toEqual([7, 0]);
    await store.close();
  });

  test('sums by the hour alone, as the first versions had them, are those of days and of all time too', async () => {
    const version = STEPS.findIndex((step) => step.includes('CREATE TABLE ledger_sum ('));
    const database = await createOlderFile(version);
    const day = Math.floor(SAMPLE_TIME / 86_400_000);
    for (const hour of [day * 24 - 1, day * 24, day * 24 + 1])
      database.run(
        `INSERT INTO ledger_hour VALUES (${hour}, 'lab', 'small-1', 'coder', '', 7, 2, 1, 0.5, 10, 20, 30, 40, 50, 60, 6)`,
      );
    database.close();
    const store = createSqliteStore(path);
    for (const [since, hours] of [
      [null, 3],
      [day * 86_400_000, 2],
      [day * 86_400_000 + 3_600_000, 1],
    ] as const) {
      const { totals, by } = await store.summary({ window: { since }, by: ['agent'], models: 0 });
      expect(totals).toMatchObject({
        requests: 7 * hours,
        failures: 2 * hours,
        unpriced: hours,
        inputTokens: 10 * hours,
        outputTokens: 20 * hours,
        cacheReadTokens: 30 * hours,
        cacheWriteTokens: 40 * hours,
      });
      expect(costsOf(by.agent)).toEqual({ coder: 0.5 * hours });
    }
    await store.close();
  });

  test('sums of before kinds outlive their rows, beside those of now', async () => {
    const database = await createOlderFile(WITHOUT_KINDS);
    // One of those that are summed up.
    insertOlderRow(database, { request_id: 'req_old', provider: 'lab', model: 'small-1', project_id: 'p' });
    const insert =
      'INSERT INTO ledger_sum (span, start, provider, model, agent, project, requests, failures, unpriced, cost_usd, ' +
      'input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, latency_ms_sum, ttft_ms_sum, ttft_count, stalls) ';
    const day = Math.floor(SAMPLE_TIME / 86_400_000);
    for (const [span, start] of [
      [0, 0],
      [1, day * 24],
      [24, day],
    ])
      database.run(
        `${insert} VALUES (${span}, ${start}, 'lab', 'small-1', '', 'p', 7, 2, 1, 0.5, 10, 20, 30, 40, 50, 60, 6, 3)`,
      );
    database.close();
    const store = createSqliteStore(path);
    await store.append([sampleRow({ projectId: 'p' })]);
    for (const since of [null, (day - 1) * 86_400_000]) {
      const { totals, by } = await store.summary({ window: { since }, by: ['model'], models: 0 });
      expect(totals).toMatchObject({ requests: 8, failures: 2, unpriced: 1, inputTokens: 110, stalls: 3 });
      expect(costsOf(by.model)).toEqual({ 'small-1': 0.5025 });
    }
    expect((await store.audit({ ...ALL, projectId: 'p' })).total).toBe(2);
    await store.close();
  });

  test('histograms of before are packed, and go on', async () => {
    const database = await createOlderFile(
      STEPS.findIndex((step) => step.includes('CREATE TABLE ledger_spread_packed')),
    );
    for (const counts of BUCKET_ROWS) database.run(`INSERT INTO ledger_spread VALUES (${counts})`);
    database.close();
    const store = createSqliteStore(path);
    await expectPackedHistograms(store);
    await store.close();
  });

  test('a name that is the word for hidden names is found, in a file of before too', async () => {
    const older = createSqliteStore(path);
    await older.append(NAMED_OTHER);
    await older.close();
    const database = new Database(path);
    for (const step of [...BEFORE_BUNDLES, ...BEFORE_HIDING]) database.run(step);
    database.run(
      `PRAGMA user_version = ${STEPS.findIndex((step) => step.includes('ledger_row_other_model'))}`,
    );
    database.close();
    const store = createSqliteStore(path);
    await expectFoundByName(store);
    await store.close();
  });

  test('minutes are kept for a day and an hour, and made for a file of before', async () => {
    const store = createSqliteStore(path);
    const every = 20 * 60_000;
    const rows = variedRows(200).map((row, index) => ({ ...row, timestamp: SAMPLE_TIME + index * every }));
    for (let at = 0; at < rows.length; at += 4) await store.append(rows.slice(at, at + 4));
    await store.close();
    const newest = SAMPLE_TIME + 199 * every;
    const database = new Database(path);
    const kept = () =>
      database
        .query<{ start: number; sums: string }, []>(
          'SELECT start, json_array(kind, kept, requests, failures, unpriced, cost_usd, input_tokens, output_tokens, latency_ms_sum, ' +
            'ttft_ms_sum, ttft_count, provider_ms_sum, gateway_ms_sum, stalls, flow_tokens, flow_ms) AS sums ' +
            'FROM ledger_sum WHERE span = -1 ORDER BY start, kind',
        )
        .all();
    const before = kept();
    const oldest = Math.min(...before.map(({ start }) => start)) * 60_000;
    expect(newest - oldest).toBeGreaterThan(24 * 3_600_000);
    expect(newest - oldest).toBeLessThan(27 * 3_600_000);
    for (const step of BEFORE_BUNDLES) database.run(step);
    database.run('DELETE FROM ledger_sum WHERE span = -1');
    database.run(`PRAGMA user_version = ${STEPS.findIndex((step) => step.includes('Sums by minute'))}`);
    await createSqliteStore(path).close();
    expect(kept()).toEqual(before.filter(({ start }) => start * 60_000 >= newest - 25 * 3_600_000 - 60_000));
    database.close();
  });

  test('what a database of before counts in minutes whose rows have expired is set right', async () => {
    const older = createSqliteStore(path);
    await older.append(variedRows(300));
    await older.close();
    const database = new Database(path);
    const filter = { ...ALL, startTime: SAMPLE_TIME + 1, endTime: SAMPLE_TIME + 250_000 };
    database.run(`DELETE FROM ledger_row WHERE timestamp < ${SAMPLE_TIME + 100_000}`);
    for (const step of BEFORE_HEADERS) database.run(step);
    database.run(`PRAGMA user_version = ${STEPS.findIndex((step) => step.includes('which of them had'))}`);
    database.close();
    const store = createSqliteStore(path);
    expect((await store.audit(filter)).total).toBe(151);
    await store.close();
  });

  test('what a database of before each hour and day had totals is asked for', async () => {
    const older = createSqliteStore(path);
    await older.append(seriesRows());
    const before = await allSeries(older);
    await older.close();
    const database = new Database(path);
    database.run(BEFORE_TOTALS);
    database.run(`PRAGMA user_version = ${STEPS.findIndex((step) => step.includes('ledger_total'))}`);
    database.close();
    const store = createSqliteStore(path);
    expect(await allSeries(store)).toEqual(before);
    await store.close();
  });

  test('two writers of one file have the same names, and together no more than one may', async () => {
    const one = createSqliteStore(path);
    const other = createSqliteStore(path);
    for (let at = 0; at < 1200; at += 100) {
      const rows = variedRows(100, at).map((row) => ({
        ...row,
        model: `invented-${row.requestId}`,
        status: 'success' as const,
      }));
      await (at % 200 === 0 ? one : other).append(rows);
    }
    const { by } = await one.summary({ window: { since: null }, by: ['model'], models: 0 });
    const distinguished = Object.keys(costsOf(by.model)).filter((name) => name !== 'other');
    expect(distinguished.length).toBe(1000);
    for (const model of ['invented-req_1199', ...distinguished.slice(0, 5)])
      expect((await other.audit({ ...ALL, model })).total).toBe(1);
    expect((await one.totals()).requests).toBe(1200);
    await one.close();
    await other.close();
  });

  test('a file of a newer version is refused with what to do', async () => {
    await createSqliteStore(path).close();
    const database = new Database(path);
    database.run('PRAGMA user_version = 99');
    database.close();
    expect(() => createSqliteStore(path)).toThrow(/newer Sluice.*upgrade/);
  });

  test('a file that is no database is refused', async () => {
    await createSqliteStore(path).close();
    await writeFile(path, 'this is not a database, but long enough to look like one'.repeat(40));
    expect(() => createSqliteStore(path)).toThrow(/not a database/);
  });
});

describe('SQLite on its own thread', () => {
  let directory: string;
  beforeEach(async () => {
    directory = temporaryFolder('ledger');
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('a file that cannot be opened fails the calls, with the reason, until it can', async () => {
    const path = join(directory, 'ledger.db');
    await mkdir(path);
    const store = createThreadedStore({ type: 'sqlite', path });
    await expect(store.append([sampleRow()])).rejects.toThrow(/EISDIR|unable to open/);
    await expect(store.totals()).rejects.toThrow();
    await rm(path, { recursive: true });
    await store.append([sampleRow()]);
    expect((await store.totals()).requests).toBe(1);
    await store.close();
  });

  test('a call leaves the thread of its caller free', async () => {
    const path = join(directory, 'ledger.db');
    const store = createThreadedStore({ type: 'sqlite', path });
    await store.totals();
    const other = new Database(path);
    other.run('BEGIN IMMEDIATE');
    // On the caller's thread this would wait for the lock, and nobody could give it back.
    const append = store.append([sampleRow()]);
    await new Promise((resolve) => setImmediate(resolve));
    other.run('ROLLBACK');
    other.close();
    await append;
    expect((await store.totals()).requests).toBe(1);
    await store.close();
  });

  test('close ends the thread, and is fine where none was started', async () => {
    const unused = createThreadedStore({ type: 'sqlite', path: join(directory, 'unused.db') });
    await unused.close();
    const store = createThreadedStore({ type: 'sqlite', path: join(directory, 'ledger.db') });
    await store.append([sampleRow()]);
    await store.close();
    await store.close();
    const reopened = createSqliteStore(join(directory, 'ledger.db'));
    expect((await reopened.totals()).requests).toBe(1);
    await reopened.close();
  });
});
