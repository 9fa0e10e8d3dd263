// A store that is damaged, newer, full or away: requests are served, what is wrong is told, and rows are kept.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createWebHost } from '../../src/gateway/host.ts';
import { type Entry, toEntry } from '../../src/ledger/queue/backlog.ts';
import { createBatchWriter } from '../../src/ledger/queue/batch-writer.ts';
import { createLedger } from '../../src/ledger/queue/recorder.ts';
import type { WriteLog } from '../../src/ledger/queue/failure-log.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { createSpillFile } from '../../src/ledger/queue/spill-file.ts';
import { createRecoveringSqliteStore } from '../../src/ledger/sqlite/recovering-store.ts';
import { STEPS, versionOf } from '../../src/ledger/sqlite/schema.ts';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import { StoreBusy } from '../../src/ledger/store-busy.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';
import { createThreadedStore } from '../../src/ledger/threaded-store.ts';
import { sampleRow, variedRows } from '../support/ledger-rows.ts';
import { canMount, mountSmallDisk } from '../support/small-disk.ts';
import { startSluice } from '../support/sluice-process.ts';
import { BEFORE_TOTALS } from './older-headers.ts';
import { ALL } from './store-suite.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

let home: string;
let path: string;
beforeEach(() => {
  home = temporaryFolder('bad-store');
  path = join(home, 'sluice.db');
});
afterEach(() => rmSync(home, { recursive: true }));

const idsOf = (rows: readonly LedgerRow[]): string[] => rows.map((row) => row.requestId).sort();

/** With the real clock. */
function openLedger(store: LedgerStore, directory: string, maxBytes = 100_000_000) {
  const { now, monotonic, setTimer } = createWebHost();
  return createLedger(store, {
    now,
    monotonic,
    setTimer,
    spill: createSpillFile({ directory, maxBytes: () => maxBytes }),
  });
}

/** A ledger of 3,000 rows, closed. */
async function writeLedger(): Promise<void> {
  const store = createSqliteStore(path);
  for (let at = 0; at < 3000; at += 500) await store.append(variedRows(500, at));
  await store.close();
}

/** All but its head, so that it opens. */
function damage(): void {
  const bytes = readFileSync(path);
  bytes.fill(0x55, 16_384, bytes.length);
  writeFileSync(path, bytes);
}

describe('a file that is no longer in its place', () => {
  const folder = () => join(home, 'in');
  const place = () => join(folder(), 'sluice.db');
  const row = (requestId: string) => ({ ...sampleRow(), requestId });

  async function opened() {
    const heard: string[] = [];
    const store = createThreadedStore({ type: 'sqlite', path: place() }, (notice) => heard.push(notice));
    await store.append([row('before')]);
    return { store, heard };
  }

  /** As the next start finds it. */
  async function found(path: string): Promise<string[]> {
    const store = createSqliteStore(path);
    const { rows } = await store.audit(ALL);
    await store.close();
    return idsOf(rows);
  }

  test.each([
    ['its folder was removed', () => rmSync(folder(), { recursive: true }), undefined],
    ['it was removed', () => rmSync(place()), undefined],
    [
      'it was removed with its log',
      () => {
        for (const name of readdirSync(folder())) rmSync(join(folder(), name));
      },
      undefined,
    ],
    ['its folder was moved away', () => renameSync(folder(), join(home, 'away')), 'away/sluice.db'],
    ['it was moved away', () => renameSync(place(), join(home, 'kept.db')), 'kept.db'],
  ])('%s: a new one is begun, and that is told', async (_, take, elsewhere) => {
    const { store, heard } = await opened();
    take();
    await store.append([row('after')]);
    await store.append([row('later')]);
    expect(heard).toEqual([expect.stringContaining(`gone from ${place()}`)]);
    expect(store.notices?.()).toEqual(heard);
    await store.close();
    expect(await found(place())).toEqual(['after', 'later']);
    if (elsewhere !== undefined) expect(await found(join(home, elsewhere))).toEqual(['before']);
  });

  test.each([['-wal'], ['-shm'], ['-wal', '-shm']])(
    'only %s beside it: no row is lost, and others see each',
    async (...suffixes) => {
      const { store, heard } = await opened();
      for (const suffix of suffixes) rmSync(place() + suffix);
      await store.append([row('after')]);
      await store.append([row('later')]);
      // While it is in use, as a backup does, or the next start where this process is killed.
      expect(await found(place())).toEqual(['after', 'before', 'later']);
      expect(heard).toEqual([expect.stringContaining('what they held was put into the ledger')]);
      await store.append([row('last')]);
      await store.close();
      expect(await found(place())).toEqual(['after', 'before', 'last', 'later']);
    },
  );

  test('another ledger lies there, such as a copy that was kept: rows go on in that one', async () => {
    await writeLedger();
    const { store, heard } = await opened();
    renameSync(path, place());
    await store.append([row('after')]);
    expect((await store.audit(ALL)).total).toBe(3001);
    expect(heard).toEqual([expect.stringContaining("is no longer the ledger's")]);
    await store.close();
  });

  test('nothing can be created there: it is reported, and tried again', async () => {
    const { store } = await opened();
    rmSync(folder(), { recursive: true });
    writeFileSync(folder(), 'in the way');
    const failed: unknown[] = [];
    for (let n = 0; n < 2; n++) await store.append([row('after')]).catch((thrown) => failed.push(thrown));
    expect(failed.map(String)).toEqual(
      Array(2).fill(expect.stringContaining('a file is in the place of its folder')),
    );
    rmSync(folder());
    await store.append([row('after')]);
    expect(idsOf((await store.audit(ALL)).rows)).toEqual(['after']);
    await store.close();
  });

  test('two that share it find the same new one', async () => {
    const [one, other] = [await opened(), await opened()];
    rmSync(folder(), { recursive: true });
    await one.store.append([row('one')]);
    await other.store.append([row('other')]);
    await one.store.append([row('one more')]);
    for (const { store } of [one, other]) await store.close();
    expect(await found(place())).toEqual(['one', 'one more', 'other']);
  });
});

describe('a damaged file', () => {
  test.each([
    ['no database at all', () => writeFileSync(path, 'not a database, but long enough '.repeat(500))],
    ['pages overwritten', damage],
  ])('%s: it is kept aside, a new one begun, and the row is in it', async (_, spoil) => {
    await writeLedger();
    spoil();
    const spoiled = readFileSync(path);
    const heard: string[] = [];
    const store = createThreadedStore({ type: 'sqlite', path }, (notice) => heard.push(notice));
    await store.append([sampleRow()]);
    expect(idsOf((await store.audit(ALL)).rows)).toEqual(['req_sample']);
    const aside = readdirSync(home).filter((name) => /^sluice\.db\.damaged-\d{4}-\d\d-\d\d$/.test(name));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(home, aside[0] ?? '')).equals(spoiled)).toBe(true);
    expect(heard).toEqual([expect.stringContaining(`it was renamed to ${join(home, aside[0] ?? '')}`)]);
    expect(store.notices?.()).toEqual(heard);
    await store.close();
  });

  test('its log is kept with it: nothing of that comes into the new one', async () => {
    await writeLedger();
    // As a process leaves it that is killed.
    const killed = createSqliteStore(path);
    await killed.append([sampleRow({ requestId: 'req_logged' })]);
    const place = join(home, 'copy.db');
    for (const suffix of ['-wal', '-shm']) copyFileSync(path + suffix, place + suffix);
    await killed.close();
    writeFileSync(place, 'not a database, but long enough '.repeat(500));
    const logged = readFileSync(`${place}-wal`);
    const store = createRecoveringSqliteStore(place, () => undefined);
    await store.append([sampleRow()]);
    expect(idsOf((await store.audit(ALL)).rows)).toEqual(['req_sample']);
    const [log = ''] = readdirSync(home).filter((name) => /^copy\.db\.damaged-[\d-]+-wal$/.test(name));
    expect(readFileSync(join(home, log)).equals(logged)).toBe(true);
    await store.close();
  });

  test('found by several calls at once: one is kept aside', async () => {
    await writeLedger();
    damage();
    const heard: string[] = [];
    const store = createThreadedStore({ type: 'sqlite', path }, (notice) => heard.push(notice));
    const calls = [1, 2, 3].flatMap((index) => [
      store.audit(ALL),
      store.append([sampleRow({ requestId: `req_${index}` })]),
      store.totals(),
    ]);
    await Promise.allSettled(calls);
    await store.append([sampleRow({ requestId: 'req_after' })]);
    expect(heard).toHaveLength(1);
    await store.close();
  });

  test('found while the gateway runs: requests are served, and health reports it', async () => {
    await writeLedger();
    damage();
    await using gateway = await startSluice({ home });
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'simulator/fast',
        max_tokens: 5,
        messages: [{ role: 'user', content: 'hi' }],
      }),
    });
    expect(response.status).toBe(200);
    await response.text();
    expect(await gateway.get('/gateway/audit')).toMatchObject({ total: 1 });
    expect(await gateway.get('/gateway/health')).toMatchObject({
      status: 'healthy',
      ledger: { ok: true, dropped: 0, notices: [expect.stringContaining('sluice.db.damaged-')] },
    });
    await gateway.wrote(/the ledger's file was damaged/);
  });
});

describe('a file that another program cuts while it is in use', () => {
  const row = (requestId: string) => ({ ...sampleRow(), requestId });
  const aside = () => readdirSync(home).filter((name) => /^sluice\.db\.damaged-[\d-]+$/.test(name));

  async function opened() {
    const heard: string[] = [];
    const store = createThreadedStore({ type: 'sqlite', path }, (notice) => heard.push(notice));
    await store.append([row('before')]);
    return { store, heard };
  }

  test.each<[string, () => void]>([
    ['to nothing', () => truncateSync(path, 0)],
    ['to nothing, as a shell does (: > FILE)', () => writeFileSync(path, '')],
    ['within its head', () => truncateSync(path, 50)],
    ['in the middle', () => truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096)],
  ])('%s: a new one is begun, and that is told', async (_, cut) => {
    await writeLedger();
    const { store, heard } = await opened();
    cut();
    await store.append([row('after')]);
    await store.append([row('later')]);
    expect(heard).toEqual([expect.stringContaining(`it was renamed to ${join(home, aside()[0] ?? '?')}`)]);
    expect(heard).toEqual([expect.stringContaining('another program truncated it')]);
    expect(store.notices?.()).toEqual(heard);
    expect(idsOf((await store.audit(ALL)).rows)).toEqual(['after', 'later']);
    expect((await store.totals()).requests).toBe(2);
    await store.close();
    const kept = createSqliteStore(path);
    expect(idsOf((await kept.audit(ALL)).rows)).toEqual(['after', 'later']);
    await kept.close();
  });

  test('of the notices that it begins again and again the latest are kept, and none twice', async () => {
    const { store, heard } = await opened();
    for (let count = 0; count < 3; count++) {
      rmSync(path);
      await store.append([row(`gone ${count}`)]);
    }
    expect(heard).toHaveLength(3);
    expect(store.notices?.()).toEqual([expect.stringContaining('is gone from')]);
    for (let count = 0; count < 25; count++) {
      truncateSync(path, 0);
      await store.append([row(`cut ${count}`)]);
    }
    expect(heard).toHaveLength(28);
    expect(store.notices?.()).toEqual(heard.slice(-20));
    await store.close();
  });

  test('found by a page that is read, before anything is written', async () => {
    await writeLedger();
    const { store, heard } = await opened();
    truncateSync(path, 0);
    expect((await store.audit(ALL)).total).toBe(0);
    expect(heard).toHaveLength(1);
    await store.close();
  });

  test('again and again: each is kept', async () => {
    const { store, heard } = await opened();
    for (const n of [1, 2, 3]) {
      truncateSync(path, 0);
      await store.append([row(`after ${n}`)]);
    }
    expect(heard).toHaveLength(3);
    expect(aside()).toHaveLength(3);
    await store.close();
  });

  test('VACUUM, which makes it shorter too, is none of that', async () => {
    await writeLedger();
    const { store, heard } = await opened();
    while (!(await store.expire(Number.MAX_SAFE_INTEGER)).isDone);
    const long = statSync(path).size;
    const other = new Database(path);
    other.run('VACUUM');
    other.run('PRAGMA wal_checkpoint(TRUNCATE)');
    other.close();
    expect(statSync(path).size).toBeLessThan(long);
    await store.append([row('after')]);
    expect(idsOf((await store.audit(ALL)).rows)).toEqual(['after']);
    expect(heard).toEqual([]);
    await store.close();
  });

  test('while the gateway runs: every row after it is kept, and health reports it', async () => {
    await using gateway = await startSluice({ home });
    const ask = async () => {
      const response = await fetch(`${gateway.url}/v1/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'simulator/fast',
          max_tokens: 5,
          messages: [{ role: 'user', content: 'hi' }],
        }),
      });
      await response.text();
    };
    await ask();
    expect(await gateway.get('/gateway/audit')).toMatchObject({ total: 1 });
    truncateSync(path, 0);
    await ask();
    await ask();
    expect(await gateway.get('/gateway/audit')).toMatchObject({ total: 2 });
    expect(await gateway.get('/gateway/health')).toMatchObject({
      ledger: { ok: true, dropped: 0, notices: [expect.stringContaining('another program truncated it')] },
    });
    await gateway.wrote(/the ledger's file was damaged/);
  });
});

/** As another program does; returns the version before. */
function setVersion(version: number, sql = ''): number {
  const database = new Database(path);
  database.run('PRAGMA busy_timeout = 5000');
  const found = versionOf(database);
  database.run(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${version}; COMMIT`);
  database.close();
  return found;
}

test('a file of a newer version is left as it is: rows wait on disk, and come back with the right program', async () => {
  await writeLedger();
  const known = setVersion(9999);
  const spill = join(home, 'spill');
  const older = openLedger(createThreadedStore({ type: 'sqlite', path }), spill);
  for (const row of variedRows(50, 5000)) older.record(row);
  // Rows for which a store takes its time, as one whose thread is only starting, are spilled before that has refused them.
  await eventually(() => !older.health().ok && older.health().spilled === 50);
  expect(older.health()).toMatchObject({ ok: false, queued: 0, dropped: 0, notices: [] });
  expect(older.health().lastError).toMatch(/newer Sluice.*upgrade/);
  await older.close();
  expect(older.health()).toMatchObject({ spilled: 50, dropped: 0 });
  setVersion(known);
  const upgraded = openLedger(createThreadedStore({ type: 'sqlite', path }), spill);
  await upgraded.flush();
  expect((await upgraded.store.totals()).requests).toBe(3050);
  await upgraded.close();
});

describe('a file that another version migrates while it is in use', () => {
  test('to a newer schema: nothing more is written, rows wait on disk, and the error says why', async () => {
    await writeLedger();
    const spill = join(home, 'spill');
    const older = openLedger(createThreadedStore({ type: 'sqlite', path }), spill);
    older.record(sampleRow({ requestId: 'before' }));
    await older.flush();
    await eventually(() => older.health().spilled === 0);
    const known = setVersion(9999);
    for (const row of variedRows(50, 5000)) older.record(row);
    await eventually(() => !older.health().ok && older.health().spilled === 50);
    expect(older.health()).toMatchObject({ ok: false, queued: 0, dropped: 0, notices: [] });
    expect(older.health().lastError).toMatch(
      /newer Sluice \(schema 9999, .*upgrade Sluice here and restart it/,
    );
    await expect(older.store.totals()).rejects.toThrow(/newer Sluice/);
    setVersion(known);
    await older.flush();
    expect((await older.store.totals()).requests).toBe(3051);
    await older.close();
  });

  test('between the look at its schema and the write: the batch is refused, and none of its rows is to blame', async () => {
    const store = createSqliteStore(path);
    await store.append([sampleRow({ requestId: 'before' })]);
    setVersion(9999);
    const refusal = await store.append([sampleRow({ requestId: 'after' })]).catch((thrown) => thrown);
    expect(refusal).toBeInstanceOf(StoreBusy);
    expect((await store.totals()).requests).toBe(1);
    await store.close();
  });

  test('where an older copy is put back: it is migrated', async () => {
    const store = createThreadedStore({ type: 'sqlite', path });
    await store.append([sampleRow({ requestId: 'before' })]);
    setVersion(STEPS.length - 1, BEFORE_TOTALS);
    await store.append([sampleRow({ requestId: 'after' })]);
    expect(idsOf((await store.audit(ALL)).rows)).toEqual(['after', 'before']);
    await store.close();
  });
});

describe('a file that another program holds for long', () => {
  const hold = (): Database => {
    const other = new Database(path);
    other.run('BEGIN EXCLUSIVE');
    return other;
  };

  test('pages are answered meanwhile, health reports it, and every row is there afterwards', async () => {
    await using gateway = await startSluice({ home });
    const ask = async () => {
      const body = { model: 'simulator/fast', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] };
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${gateway.url}/v1/messages`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      await response.text();
      return response.status;
    };
    expect(await ask()).toBe(200);
    expect(await gateway.get('/gateway/audit')).toMatchObject({ total: 1 });
    const other = hold();
    try {
      expect(await Promise.all(Array.from({ length: 40 }, ask))).toEqual(Array(40).fill(200));
      expect(await gateway.get('/gateway/audit')).toMatchObject({ total: 1 });
      expect(await gateway.get('/gateway/metrics')).toMatchObject({ summary: { total_requests: 1 } });
      const health = (await gateway.get('/gateway/health')) as { ledger: { last_error: string } };
      expect(health).toMatchObject({ status: 'degraded', ledger: { ok: false, dropped: 0 } });
      expect(health.ledger.last_error).toContain('another program has locked it');
    } finally {
      other.close();
    }
    const counted = async () => ((await gateway.get('/gateway/audit')) as { total: number }).total;
    while ((await counted()) < 41);
    const health = () => gateway.get<{ ledger: { spilled: number } }>('/gateway/health');
    // What was spilled is removed there once it is in the file, where it can be read by then.
    await eventually(async () => (await health()).ledger.spilled === 0);
    expect(await health()).toMatchObject({ status: 'healthy', ledger: { ok: true, dropped: 0 } });
  });

  test('no row is to blame, however often it is alone when the file is held', async () => {
    const answers: string[] = [];
    const taken: string[] = [];
    const writer = createBatchWriter(async (rows) => {
      if (answers.shift() === 'busy') throw new StoreBusy('held');
      taken.push(...rows.map(({ requestId }) => requestId));
    });
    const rows = variedRows(6);
    const [first = [], ...later] = [rows.slice(0, 4), rows.slice(4, 5), rows.slice(5)];
    let waiting: Entry[] = first.map((row) => toEntry(row, 0));
    answers.push('busy');
    waiting = (await writer.write(waiting)).refused;
    // Were they split, the first would be refused alone each time, and what follows go through.
    for (const more of later) {
      answers.splice(0, answers.length, ...Array(Math.ceil(Math.log2(waiting.length)) + 1).fill('busy'));
      const { refused, poison } = await writer.write(waiting);
      expect(poison).toBe(0);
      waiting = [...refused, ...more.map((row) => toEntry(row, 0))];
    }
    answers.length = 0;
    expect(await writer.write(waiting)).toMatchObject({ refused: [], poison: 0 });
    expect(taken.sort()).toEqual(idsOf(rows));
  });
});

describe('a folder in which nothing can be written', () => {
  const folder = () => join(home, 'in');

  /** A file stands where the folder of both should be. */
  const openInNone = (log?: WriteLog) => {
    writeFileSync(folder(), '');
    const { now, monotonic, setTimer } = createWebHost();
    return createLedger(createThreadedStore({ type: 'sqlite', path: join(folder(), 'sluice.db') }), {
      now,
      monotonic,
      setTimer,
      spill: createSpillFile({ directory: join(folder(), 'spill'), maxBytes: () => 1e8 }),
      ...(log && { log }),
    });
  };

  test('until it can: every row is there, and health has nothing to tell any more', async () => {
    const ledger = openInNone();
    ledger.record(sampleRow({ requestId: 'before' }));
    await eventually(() => !ledger.health().ok);
    expect(ledger.health().lastError).toContain('move it away, or name another folder with SLUICE_HOME');
    rmSync(folder());
    await eventually(
      () => ledger.health().ok && ledger.health().queued === 0 && ledger.health().spilled === 0,
    );
    expect(ledger.health()).toMatchObject({ dropped: 0, lastError: null });
    expect((await ledger.store.recent(9)).map(({ requestId }) => requestId)).toEqual(['before']);
    await ledger.close();
  });

  test('to the end: the log has how many rows are lost, and why', async () => {
    const logged: Parameters<WriteLog>[] = [];
    const ledger = openInNone((...line) => logged.push(line));
    for (const row of variedRows(3)) ledger.record(row);
    await ledger.close();
    const error = expect.stringContaining('a file is in the place of its folder');
    expect(logged.at(-1)).toEqual(['error', expect.stringContaining('are lost'), { rows: 3, error }]);
    expect(ledger.health().dropped).toBe(3);
  });

  const isRoot = process.getuid?.() === 0 && Bun.which('setpriv') !== null;

  test.if(isRoot)(
    'of another user: requests are served, the log tells the place, the mend and what is lost',
    async () => {
      const [own, others] = [join(home, 'own'), join(home, 'others')];
      for (const directory of [own, others]) mkdirSync(directory, { mode: 0o755 });
      chmodSync(home, 0o755);
      chownSync(own, NOBODY, NOBODY);
      const gateway = Bun.spawn(
        [
          ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', process.execPath],
          ...[join(import.meta.dir, '../../src/main.ts'), 'serve', '--port', '0', '--workers', '1'],
        ],
        {
          cwd: own,
          env: { PATH: '/bin:/usr/bin', HOME: own, SLUICE_HOME: others },
          stdout: 'pipe',
          stderr: 'pipe',
        },
      );
      const said = gateway.stdout.getReader();
      let start = '';
      for (const decoder = new TextDecoder(); !/http:\S+\n/.test(start); ) {
        const { value, done } = await said.read();
        if (done) throw new Error(await new Response(gateway.stderr).text());
        start += decoder.decode(value);
      }
      const url = /http:\S+/.exec(start)?.[0] ?? '';
      const response = await fetch(`${url}/v1/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'simulator/fast',
          max_tokens: 9,
          messages: [{ role: 'user', content: 'x' }],
        }),
      });
      expect(response.status).toBe(200);
      await response.text();
      const page = await fetch(`${url}/gateway/audit`);
      expect(page.status).toBe(503);
      expect(await page.text()).toContain(
        'let this user write there, or name another folder with SLUICE_HOME',
      );
      gateway.kill('SIGTERM');
      expect(await gateway.exited).toBe(0);
      const log = `${start}${await new Response(gateway.stderr).text()}`;
      expect(log).toContain(`${others}/sluice.db: EACCES`);
      expect(log).toMatch(/rows of the ledger are lost: .* rows=1/);
    },
  );
});

/** The user of Debian's, Fedora's and most others who owns nothing. */
const NOBODY = 65_534;

describe('a full disk', () => {
  if (canMount()) {
    test('of the store and the spill: rows wait, what has no room is counted, and all others are kept', async () => {
      const disk = mountSmallDisk(96);
      if (disk === null) throw new Error('no disk could be mounted');
      try {
        const store = createThreadedStore({ type: 'sqlite', path: join(disk.directory, 'sluice.db') });
        const ledger = openLedger(store, join(disk.directory, 'spill'));
        const rows = variedRows(12_000).map((row) => ({ ...row, requestBody: 'x'.repeat(2000) }));
        for (const row of rows.slice(0, 100)) ledger.record(row);
        await ledger.flush();
        disk.fill(2_000_000);
        for (const row of rows.slice(100)) ledger.record(row);
        await eventually(() => !ledger.health().ok && ledger.health().queued > 5000);
        const { lastError, dropped } = ledger.health();
        expect(lastError).toMatch(/full|No space|ENOSPC|I\/O/i);
        disk.free();
        await ledger.flush();
        await eventually(() => ledger.health().spilled + ledger.health().queued === 0);
        await ledger.close();
        const kept = createSqliteStore(join(disk.directory, 'sluice.db'));
        const { total } = await kept.audit({ ...ALL, limit: 1 });
        expect(total + ledger.health().dropped).toBe(12_000);
        expect(ledger.health().dropped).toBe(dropped);
        expect((await kept.totals()).requests).toBe(total);
        await kept.close();
      } finally {
        disk.remove();
      }
    });

    test('on which little is freed at a time: no row is given up for it', async () => {
      const disk = mountSmallDisk(64);
      if (disk === null) throw new Error('no disk could be mounted');
      try {
        const store = createThreadedStore({ type: 'sqlite', path: join(disk.directory, 'sluice.db') });
        const ledger = openLedger(store, join(disk.directory, 'spill'));
        // Nothing that compression would make small.
        const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(1500))).toString('base64');
        const rows = variedRows(3_000).map((row) => ({ ...row, requestBody: noise() }));
        ledger.record(rows[0] as LedgerRow);
        await ledger.flush();
        disk.fill(0);
        for (const row of rows.slice(1)) ledger.record(row);
        await eventually(() => !ledger.health().ok);
        while (ledger.health().queued + ledger.health().spilled > 0 && disk.freeSome(300_000))
          await ledger.flush();
        expect(ledger.health()).toMatchObject({ queued: 0, spilled: 0, dropped: 0, notices: [] });
        expect((await ledger.store.totals()).requests).toBe(3_000);
        await ledger.close();
      } finally {
        disk.remove();
      }
    });
  }

  test('as the store and the spill tell it: rows stay in memory until there is room', async () => {
    const sqlite = createSqliteStore(path);
    let isFull = true;
    const store: LedgerStore = {
      ...sqlite,
      async append(rows) {
        if (isFull) throw new Error('database or disk is full');
        await sqlite.append(rows);
      },
    };
    const ledger = openLedger(store, join(home, 'spill'), 1);
    for (const row of variedRows(400)) ledger.record(row);
    await eventually(() => ledger.health().lastError !== null);
    expect(ledger.health()).toMatchObject({ ok: false, queued: 400, spilled: 0, dropped: 0 });
    isFull = false;
    await eventually(() => ledger.health().queued === 0);
    expect((await sqlite.totals()).requests).toBe(400);
    await ledger.close();
  });
});
