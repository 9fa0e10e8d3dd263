// The ledger's queue: takes rows off the request's path and passes them to the store in batches.
import { isDoneWithin } from '../../model/done-within.ts';
import { createBacklog, rowsIn } from './backlog.ts';
import type { Ledger } from '../ledger.ts';
import { createOverflow } from './overflow.ts';
import { startRetention } from '../retention.ts';
import { NO_SPILL, type Spill } from './spill.ts';
import { adoptPacket, createPacketBuffers, rowsOfPacket } from '../rows/row-packets.ts';
import type { LedgerRow } from '../rows/row.ts';
import type { LedgerStore } from '../store.ts';
import { createBatchWriter } from './batch-writer.ts';
import { createFailureLog, type WriteLog } from './failure-log.ts';
import { createWriteLoop } from './write-loop.ts';

export interface LedgerOptions {
  /** Unix milliseconds, for the age of rows. */
  now(): number;
  /** Milliseconds of a clock that is never set, for how long rows wait. */
  monotonic(): number;
  /** Calls back once after `delayMs`; returns the cancellation. */
  setTimer(callback: () => void, delayMs: number): () => void;
  /** Takes what the store does not, and belongs to the ledger. If omitted, rows wait only in memory. */
  spill?: Spill;
  /** The age in ms at which rows are deleted, read before each hourly expiry; null keeps all. */
  retentionMs?: () => number | null;
  /** Logs rows that have to wait or are lost. */
  log?: WriteLog;
  /** The most rows that wait in memory; beyond it new rows are dropped and counted. */
  maxQueued?: number;
}

const MAX_QUEUED = 10_000;
/** The longest that a shutdown waits for a store that does not answer. */
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
  const loop = createWriteLoop({ backlog, overflow, spill, writer, failureLog, monotonic, setTimer });
  /** For lack of room, or of time at the end. */
  let dropped = 0;
  let closed = false;

  /** The second flush finds in the spill what was on its way there during the first. */
  const flushTwice = async (): Promise<void> => {
    await loop.flush();
    await overflow.settled();
    await loop.flush();
  };

  const added = (): void => {
    loop.added();
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
        dropped: dropped + loop.givenUp() + lost,
        lastError: writer.lastError() ?? lastError ?? retention.lastError(),
        notices: [...(store.notices?.() ?? []), ...noticeOf(writer.givenUp())],
      };
    },
    flush: loop.flush,
    async close() {
      if (closed) return;
      retention.stop();
      await isDoneWithin(flushTwice(), CLOSE_MS, setTimer);
      closed = true;
      loop.stop();
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
