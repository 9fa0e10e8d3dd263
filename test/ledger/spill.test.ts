// Rows that the store does not take: they wait on disk, in order, outlast the process, and come back once.
import { afterEach, beforeEach, describe, expect, setSystemTime, test } from 'bun:test';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  utimesSync,
} from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { sharedCopy } from '../../src/ledger/rows/binary-parts.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createLedger } from '../../src/ledger/queue/recorder.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { createSpillFile } from '../../src/ledger/queue/spill-file.ts';
import { NO_SPILL, type Spill } from '../../src/ledger/queue/spill.ts';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import { StoreBusy } from '../../src/ledger/store-busy.ts';
import { packText } from '../../src/ledger/rows/stored-body.ts';
import { createFakeStore, packetsOf, SAMPLE_TIME, sampleRow, variedRows } from '../support/ledger-rows.ts';
import { createManualTimers, type ManualTimers } from '../support/manual-timers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let directory: string;
let store: ReturnType<typeof createFakeStore>;
let timers: ManualTimers;
let maxBytes: number;
/** What the log is told. */
let errors: (string | null)[];

beforeEach(() => {
  directory = join(temporaryFolder('spill'), 'spill');
  store = createFakeStore();
  timers = createManualTimers(SAMPLE_TIME);
  maxBytes = 100_000_000;
  errors = [];
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

const openSpill = () =>
  createSpillFile({ directory, maxBytes: () => maxBytes, report: (failure) => errors.push(failure) });
const openLedger = (into = store): Ledger => createLedger(into, { ...timers, spill: openSpill() });
const keptIds = (): string[] => store.rows().map((row) => row.requestId);
const idsOf = (rows: readonly LedgerRow[]): string[] => rows.map((row) => row.requestId);
const files = (): string[] => readdirSync(directory).sort();

/** Turns time until it holds: files are written at their own pace. */
async function until(holds: () => boolean, stepMs = 50): Promise<void> {
  while (!holds()) await timers.advance(stepMs);
}

describe('a store that refuses', () => {
  test('the rows go to disk, readable by the owner alone, and come back in order when it takes them', async () => {
    store.refuse = () => true;
    const ledger = openLedger();
    const rows = variedRows(1000);
    for (const row of rows.slice(0, 600)) ledger.record(row);
    await until(() => ledger.health().spilled === 600);
    for (const row of rows.slice(600)) ledger.record(row);
    await until(() => ledger.health().spilled === 1000);
    expect(ledger.health()).toMatchObject({ ok: false, queued: 0, dropped: 0 });
    expect(ledger.health().spilledBytes).toBe(
      files().reduce((sum, name) => sum + statSync(join(directory, name)).size, 0),
    );
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const name of files()) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);

    store.refuse = () => false;
    await until(() => ledger.health().spilledBytes === 0);
    expect(keptIds()).toEqual(idsOf(rows));
    expect(store.rows()[0]).toEqual(rows[0] as LedgerRow);
    expect(ledger.health()).toEqual({
      ok: true,
      queued: 0,
      spilled: 0,
      spilledBytes: 0,
      dropped: 0,
      lastError: null,
      notices: [],
    });
    expect(files()).toEqual([]);
    await ledger.close();
  });

  test('they come back one batch right after the other', async () => {
    const spilled = variedRows(3_000);
    const spill: Spill = {
      ...NO_SPILL,
      next: async () => spilled.slice(0, 512),
      async remove(count) {
        spilled.splice(0, count);
      },
      held: () => ({ ...NO_SPILL.held(), rows: spilled.length }),
    };
    const ledger = createLedger(store, { ...timers, spill });
    await timers.advance(0);
    expect(keptIds()).toEqual(idsOf(variedRows(3_000)));
    await ledger.close();
  });

  test('with a request that was packed before', async () => {
    store.refuse = () => true;
    const ledger = openLedger();
    const row = sampleRow({ requestBody: null, requestZstd: await packText('long '.repeat(20_000)) });
    ledger.record(row);
    await until(() => ledger.health().spilled === 1);
    store.refuse = () => false;
    await until(() => ledger.health().spilledBytes === 0);
    expect(store.rows()).toEqual([row]);
    await ledger.close();
  });

  test('nothing is dropped that would not fit in memory', async () => {
    store.refuse = () => true;
    const ledger = createLedger(store, { ...timers, spill: openSpill(), maxQueued: 100 });
    const rows = variedRows(500);
    for (const row of rows) {
      ledger.record(row);
      if (ledger.health().queued > 60) await until(() => ledger.health().queued < 50, 10);
    }
    store.refuse = () => false;
    await until(() => ledger.health().spilled + ledger.health().queued === 0);
    expect(keptIds()).toEqual(idsOf(rows));
    expect(ledger.health().dropped).toBe(0);
    await ledger.close();
  });

  test('what the next process finds comes before its own, whole and in order', async () => {
    store.refuse = () => true;
    const first = openLedger();
    const binaries = [
      { of: 'request', at: 3, mediaType: 'a/b', content: sharedCopy([1, 255, 0, 7]) },
    ] as const;
    const rows = variedRows(700).map((row, index) => ({
      ...row,
      requestBody: `größer 🦭\n${'x'.repeat(20_000)}`,
      ...(index % 2 === 0 ? {} : { binaries }),
    }));
    for (const row of rows) first.record(row);
    await until(() => first.health().spilled === 700);
    expect(files().length).toBeGreaterThan(2);
    // Nobody says farewell: the process was killed.
    const killed = timers;
    store = createFakeStore();
    timers = createManualTimers(SAMPLE_TIME);
    const second = openLedger();
    second.record(sampleRow({ requestId: 'own' }));
    await until(() => second.health().spilled + second.health().queued === 0 && store.rows().length > 700);
    expect(keptIds()).toEqual([...idsOf(rows), 'own']);
    expect(store.rows().slice(0, 700)).toEqual(rows);
    await second.close();
    timers = killed;
    await first.close();
  });

  test('close leaves what could not be written on disk and counts nothing as lost', async () => {
    store.refuse = () => true;
    const first = openLedger();
    for (const row of variedRows(300)) first.record(row);
    await first.close();
    expect(first.health()).toMatchObject({ queued: 0, spilled: 300, dropped: 0 });
    store.refuse = () => false;
    const second = openLedger();
    await until(() => store.rows().length === 300);
    await second.close();
    expect(keptIds()).toEqual(idsOf(variedRows(300)));
  });

  test('beyond audit.max_spill rows stay in memory, then are dropped and counted, and health says why', async () => {
    store.refuse = () => true;
    maxBytes = 200_000;
    const ledger = createLedger(store, { ...timers, spill: openSpill(), maxQueued: 300 });
    const rows = variedRows(800);
    for (const row of rows.slice(0, 290)) ledger.record(row);
    await until(() => ledger.health().spilled > 0);
    const { spilled } = ledger.health();
    for (const row of rows.slice(290)) ledger.record(row);
    await timers.advance(2000);
    const health = ledger.health();
    expect(health.spilledBytes).toBeLessThanOrEqual(maxBytes);
    expect(health.spilled).toBeGreaterThanOrEqual(spilled);
    expect(health.spilled + health.queued + health.dropped).toBe(800);
    expect(health.dropped).toBeGreaterThan(0);
    store.refuse = (batch) => {
      store.refuse = () => false;
      return batch.length > 0;
    };
    await until(() => ledger.health().spilled + ledger.health().queued === 0);
    expect(store.rows()).toHaveLength(800 - health.dropped);
    expect(new Set(keptIds()).size).toBe(800 - health.dropped);
    await ledger.close();
  });

  test('no more rows are unpacked at a time than are written together', async () => {
    store.refuse = () => true;
    const spill = openSpill();
    const unpacked: number[] = [];
    const put: Spill['put'] = (rows) => {
      unpacked.push(rows.length);
      return spill.put(rows);
    };
    const ledger = createLedger(store, { ...timers, spill: { ...spill, put } });
    const rows = variedRows(1_600);
    for (const packet of packetsOf(rows)) ledger.recordPacket(packet);
    await until(() => ledger.health().spilled === 1_600);
    expect(Math.max(...unpacked)).toBeLessThanOrEqual(256);
    store.refuse = () => false;
    await until(() => ledger.health().spilledBytes === 0);
    expect(keptIds()).toEqual(idsOf(rows));
    await ledger.close();
  });

  test('as the disk of both is full: room that is made is the store’s first, where rows need less of it', async () => {
    /** Rows of the store that the disk has room for; one takes as much in the spill as three there. */
    let room = 3 * 256;
    const spilled: LedgerRow[] = [];
    const spill: Spill = {
      ...NO_SPILL,
      async put(rows) {
        const count = Math.min(rows.length, Math.floor(room / 3));
        room -= 3 * count;
        spilled.push(...rows.slice(0, count));
        return count;
      },
      next: async () => spilled.slice(0, 256),
      async remove(count) {
        room += 3 * spilled.splice(0, count).length;
      },
      held: () => ({ ...NO_SPILL.held(), rows: spilled.length }),
    };
    const { append } = store;
    store.append = async (rows) => {
      if (rows.length > room) throw new StoreBusy('the disk is full');
      room -= rows.length;
      await append.call(store, rows);
    };
    const ledger = createLedger(store, { ...timers, spill });
    const rows = variedRows(8_000);
    for (const row of rows) ledger.record(row);
    await until(() => spilled.length === 256);
    await timers.advance(2_000);
    for (let made = 1_024; made < 8_000; made += 1_024) {
      room += 1_024;
      await timers.advance(2_000);
      // With each row in memory that is added, the spill might be tried.
      ledger.record(sampleRow({ requestId: `more-${made}` }));
      expect(store.rows()).toHaveLength(made);
    }
    room += 4_000;
    await until(() => ledger.health().spilled + ledger.health().queued === 0);
    expect(keptIds().slice(0, 8_000)).toEqual(idsOf(rows));
    await ledger.close();
  });

  test('a row that no store takes does not hold up those behind it', async () => {
    store.refuse = () => true;
    const ledger = openLedger();
    const rows = variedRows(600);
    rows[3] = sampleRow({ requestId: 'poison' });
    for (const row of rows) ledger.record(row);
    await until(() => ledger.health().spilled === 600);
    store.refuse = (batch) => batch.some(({ requestId }) => requestId === 'poison');
    await until(() => store.rows().length === 599);
    let more = 0;
    await until(() => {
      ledger.record(sampleRow({ requestId: `more-${more++}` }));
      return ledger.health().dropped === 1;
    }, 500);
    expect(new Set(keptIds()).size).toBe(store.rows().length);
    await ledger.close();
    expect(ledger.health()).toMatchObject({ queued: 0, spilled: 0, dropped: 1 });
  });
});

describe('a store that does not answer', () => {
  test('after 0.3 s its batch and all behind it are on disk, and are kept once when it comes to', async () => {
    const asked = Promise.withResolvers<void>();
    const sqlite = createSqliteStore(':memory:');
    const slow = {
      ...sqlite,
      append: (rows: readonly LedgerRow[]) => asked.promise.then(() => sqlite.append(rows)),
    };
    const ledger = createLedger(slow, { ...timers, spill: openSpill() });
    for (const row of variedRows(10)) ledger.record(row);
    await timers.advance(200);
    for (const row of variedRows(10, 10)) ledger.record(row);
    await timers.advance(299);
    expect(ledger.health().spilled).toBe(0);
    await until(() => ledger.health().spilled === 20, 1);
    for (const row of variedRows(5, 20)) ledger.record(row);
    await until(() => ledger.health().spilled === 25);
    asked.resolve();
    await until(() => ledger.health().spilled + ledger.health().queued === 0);
    expect((await sqlite.totals()).requests).toBe(25);
    expect((await sqlite.audit({ limit: 100, offset: 0, includeBodies: false })).total).toBe(25);
    await ledger.close();
  });
});

describe('a store that is slow', () => {
  test('what has waited for longer than a row may is on disk, though each batch is taken in less', async () => {
    const { append } = store;
    store.append = (rows) =>
      new Promise((resolve) => {
        timers.setTimer(() => resolve(append.call(store, rows)), 250);
      });
    const ledger = openLedger();
    for (const row of variedRows(2_000)) ledger.record(row);
    await until(() => store.rows().length === 512, 1);
    expect(ledger.health().spilled).toBe(0);
    await until(() => ledger.health().spilled > 0, 1);
    await until(() => ledger.health().spilled + ledger.health().queued === 0);
    expect(keptIds()).toEqual(idsOf(variedRows(2_000)));
    await ledger.close();
  });
});

describe('the end', () => {
  test('comes after ten seconds with a store that never answers, and its rows are on disk', async () => {
    store.append = () => new Promise(() => {});
    const ledger = openLedger();
    for (const row of variedRows(10)) ledger.record(row);
    let isOver = false;
    const closing = ledger.close().then(() => {
      isOver = true;
    });
    await timers.advance(9_999);
    expect(isOver).toBe(false);
    await timers.advance(1);
    await closing;
    expect(ledger.health()).toMatchObject({ queued: 0, spilled: 10, dropped: 0 });
  });

  test('brings into the store what went to disk while that was slow', async () => {
    const { append } = store;
    const answers = Promise.withResolvers<void>();
    store.append = async (rows) => {
      await answers.promise;
      return append.call(store, rows);
    };
    const ledger = openLedger();
    const rows = variedRows(600);
    for (const row of rows) ledger.record(row);
    const closing = ledger.close();
    // However long the disk takes, less than the ten seconds pass after which nobody waits for the store.
    for (let left = 8_000; ledger.health().spilled < 600; left = Math.max(0, left - 10)) {
      await timers.advance(Math.min(10, left));
      await Bun.sleep(5);
    }
    answers.resolve();
    await closing;
    expect(ledger.health()).toMatchObject({ queued: 0, spilled: 0, dropped: 0 });
    // Some of them twice: a store keeps a row once.
    expect([...new Set(keptIds())]).toEqual(idsOf(rows));
  });

  test('brings into the store what an earlier process left, however soon it comes', async () => {
    store.refuse = () => true;
    const first = openLedger();
    const rows = variedRows(3);
    for (const row of rows) first.record(row);
    await first.close();
    store.refuse = () => false;
    await openLedger().close();
    expect(keptIds()).toEqual(idsOf(rows));
  });

  test('leaves on disk a row that the store refused alone: the next process may have better luck', async () => {
    const ledger = openLedger();
    store.refuse = (batch) => batch.some(({ requestId }) => requestId === 'refused');
    for (const requestId of ['a', 'refused', 'b']) ledger.record(sampleRow({ requestId }));
    await until(() => keptIds().length === 2, 1);
    store.refuse = () => true;
    await ledger.close();
    expect(ledger.health()).toMatchObject({ queued: 0, spilled: 1, dropped: 0 });
    store.refuse = () => false;
    const second = openLedger();
    await until(() => keptIds().length === 3);
    expect(keptIds()).toContain('refused');
    await second.close();
  });

  test('in the moment in which such a row is taken from the disk: it is put back', async () => {
    const spill = openSpill();
    let closing: Promise<void> | undefined;
    const remove = (count: number): Promise<void> => {
      const removed = spill.remove(count);
      store.refuse = () => true;
      closing ??= ledger.close();
      return removed;
    };
    const ledger = createLedger(store, { ...timers, spill: { ...spill, remove } });
    store.refuse = () => true;
    for (const requestId of ['a', 'refused', 'b']) ledger.record(sampleRow({ requestId }));
    await until(() => ledger.health().spilled === 3);
    store.refuse = (batch) => batch.some(({ requestId }) => requestId === 'refused');
    await until(() => closing !== undefined);
    await closing;
    expect(ledger.health()).toMatchObject({ queued: 0, spilled: 1, dropped: 0 });
  });
});

describe('what lies on disk', () => {
  const spillRows = async (count: number) => {
    const spill = openSpill();
    await spill.put(variedRows(count));
    await spill.close();
    const [name] = files();
    return join(directory, name ?? '');
  };

  test('a folder that another program removes: what was there is counted as lost, what comes is kept', async () => {
    const spill = openSpill();
    const rows = variedRows(5);
    expect(await spill.put(rows.slice(0, 2))).toBe(2);
    rmSync(directory, { recursive: true });
    expect(await spill.put(rows.slice(2))).toBe(3);
    expect(idsOf(await spill.next())).toEqual(['req_2', 'req_3', 'req_4']);
    expect(spill.held()).toMatchObject({ rows: 3, lost: 2 });
    expect(errors).toEqual([expect.stringContaining('cannot be read')]);
    await spill.close();
  });

  test('half a row at the end is passed over, what is no row is counted and reported, the others come back', async () => {
    const path = await spillRows(3);
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, [lines[0], '{"no":"row"}', lines[2], ''].join('\n'));
    appendFileSync(path, '{"requestId":"cut');
    const spill = openSpill();
    expect(idsOf(await spill.next())).toEqual(['req_0', 'req_2']);
    await spill.remove(2);
    expect(spill.held()).toMatchObject({ rows: 0, bytes: 0, lost: 1 });
    expect(errors).toEqual([`1 of the rows that were spilled to ${path} are damaged, and lost`]);
    expect(files()).toEqual([]);
  });

  test('what of the files was no row counts as dropped in health', async () => {
    const path = await spillRows(2);
    const [first] = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, [first, '{"no":"row"}', ''].join('\n'));
    const ledger = openLedger();
    await until(() => keptIds().length === 1 && files().length === 0);
    expect(ledger.health()).toMatchObject({ spilled: 0, dropped: 1 });
    await ledger.close();
  });

  test('a row of an older version has what was measured since as nothing', async () => {
    const path = await spillRows(1);
    const { timing: _, requestHeaders: _headers, ...old } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, `${JSON.stringify(old)}\n`);
    const sqlite = createSqliteStore(':memory:');
    await sqlite.append(await openSpill().next());
    expect((await sqlite.recent(1))[0]).toMatchObject({
      requestId: 'req_0',
      timing: { providerMs: 0 },
      requestHeaders: null,
    });
    await sqlite.close();
  });

  test('a file that cannot be read for now is not removed: health and the log say so, and its rows come when it can', async () => {
    const path = await spillRows(3);
    const spill = openSpill();
    await spill.put([]);
    expect(spill.held()).toMatchObject({ rows: 3, lastError: null });
    // In its place for a while: what is there and is no file.
    renameSync(path, `${path}.aside`);
    mkdirSync(path);
    expect(await spill.next()).toEqual([]);
    expect(spill.held()).toMatchObject({ rows: 0, lost: 3 });
    expect(spill.held().lastError).toStartWith(`rows that were spilled to ${path} cannot be read`);
    expect(errors).toEqual([spill.held().lastError]);
    const found = openSpill();
    await found.close();
    expect(found.held().lastError).toStartWith(`rows that were spilled to ${path} cannot be read`);
    expect(await found.next()).toEqual([]);
    expect(errors.splice(1)).toEqual([found.held().lastError]);
    rmdirSync(path);
    renameSync(`${path}.aside`, path);
    expect(idsOf(await openSpill().next())).toEqual(['req_0', 'req_1', 'req_2']);
    try {
      setSystemTime(Date.now() + 60_000);
      for (const waiting of [spill, found])
        expect(idsOf(await waiting.next())).toEqual(['req_0', 'req_1', 'req_2']);
    } finally {
      setSystemTime();
    }
    for (const waiting of [spill, found])
      expect(waiting.held()).toMatchObject({ rows: 3, lost: 0, lastError: null });
  });

  test('what a process adds comes behind what it found', async () => {
    await spillRows(3);
    const second = openSpill();
    const more = variedRows(5).slice(3);
    expect(await second.put(more)).toBe(2);
    await second.close();
    const third = openSpill();
    const found = await third.next();
    await third.remove(found.length);
    expect(idsOf([...found, ...(await third.next())])).toEqual(['req_0', 'req_1', 'req_2', 'req_3', 'req_4']);
  });

  test('files of a process that runs are its own', async () => {
    const path = await spillRows(3);
    const other = Bun.spawn(['sleep', '60']);
    writeFileSync(path.replace(`-${process.pid}.`, `-${other.pid}.`), readFileSync(path));
    rmSync(path);
    expect(await openSpill().next()).toEqual([]);
    other.kill();
    await other.exited;
    expect(await openSpill().next()).toHaveLength(3);
  });

  test('files of a process that ends later are taken over then: one that is killed and started anew may find its former self', async () => {
    const path = await spillRows(3);
    const other = Bun.spawn(['sleep', '60']);
    renameSync(path, path.replace(`-${process.pid}.`, `-${other.pid}.`));
    const spill = openSpill();
    await spill.put(variedRows(2, 3));
    expect(idsOf(await spill.next())).toEqual(['req_3', 'req_4']);
    other.kill();
    await other.exited;
    try {
      setSystemTime(Date.now() + 60_000);
      for (const expected of [['req_3', 'req_4'], ['req_0', 'req_1', 'req_2'], []]) {
        const rows = await spill.next();
        expect(idsOf(rows)).toEqual(expected);
        await spill.remove(rows.length);
      }
    } finally {
      setSystemTime();
    }
    expect(files()).toEqual([]);
    expect(errors).toEqual([]);
  });

  const TEN_YEARS = 315_360_000_000;
  test.each([60_000, -3_600_000, TEN_YEARS])(
    'files that a process writes after another looked are taken over when it has ended, though the clock is set %d ms on',
    async (elapsed) => {
      const spill = openSpill();
      expect(await spill.next()).toEqual([]);
      const path = await spillRows(3);
      const other = Bun.spawn(['sleep', '60']);
      renameSync(path, path.replace(`-${process.pid}.`, `-${other.pid}.`));
      try {
        setSystemTime(Date.now() + elapsed);
        expect(await spill.next()).toEqual([]);
        other.kill();
        await other.exited;
        setSystemTime(Date.now() + elapsed);
        expect(idsOf(await spill.next())).toEqual(['req_0', 'req_1', 'req_2']);
      } finally {
        setSystemTime();
      }
    },
  );

  test('what two take over from a third is lost to neither', async () => {
    const path = await spillRows(3);
    const ended = Bun.spawn(['true']);
    await ended.exited;
    renameSync(path, path.replace(`-${process.pid}.`, `-${ended.pid}.`));
    const [one, other] = [openSpill(), openSpill()];
    // Both know of it before either reads it.
    await Promise.all([one.close(), other.close()]);
    await one.remove((await one.next()).length);
    expect(await other.next()).toEqual([]);
    expect(other.held()).toEqual({ rows: 0, bytes: 0, lost: 0, lastError: null });
    expect(errors).toEqual([]);
  });

  test('files of before the machine was started are nobody’s, whoever has the number of their process now', async () => {
    const path = await spillRows(3);
    const other = Bun.spawn(['sleep', '60']);
    const theirs = path.replace(`-${process.pid}.`, `-${other.pid}.`);
    renameSync(path, theirs);
    utimesSync(theirs, 0, Date.now() / 1_000 - uptime() - 60);
    expect(await openSpill().next()).toHaveLength(3);
    other.kill();
    await other.exited;
  });

  test('a directory that cannot be written: rows stay in memory, and health says why', async () => {
    writeFileSync(directory, 'not a directory');
    store.refuse = () => true;
    const ledger = openLedger();
    for (const row of variedRows(5)) ledger.record(row);
    await until(() => ledger.health().lastError !== null);
    await timers.advance(1000);
    expect(ledger.health()).toMatchObject({ ok: false, queued: 5, spilled: 0, dropped: 0 });
    store.refuse = () => false;
    await until(() => store.rows().length === 5);
    await ledger.close();
  });
});
