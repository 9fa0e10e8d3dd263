// The ledger's queue: when rows reach the store, and what happens when the store refuses.
import { beforeEach, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createBacklog, rowsOf } from '../../src/ledger/queue/backlog.ts';
import { sharedCopy } from '../../src/ledger/rows/binary-parts.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createLedger } from '../../src/ledger/queue/recorder.ts';
import { adoptPacket, createPacketBuffers } from '../../src/ledger/rows/row-packets.ts';
import { type LedgerRow, NO_TIMING } from '../../src/ledger/rows/row.ts';
import { cutBody, MAX_BODY_LENGTH, storableRow } from '../../src/ledger/rows/storable-row.ts';
import { StoreBusy } from '../../src/ledger/store-busy.ts';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import { createThreadedStore } from '../../src/ledger/threaded-store.ts';
import { LONGEST_MESSAGE, shortMessage } from '../../src/model/short-message.ts';
import { USAGE_COUNTS } from '../../src/model/usage.ts';
import {
  createFakeStore,
  packetsOf,
  SAMPLE_TIME,
  sampleRow,
  sampleUsage,
  variedRows,
} from '../support/ledger-rows.ts';
import { createManualTimers, type ManualTimers } from '../support/manual-timers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HOUR = 3_600_000;
const NOTHING_SPILLED = { spilled: 0, spilledBytes: 0, notices: [] };

let store: ReturnType<typeof createFakeStore>;
let timers: ManualTimers;
let ledger: Ledger;

beforeEach(() => {
  store = createFakeStore();
  timers = createManualTimers(SAMPLE_TIME);
  ledger = createLedger(store, timers);
});

const keptIds = (): string[] => store.rows().map((row) => row.requestId);
const record = (...ids: string[]): void => {
  for (const requestId of ids) ledger.record(sampleRow({ requestId }));
};

describe('handing over', () => {
  test('a row reaches the store 200 ms after it was recorded, together with those that came since', async () => {
    record('a');
    await timers.advance(150);
    record('b');
    await timers.advance(49);
    expect(store.attempts).toBe(0);
    expect(ledger.health()).toEqual({ ...NOTHING_SPILLED, ok: true, queued: 2, dropped: 0, lastError: null });
    await timers.advance(1);
    expect(store.batches.map((batch) => batch.map((row) => row.requestId))).toEqual([['a', 'b']]);
    expect(ledger.health().queued).toBe(0);
    expect(timers.pending()).toBe(0);
  });

  test('512 rows go at once, but never inside record()', async () => {
    for (const row of variedRows(1_100)) ledger.record(row);
    expect(store.attempts).toBe(0);
    await timers.advance(0);
    expect(store.batches.map((batch) => batch.length)).toEqual([512, 512]);
    await timers.advance(200);
    expect(keptIds()).toEqual(variedRows(1_100).map((row) => row.requestId));
  });

  test('what waited while a batch was written goes right behind it', async () => {
    const { promise: written, resolve } = Promise.withResolvers<void>();
    const append = store.append.bind(store);
    store.append = async (rows) => {
      store.append = append;
      await written;
      await append(rows);
    };
    record('a');
    await timers.advance(200);
    record('b');
    await timers.advance(300);
    resolve();
    await timers.advance(0);
    expect(store.batches.map((batch) => batch.map((row) => row.requestId))).toEqual([['a'], ['b']]);
  });

  test('large bodies make small batches', async () => {
    const body = 'x'.repeat(MAX_BODY_LENGTH);
    for (const requestId of ['a', 'b', 'c', 'd', 'e'])
      ledger.record(sampleRow({ requestId, requestBody: body }));
    await timers.advance(200);
    expect(store.batches.map((batch) => batch.length)).toEqual([4, 1]);
  });

  test('flush writes everything now', async () => {
    for (const row of variedRows(1000)) ledger.record(row);
    await ledger.flush();
    expect(store.rows()).toHaveLength(1000);
  });

  test('close writes everything, closes the store, and takes nothing after', async () => {
    record('a');
    await ledger.close();
    expect(keptIds()).toEqual(['a']);
    expect(store.closed).toBe(true);
    record('late');
    expect(ledger.health()).toMatchObject({ queued: 0, dropped: 1 });
    expect(timers.pending()).toBe(0);
  });
});

describe('packets of another process', () => {
  const rows = variedRows(600);
  const ids = rows.map(({ requestId }) => requestId);
  const recordPackets = () => packetsOf(rows).forEach(ledger.recordPacket);

  test('go to the store whole, as many as make a batch', async () => {
    recordPackets();
    expect(ledger.health().queued).toBe(600);
    expect(store.attempts).toBe(0);
    await timers.advance(200);
    expect(store.batches.map((batch) => batch.length)).toEqual([512, 88]);
    expect(keptIds()).toEqual(ids);
    expect(ledger.health()).toMatchObject({ queued: 0, dropped: 0 });
  });

  test('wait while the store refuses, and are kept when it comes back', async () => {
    store.refuse = () => true;
    recordPackets();
    await timers.advance(2_000);
    expect(ledger.health()).toMatchObject({ ok: false, queued: 600, dropped: 0 });
    store.refuse = () => false;
    await timers.advance(1_000);
    expect(keptIds().toSorted()).toEqual(ids.toSorted());
    expect(ledger.health()).toMatchObject({ ok: true, queued: 0, dropped: 0 });
  });

  test('only the row is given up that no store takes', async () => {
    store.refuse = (batch) => batch.some(({ requestId }) => requestId === ids[40]);
    recordPackets();
    await timers.advance(5_000);
    expect(keptIds().toSorted()).toEqual(ids.filter((_, index) => index !== 40).toSorted());
    expect(ledger.health()).toMatchObject({ queued: 0, dropped: 1 });
  });

  test('beyond the bound their rows are dropped and counted, the oldest are kept', async () => {
    ledger = createLedger(store, { ...timers, maxQueued: 100 });
    recordPackets();
    expect(ledger.health()).toMatchObject({ queued: 100, dropped: 500 });
    await ledger.flush();
    expect(keptIds().toSorted()).toEqual(ids.slice(0, 100).toSorted());
  });

  test('a store takes them beside other rows, each once', async () => {
    const sqlite = createThreadedStore({ type: 'sqlite', path: ':memory:' });
    const buffers = createPacketBuffers();
    const [packet, other] = packetsOf(rows.slice(0, 64)).map((compact) => adoptPacket(compact, buffers));
    if (packet === undefined || other === undefined) throw new Error('no packets');
    await sqlite.append(rows.slice(60, 70), [packet]);
    await sqlite.append([], [packet, other]);
    const { rows: kept } = await sqlite.audit({ limit: 100, offset: 0, includeBodies: true });
    expect(new Map(kept.map(({ id: _, ...row }) => [row.requestId, row]))).toEqual(
      new Map(rows.slice(0, 70).map((row) => [row.requestId, row])),
    );
    await sqlite.close();
  });
});

describe('bodies and counts', () => {
  test('whichever number is none, the row is kept with another in its place', async () => {
    const broken = [
      ...USAGE_COUNTS.map((key) => sampleRow({ requestId: key, usage: sampleUsage({ [key]: Number.NaN }) })),
      ...Object.keys(NO_TIMING)
        .filter((key) => key !== 'gaps')
        .map((key) =>
          sampleRow({ requestId: key, timing: { ...NO_TIMING, [key]: Number.POSITIVE_INFINITY } }),
        ),
    ];
    for (const row of broken) ledger.record(row);
    await ledger.flush();
    expect(store.rows()).toHaveLength(broken.length);
    for (const { requestId, usage, timing } of store.rows())
      expect({ ...usage, ...timing }).toMatchObject({ [requestId]: 0 });
  });

  test('a body beyond 1 MB is cut, with a mark, and not through a surrogate pair', async () => {
    ledger.record(
      sampleRow({
        requestBody: 'x'.repeat(MAX_BODY_LENGTH + 5),
        responseBody: `${'x'.repeat(MAX_BODY_LENGTH - 1)}🦭`,
      }),
    );
    await ledger.flush();
    const [row] = store.rows();
    expect(row?.requestBody).toBe(
      `${'x'.repeat(MAX_BODY_LENGTH)}\n[cut: only the first ${MAX_BODY_LENGTH} characters are kept]`,
    );
    expect(row?.responseBody?.slice(MAX_BODY_LENGTH - 1)).toBe(
      `\n[cut: only the first ${MAX_BODY_LENGTH - 1} characters are kept]`,
    );
  });

  test('a part that stood in what is kept of its body is kept', async () => {
    const part = (at: number) =>
      ({ of: 'request', at, mediaType: 'a/b', content: sharedCopy([at]) }) as const;
    const binaries = [part(9), part(MAX_BODY_LENGTH - 1), part(MAX_BODY_LENGTH)];
    ledger.record(sampleRow({ requestBody: 'x'.repeat(MAX_BODY_LENGTH + 5), binaries }));
    await ledger.flush();
    expect(store.rows()[0]?.binaries).toEqual(binaries.slice(0, 2));
  });

  test('parts count among the 32 MB', async () => {
    store.refuse = () => true;
    const content = sharedCopy(new Uint8Array(20 * 1024 * 1024));
    const binaries = [{ of: 'request', at: 1, mediaType: 'a/b', content }] as const;
    for (const row of variedRows(2)) ledger.record({ ...row, requestBody: '""', binaries });
    store.refuse = () => false;
    await ledger.flush();
    const kept = store.rows().map((row) => [row.requestBody, row.binaries?.length]);
    expect(kept).toEqual([
      ['""', 1],
      ['[left out: the ledger is behind]', undefined],
    ]);
  });

  test('bodies beyond 32 MB in all are left out of waiting rows, the rows stay', async () => {
    store.refuse = () => true;
    for (const row of variedRows(40)) ledger.record({ ...row, requestBody: 'x'.repeat(MAX_BODY_LENGTH) });
    await timers.advance(200);
    store.refuse = () => false;
    await ledger.flush();
    const bodies = store.rows().map((row) => row.requestBody);
    expect(bodies.filter((body) => body?.length === MAX_BODY_LENGTH)).toHaveLength(32);
    expect(bodies.filter((body) => body === '[left out: the ledger is behind]')).toHaveLength(8);
  });

  test('of what is left out there is a mark, and of what was never there is none', () => {
    const backlog = createBacklog(100, () => 0);
    const [row] = variedRows(1);
    const { binaries: _, ...rest } = sampleRow(row);
    const body = 'x'.repeat(MAX_BODY_LENGTH);
    for (let at = 0; at < 32; at++) backlog.add({ ...rest, requestBody: body, responseBody: null });
    const requestZstd = sharedCopy(new Uint8Array(9));
    backlog.add({ ...rest, requestBody: null, requestZstd, responseBody: null });
    backlog.add({ ...rest, requestBody: null, responseBody: body });
    const kept = backlog.entries().flatMap(rowsOf).slice(-2);
    const leftOut = '[left out: the ledger is behind]';
    expect(kept.map((each) => [each.requestBody, each.requestZstd, each.responseBody])).toEqual([
      [leftOut, undefined, null],
      [null, undefined, leftOut],
    ]);
  });

  test('of a batch that the store refuses, what is on disk by then does not wait here too', () => {
    const backlog = createBacklog(100, () => 0);
    for (const row of variedRows(3)) backlog.add(row);
    const batch = backlog.takeBatch();
    backlog.markSpilled(batch.slice(0, 2));
    expect(backlog.size()).toBe(3);
    backlog.putBack(batch, 'first');
    expect([backlog.size(), backlog.takeBatch().length]).toEqual([1, 1]);
  });

  test('bodies that the store has, or another place, no longer count', () => {
    const backlog = createBacklog(100, () => 0);
    const [row] = variedRows(1);
    const add = (count: number) => {
      for (let at = 0; at < count; at++)
        backlog.add({ ...sampleRow(row), requestBody: 'x'.repeat(MAX_BODY_LENGTH), responseBody: null });
    };
    const isWhole = () => backlog.entries().every(({ weight }) => weight === MAX_BODY_LENGTH);
    for (let round = 0; round < 3; round++) {
      add(20);
      expect(isWhole()).toBe(true);
      for (let left = 20; left > 0; left -= backlog.takeBatch().length) backlog.putBack([], 'first');
      backlog.putBack([], 'first');
      expect(backlog.entries()).toEqual([]);
    }
    for (let round = 0; round < 3; round++) {
      add(20);
      expect(isWhole()).toBe(true);
      backlog.markSpilled(backlog.entries());
      expect(backlog.entries()).toEqual([]);
    }
    // A batch that comes back counts once.
    add(8);
    for (let round = 0; round < 6; round++) backlog.putBack(backlog.takeBatch(), 'first');
    add(24);
    expect(isWhole()).toBe(true);
    add(1);
    expect(isWhole()).toBe(false);
  });

  test('4 MB of them are a batch, 16 MB fill half the room, and beyond 32 MB no packet is taken', () => {
    const backlog = createBacklog(1_000, () => 0);
    const body = 'x'.repeat(MAX_BODY_LENGTH);
    const add = (count: number) => {
      for (const row of variedRows(count)) {
        const { binaries: _, ...rest } = row;
        backlog.add({ ...rest, requestBody: body, responseBody: null });
      }
    };
    const packet = () => packetsOf(variedRows(1))[0] ?? new Uint8Array();
    add(3);
    expect(backlog.hasFullBatch()).toBe(false);
    add(1);
    expect(backlog.hasFullBatch()).toBe(true);
    add(11);
    expect(backlog.isHalfFull()).toBe(false);
    add(1);
    expect(backlog.isHalfFull()).toBe(true);
    add(16);
    expect([backlog.addPacket(packet()), backlog.size()]).toEqual([false, 32]);
    backlog.takeBatch();
    backlog.putBack([], 'first');
    expect(backlog.addPacket(packet())).toBe(true);
  });

  test('counts that are no whole numbers do not make a row unstorable', async () => {
    ledger.record(
      sampleRow({
        latencyMs: Number.NaN,
        costUsd: Number.POSITIVE_INFINITY,
        usage: sampleUsage({ inputTokens: 12.6, outputTokens: Number.NaN, cacheReadTokens: 1e300 }),
      }),
    );
    await ledger.flush();
    expect(store.rows()[0]).toMatchObject({
      latencyMs: 0,
      costUsd: null,
      usage: { inputTokens: 13, outputTokens: 0, cacheReadTokens: 1e12 },
    });
  });
});

describe('a row with one field that no store takes keeps all others as they are', () => {
  const filled = sampleRow({
    errorMessage: 'why',
    requestBody: 'asked',
    responseBody: 'said',
    lost: ['top_k'],
  });
  const sparse = sampleRow({ ttftMs: null, overheadMs: null, costUsd: null, finishReason: null });
  const half = 'x\ud83e';
  const lost = Array.from({ length: 102 }, (_, index) => `field ${index}`);
  const long = 'm'.repeat(LONGEST_MESSAGE + 1);

  const cases: [broken: Partial<LedgerRow>, kept: Partial<LedgerRow>][] = [
    [{ timestamp: 1.5 }, { timestamp: 2 }],
    [{ httpStatus: -1 }, { httpStatus: 0 }],
    [{ latencyMs: Number.NaN }, { latencyMs: 0 }],
    [{ ttftMs: Number.NaN }, { ttftMs: 0 }],
    [{ overheadMs: Number.POSITIVE_INFINITY }, { overheadMs: 0 }],
    [{ costUsd: Number.NaN }, { costUsd: null }],
    [{ malformedEvents: 1.5 }, { malformedEvents: 2 }],
    [{ model: half }, { model: 'x\ufffd' }],
    [{ requestedModel: half }, { requestedModel: 'x\ufffd' }],
    [{ agentType: half }, { agentType: 'x\ufffd' }],
    [{ projectId: half }, { projectId: 'x\ufffd' }],
    [{ finishReason: half }, { finishReason: 'x\ufffd' }],
    [{ lost: ['a', half] }, { lost: ['a', 'x\ufffd'] }],
    [{ lost }, { lost: [...lost.slice(0, 100), '2 more'] }],
    [{ errorMessage: long }, { errorMessage: shortMessage(long) }],
    [
      { requestBody: 'x'.repeat(MAX_BODY_LENGTH + 1) },
      { requestBody: cutBody('x'.repeat(MAX_BODY_LENGTH + 1)) },
    ],
    [
      { responseBody: 'x'.repeat(MAX_BODY_LENGTH + 1) },
      { responseBody: cutBody('x'.repeat(MAX_BODY_LENGTH + 1)) },
    ],
  ];
  for (const [index, [broken, kept]] of cases.entries())
    test(`${index}: ${Object.keys(broken)}`, () => {
      for (const row of [filled, sparse])
        expect(storableRow({ ...row, ...broken })).toEqual({ ...row, ...kept });
    });
});

describe('names', () => {
  test('beyond a thousand characters are cut, with a mark', async () => {
    const long = 'n'.repeat(5000);
    ledger.record(sampleRow({ model: long, requestedModel: long, agentType: long, projectId: 'short' }));
    await ledger.flush();
    const cut = `${'n'.repeat(1023)}…`;
    expect(store.rows()[0]).toMatchObject({
      model: cut,
      requestedModel: cut,
      agentType: cut,
      projectId: 'short',
    });
  });
});

test('names with half of a surrogate pair are stored, whichever way their rows go', async () => {
  const directory = temporaryFolder('names');
  const real = createLedger(createThreadedStore({ type: 'sqlite', path: join(directory, 'l.db') }), timers);
  const names = { agentType: 'x\ud83e', projectId: '\uddadx', model: `${'m'.repeat(1022)}🦭 and more` };
  const binaries = [{ of: 'response', at: 2, mediaType: 'a/b', content: sharedCopy([0, 255, 7]) }] as const;
  // A row with binary parts goes by itself, the others in one packet.
  for (const requestId of ['a', 'b', 'c'])
    real.record(
      sampleRow({ requestId, ...names, ...(requestId === 'b' && { responseBody: '[""]', binaries }) }),
    );
  await real.flush();
  const kept = await real.store.recent(9);
  expect(kept.map(({ agentType, projectId }) => [agentType, projectId])).toEqual(
    Array.from({ length: 3 }, () => ['x\ufffd', '\ufffdx']),
  );
  expect(kept[0]?.model).toBe(`${'m'.repeat(1022)}\ufffd…`);
  expect(real.health().dropped).toBe(0);
  await real.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('a store that refuses', () => {
  test('record never throws, rows wait, and all are kept when the store comes back', async () => {
    store.refuse = () => true;
    record('a', 'b', 'c');
    await timers.advance(5000);
    record('d');
    expect(ledger.health()).toEqual({
      ...NOTHING_SPILLED,
      ok: false,
      queued: 4,
      dropped: 0,
      lastError: 'the store is out of order',
    });
    store.refuse = () => false;
    await timers.advance(500);
    expect(keptIds().sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(ledger.health()).toEqual({ ...NOTHING_SPILLED, ok: true, queued: 0, dropped: 0, lastError: null });
  });

  test('is asked again ever more slowly, at most every half second', async () => {
    store.refuse = () => true;
    record('a');
    const times: number[] = [];
    for (let ms = 0; ms < 3000; ms += 10) {
      const before = store.attempts;
      await timers.advance(10);
      if (store.attempts > before) times.push(timers.now() - SAMPLE_TIME);
    }
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(waits.slice(0, 6)).toEqual([50, 100, 200, 400, 500, 500]);
  });

  test('is asked again soon where it has taken some of them', async () => {
    store.refuse = () => true;
    record('a', 'poison', 'b');
    await timers.advance(3_000);
    store.refuse = (batch) => batch.some(({ requestId }) => requestId === 'poison');
    while (store.rows().length < 2) await timers.advance(1);
    const { attempts } = store;
    await timers.advance(49);
    expect(store.attempts).toBe(attempts);
    await timers.advance(1);
    expect(store.attempts).toBe(attempts + 1);
  });

  test('a broken store is not asked row by row', async () => {
    store.refuse = () => true;
    for (const row of variedRows(512)) ledger.record(row);
    await timers.advance(0);
    const before = store.attempts;
    await timers.advance(50);
    expect(store.attempts - before).toBeLessThan(20);
  });

  test('one that is busy is not asked for parts of what it has no time for', async () => {
    const thrown = [
      new Error('broken'),
      new Error('broken'),
      new StoreBusy('locked'),
      new StoreBusy('locked'),
    ];
    const append = store.append.bind(store);
    const sizes: number[] = [];
    store.append = async (rows) => {
      sizes.push(rows.length);
      const error = thrown.shift();
      if (error !== undefined) throw error;
      await append(rows);
    };
    record('a', 'b', 'c', 'd');
    await timers.advance(5_000);
    expect(sizes).toEqual([4, 4, 2, 4, 4]);
    expect(keptIds()).toHaveLength(4);
  });

  test('beyond the bound rows are dropped and counted, the oldest are kept', async () => {
    ledger = createLedger(store, { ...timers, maxQueued: 10 });
    store.refuse = () => true;
    const rows = variedRows(25);
    for (const row of rows) ledger.record(row);
    await timers.advance(1000);
    expect(ledger.health()).toMatchObject({ ok: false, queued: 10, dropped: 15 });
    store.refuse = () => false;
    await timers.advance(1000);
    expect(keptIds().sort()).toEqual(
      rows
        .slice(0, 10)
        .map((row) => row.requestId)
        .sort(),
    );
    expect(ledger.health()).toMatchObject({ ok: true, queued: 0, dropped: 15 });
  });

  test('the log has one entry for it, one for dropped rows, and one for its end', async () => {
    const logged: unknown[][] = [];
    ledger = createLedger(store, { ...timers, maxQueued: 3, log: (...line) => logged.push(line) });
    const REFUSED = [
      'warn',
      expect.stringContaining('takes no rows'),
      { error: 'the store is out of order' },
    ];
    for (let times = 1; times <= 2; times++) {
      store.refuse = () => true;
      record('a', 'b', 'c');
      await timers.advance(2000);
      expect(logged.splice(0)).toEqual([REFUSED]);
      record('d', 'e');
      await timers.advance(2000);
      const error = 'the store is out of order';
      expect(logged.splice(0)).toEqual([['error', expect.stringContaining('are dropped'), { error }]]);
      store.refuse = () => false;
      await timers.advance(2000);
      expect(logged.splice(0)).toEqual([['info', 'the ledger takes rows again', { dropped: 2 }]]);
    }
  });

  test('for a moment alone is nothing to tell', async () => {
    const logged: unknown[][] = [];
    ledger = createLedger(store, { ...timers, log: (...line) => logged.push(line) });
    store.refuse = () => store.attempts <= 2;
    record('a');
    await timers.advance(2000);
    expect([keptIds(), store.attempts]).toEqual([['a'], 3]);
    expect(logged).toEqual([]);
  });

  test('the default bound is 10,000 rows', async () => {
    store.refuse = () => true;
    for (const row of variedRows(10_001)) ledger.record(row);
    expect(ledger.health()).toMatchObject({ queued: 10_000, dropped: 1 });
  });

  test('flush and close resolve all the same, and close counts what is lost', async () => {
    store.refuse = () => true;
    record('a', 'b');
    await ledger.flush();
    expect(ledger.health()).toMatchObject({ ok: false, queued: 2, dropped: 0 });
    await ledger.close();
    expect(ledger.health()).toMatchObject({ queued: 0, dropped: 2 });
  });

  test('the log says at the end how many are lost, and nothing where none is', async () => {
    const logged: unknown[][] = [];
    const close = async () => {
      ledger = createLedger(store, { ...timers, log: (...line) => logged.push(line) });
      record('a');
      await ledger.close();
      return logged.splice(0);
    };
    expect(await close()).toEqual([]);
    store.refuse = () => true;
    const fields = { rows: 1, error: 'the store is out of order' };
    expect((await close()).slice(-1)).toEqual([['error', expect.stringContaining('are lost'), fields]]);
  });

  test('flush does not wait for rows that came after it was called', async () => {
    let recorded = 0;
    store.refuse = () => {
      // Each write brings a new row: a flush that chased them would never end.
      recorded += 1;
      record(`new-${recorded}`);
      return false;
    };
    record('a');
    await ledger.flush();
    expect(keptIds()).toEqual(['a']);
  });
});

describe('a row that the store always refuses', () => {
  const poison = (rows: readonly { requestId: string }[]): boolean =>
    rows.some(({ requestId }) => requestId.startsWith('poison'));

  beforeEach(() => {
    store.refuse = poison;
  });

  test('does not keep the others of its batch out for longer than a second', async () => {
    const rows = variedRows(255);
    for (const row of rows.slice(0, 100)) ledger.record(row);
    record('poison');
    for (const row of rows.slice(100)) ledger.record(row);
    await timers.advance(1000);
    expect(keptIds().sort()).toEqual(rows.map((row) => row.requestId).sort());
  });

  test('is given up, counted, and the ledger is well again', async () => {
    const logged: unknown[][] = [];
    ledger = createLedger(store, { ...timers, log: (...line) => logged.push(line) });
    record('a', 'poison', 'b');
    await timers.advance(1000);
    expect(ledger.health()).toMatchObject({ ok: false, queued: 1, dropped: 0 });
    for (const id of ['c', 'd']) {
      record(id);
      await timers.advance(1000);
    }
    expect(keptIds().sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(ledger.health()).toEqual({
      ...{ ...NOTHING_SPILLED, ok: true, queued: 0, dropped: 1, lastError: null },
      notices: ['a row was given up, since the store refused it: the store is out of order'],
    });
    const fields = { rows: 1, error: 'the store is out of order' };
    expect(logged).toContainEqual(['warn', expect.stringContaining('are given up'), fields]);
  });

  test('many of them give way to the others too', async () => {
    record('poison-1', 'poison-2', 'poison-3', 'poison-4', 'poison-5', 'a', 'b', 'c');
    await timers.advance(2000);
    expect(keptIds().sort()).toEqual(['a', 'b', 'c']);
  });

  test('is never given up while the store takes nothing at all', async () => {
    record('poison');
    await timers.advance(60_000);
    expect(ledger.health()).toMatchObject({ queued: 1, dropped: 0 });
  });
});

describe('a clock that is set', () => {
  test('back while a batch is written: what came meanwhile waits no longer', async () => {
    let offset = 0;
    ledger = createLedger(store, { ...timers, now: () => timers.now() + offset });
    const gate = Promise.withResolvers<void>();
    const { append } = store;
    store.append = async (rows) => {
      await gate.promise;
      await append.call(store, rows);
    };
    record('a');
    await timers.advance(200);
    record('b');
    offset = -HOUR;
    gate.resolve();
    await timers.advance(200);
    expect(keptIds()).toEqual(['a', 'b']);
  });

  test('far ahead lets nothing go for an hour, in which it may be set right', async () => {
    let offset = 0;
    ledger = createLedger(store, {
      ...timers,
      now: () => timers.now() + offset,
      retentionMs: () => 24 * HOUR,
    });
    await timers.advance(10_000);
    offset = 1_000 * HOUR;
    await timers.advance(HOUR);
    offset = 0;
    await timers.advance(HOUR);
    expect(store.expired).toEqual([10_000, 10_000 + 2 * HOUR].map((at) => SAMPLE_TIME + at - 24 * HOUR));
    offset = 1_000 * HOUR;
    await timers.advance(2 * HOUR);
    // That it stays there, it is right.
    expect(store.expired).toHaveLength(3);
  });
});

describe('retention', () => {
  test.each([
    ['a month that nobody asked in, or a machine that began with a wrong clock', 31 * 24, true],
    ['a week', 7 * 24, false],
    ['a day, where rows stay for an hour', 23, false],
  ])('after %s: whether it waits an hour', async (_, hours, waits) => {
    const kept = createSqliteStore(':memory:');
    const rows = variedRows(3).map((row) => ({ ...row, timestamp: SAMPLE_TIME - hours * HOUR }));
    await kept.append([...rows, { ...sampleRow(), requestId: 'old', timestamp: SAMPLE_TIME - 1_000 * HOUR }]);
    const retention = hours < 24 ? HOUR : 30 * 24 * HOUR;
    ledger = createLedger(kept, { ...timers, retentionMs: () => retention });
    ledger.record({ ...sampleRow(), requestId: 'new', timestamp: SAMPLE_TIME });
    const left = async () =>
      (await kept.audit({ limit: 9, offset: 0, includeBodies: false })).rows.map(
        ({ requestId }) => requestId,
      );
    await timers.advance(20_000);
    const before = await left();
    expect(before.includes('old')).toBe(waits);
    await timers.advance(HOUR);
    // That the clock stays there, it is right.
    expect((await left()).includes('old')).toBe(false);
    await ledger.close();
  });

  test('old rows go every hour, by the retention in force at that time', async () => {
    let retention: number | null = 24 * HOUR;
    ledger = createLedger(store, { ...timers, retentionMs: () => retention });
    await timers.advance(HOUR / 2);
    expect(store.expired).toEqual([SAMPLE_TIME + 10_000 - 24 * HOUR]);
    retention = null;
    await timers.advance(HOUR);
    expect(store.expired).toHaveLength(1);
    retention = HOUR;
    await timers.advance(HOUR);
    expect(store.expired).toHaveLength(2);
    await ledger.close();
    expect(timers.pending()).toBe(0);
  });

  test('many old rows go in slices, and rows that come meanwhile are written between them', async () => {
    let slices = 0;
    const order: string[] = [];
    const append = store.append;
    store.append = async (rows) => {
      order.push(`${rows.length} written`);
      await append.call(store, rows);
    };
    store.expire = async () => {
      slices += 1;
      order.push(`slice ${slices}`);
      for (const row of variedRows(512, slices * 512)) ledger.record(row);
      return { rows: 500, isDone: slices === 2000 };
    };
    ledger = createLedger(store, { ...timers, retentionMs: () => HOUR });
    await timers.advance(10_000);
    for (let left = 1999; left > 0; left -= 100) await timers.advance(20 * Math.min(left, 100));
    expect(slices).toBe(2000);
    expect(order).toEqual(
      Array.from({ length: 2000 }, (_, index) => [`slice ${index + 1}`, '512 written']).flat(),
    );
    await timers.advance(HOUR - 1);
    expect(slices).toBe(2000);
    await ledger.close();
    expect(timers.pending()).toBe(0);
  });

  test('a failed expiry is tried again soon, then ever later, and health reports it until one succeeds', async () => {
    let failing = 3;
    const tried: number[] = [];
    const start = timers.monotonic();
    store.expire = async () => {
      tried.push(timers.monotonic() - start);
      failing -= 1;
      if (failing >= 0) throw new Error('locked');
      return { rows: 0, isDone: true };
    };
    const logged: unknown[][] = [];
    ledger = createLedger(store, { ...timers, retentionMs: () => 0, log: (...line) => logged.push(line) });
    await timers.advance(24_000);
    expect(logged).toEqual([]);
    await timers.advance(6_000);
    const stay = ['warn', expect.stringContaining('could not be deleted'), { error: 'locked' }];
    expect(logged.splice(0)).toEqual([stay]);
    expect(ledger.health()).toMatchObject({ ok: true, lastError: 'old rows were not deleted: locked' });
    await timers.advance(20_000);
    expect(tried).toEqual([10_000, 15_000, 25_000, 45_000]);
    expect(ledger.health().lastError).toBeNull();
    expect(logged.splice(0)).toEqual([['info', expect.stringContaining('are deleted again'), {}]]);
    failing = 20;
    await timers.advance(HOUR + 60_000);
    // From a success on it begins anew.
    expect(tried.slice(4, 7)).toEqual([5, 10, 20].map((s) => 45_000 + HOUR + (s - 5) * 1000));
    await timers.advance(HOUR);
    expect((tried.at(-1) ?? 0) - (tried.at(-2) ?? 0)).toBe(300_000);
    expect(logged).toEqual([stay]);
    await ledger.close();
  });

  test('a ledger that is closed while rows are deleted deletes no more', async () => {
    const deleted = Promise.withResolvers<{ rows: number; isDone: boolean }>();
    store.expire = () => deleted.promise;
    ledger = createLedger(store, { ...timers, retentionMs: () => HOUR });
    await timers.advance(10_000);
    const closed = ledger.close();
    deleted.resolve({ rows: 1, isDone: false });
    await closed;
    await timers.advance(0);
    expect(timers.pending()).toBe(0);
  });

  test('what may stay is no failure any more', async () => {
    let retention: number | null = HOUR;
    store.expire = async () => {
      throw new Error('locked');
    };
    ledger = createLedger(store, { ...timers, retentionMs: () => retention });
    await timers.advance(10_000);
    expect(ledger.health().lastError).toBe('old rows were not deleted: locked');
    retention = null;
    await timers.advance(5_000);
    expect(ledger.health().lastError).toBeNull();
    await ledger.close();
  });
});
