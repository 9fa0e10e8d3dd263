// The ledger's queue: takes rows off the request's path and passes them to the store in batches.
import { BATCH_ROWS, createBacklog, rowsIn, toEntry } from './backlog.ts';
import type { Ledger } from '../ledger.ts';
import { createOverflow } from './overflow.ts';
import { startRetention } from '../retention.ts';
import { NO_SPILL, type Spill } from './spill.ts';
import { adoptPacket, createPacketBuffers, rowsOfPacket } from '../rows/row-packets.ts';
import type { LedgerRow } from '../rows/row.ts';
import type { LedgerStore } from '../store.ts';
import { createBatchWriter } from './batch-writer.ts';
import { createFailureLog, type WriteLog } from './failure-log.ts';

export interface LedgerOptions {
  /** Unix milliseconds, for the age of rows. */
  now(): number;
  /** Milliseconds of a clock that is never set, for how long rows wait. */
  monotonic(): number;
  /** Calls back once after `delayMs`; returns the cancellation. */
  setTimer(callback: () => void, delayMs: number): () => void;
  /** Takes what the store does not; owned by the ledger. If omitted, rows wait in memory only. */
  spill?: Spill;
  /** Age in ms at which rows are deleted, read before each hourly expiry; null keeps all. */
  retentionMs?: () => number | null;
  /** Logs rows that have to wait or are lost. */
  log?: WriteLog;
  /** The most rows that wait in memory; beyond it new rows are dropped and counted. */
  maxQueued?: number;
}

const MAX_QUEUED = 10_000;
/** Longest wait of a row before it is passed to the store. */
const MAX_DELAY_MS = 200;
/** Half of what GUARANTEES 17 allows: after a failure, too, a row is tried again within the second. */
const MAX_BACK_OFF_MS = 500;
const FIRST_BACK_OFF_MS = 50;
/** Longest wait at shutdown for a store that does not answer. */
const CLOSE_MS = 10_000;

function noticeOf(givenUp: string | null): string[] {
  return givenUp === null ? [] : [`a row was given up, since the store refused it: ${givenUp}`];
}

/** A ledger on `store`, which it owns: `close` closes the store too. */
export function createLedger(store: LedgerStore, options: LedgerOptions): Ledger {
  const { monotonic, setTimer, spill = NO_SPILL } = options;
  const backlog = createBacklog(options.maxQueued ?? MAX_QUEUED, monotonic);
  const overflow = createOverflow(backlog, spill, { monotonic, setTimer });
  const writer = createBatchWriter((rows, packets) => store.append(rows, packets));
  const retention = startRetention(store, options);
  const failureLog = createFailureLog(options.log);

  let dropped = 0;
  let closed = false;
  let running: Promise<number> | null = null;
  let timer: { cancel: () => void; delayMs: number } | null = null;

  // Rows left by an earlier process.
  const found = spill.next();
  void found.then(() => armForBacklog());

  const arm = (delayMs: number): void => {
    if (timer !== null && timer.delayMs <= delayMs) return;
    timer?.cancel();
    const cancel = setTimer(() => {
      timer = null;
      void writeOnce();
    }, delayMs);
    timer = { cancel, delayMs };
  };

  const waiting = (): number => backlog.size() + spill.held().rows;

  const armForBacklog = (): void => {
    if (running !== null || closed || waiting() === 0) return;
    const failures = writer.failures();
    if (failures > 0) arm(Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** (failures - 1)));
    // Delay 0 still leaves the caller's stack: the stream that just ended is closed first.
    else arm(backlog.hasFullBatch() || spill.held().rows > 0 ? 0 : timeLeft());
  };

  /** Until the oldest row has waited `MAX_DELAY_MS`: part of that may have passed while others were written. */
  const timeLeft = (): number => {
    const time = monotonic();
    return Math.max(0, MAX_DELAY_MS - (time - (backlog.oldest() ?? time)));
  };

  const writeOnce = (): Promise<number> => {
    running ??= pass().finally(() => {
      running = null;
      armForBacklog();
    });
    return running;
  };

  /** Spilled rows go first, since they are older than those in memory. Resolves to how many rows are done with. */
  const pass = async (): Promise<number> => {
    timer?.cancel();
    timer = null;
    await overflow.settled();
    const returning = (await spill.next()).map((row) => toEntry(row, monotonic()));
    const room = spill.held().rows > returning.length ? 0 : BATCH_ROWS - returning.length;
    const batch = [...returning, ...backlog.takeBatch(room)];
    const stopWaiting = overflow.whileStoreIsAsked();
    const { taken, refused, poison } = await writer.write(batch);
    stopWaiting();
    dropped += poison;
    if (poison > 0) failureLog.givenUp(poison, writer.givenUp());
    failureLog.asked(writer.failures(), writer.lastError());
    const isBroken = refused.length > 0 && taken === 0;
    if (isBroken) {
      const kept = new Set(returning);
      backlog.putBack(
        refused.filter((entry) => !kept.has(entry)),
        'first',
      );
    } else {
      // Rows that were refused alone queue behind the others. They are put back before the spill removes them, so that
      // a process that ends in between still has them.
      backlog.putBack(refused, 'last');
      await spill.remove(returning.length);
    }
    if (isBroken || overflow.isLate()) await overflow.spill();
    return taken + poison;
  };

  const flush = async (): Promise<void> => {
    // The oldest are written first: once as many as were waiting are done, those are. Two passes without progress: the
    // whole batch failed, and so did every row tried alone.
    await found;
    let left = waiting();
    for (let stuck = 0; stuck < 2 && left > 0; ) {
      const done = await writeOnce();
      left -= done;
      stuck = done > 0 ? 0 : stuck + 1;
    }
  };

  /** The second flush finds in the spill what was on its way there during the first. */
  const flushTwice = async (): Promise<void> => {
    await flush();
    await overflow.settled();
    await flush();
  };

  const added = (): void => {
    // Called for each row, and hardly any row changes the timer.
    if (timer === null || (timer.delayMs > 0 && backlog.hasFullBatch())) armForBacklog();
    overflow.added();
  };

  const record = (row: LedgerRow): void => {
    if (!closed && backlog.add(row)) {
      added();
      return;
    }
    dropped += 1;
    failureLog.dropped(1, spill.held().lastError ?? writer.lastError());
  };

  return {
    store,
    record,
    ...(store.pack && { pack: store.pack }),
    recordPacket(packet) {
      if (!closed && backlog.addPacket(packet)) added();
      else rowsOfPacket(adoptPacket(packet, createPacketBuffers())).forEach(record);
    },
    health() {
      const { rows, bytes, lost, lastError } = spill.held();
      return {
        ok: writer.failures() === 0,
        queued: backlog.size(),
        spilled: rows,
        spilledBytes: bytes,
        dropped: dropped + lost,
        lastError: writer.lastError() ?? lastError ?? retention.lastError(),
        notices: [...(store.notices?.() ?? []), ...noticeOf(writer.givenUp())],
      };
    },
    flush,
    async close() {
      if (closed) return;
      retention.stop();
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const cancel = setTimer(resolve, CLOSE_MS);
      await Promise.race([flushTwice(), late]);
      cancel();
      closed = true;
      timer?.cancel();
      await overflow.spillAll();
      const lost = rowsIn(backlog.entries());
      dropped += lost;
      backlog.clear();
      if (lost > 0) failureLog.lost(lost, writer.lastError() ?? spill.held().lastError);
      await spill.close();
      await store.close();
    },
  };
}
