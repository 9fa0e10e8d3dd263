// The ledger's queue: takes rows off the request's path and hands them to the store in batches.
import { createBacklog, type Entry } from './backlog.ts';
import type { Ledger } from './ledger.ts';
import { startRetention } from './retention.ts';
import type { LedgerStore } from './store.ts';
import { createBatchWriter } from './batch-writer.ts';

export interface LedgerOptions {
  /** Unix milliseconds. */
  now(): number;
  /** Calls back once after so many milliseconds; returns the cancellation. */
  setTimer(callback: () => void, delayMs: number): () => void;
  /** Age in ms at which rows go, asked before each hourly expiry; null keeps all. */
  retentionMs?: () => number | null;
  /** Rows that may wait for the store; beyond it new rows are dropped and counted. */
  maxQueued?: number;
  /** Longest wait of a row before the store gets it. */
  maxDelayMs?: number;
}

const MAX_QUEUED = 10_000;
const MAX_DELAY_MS = 200;
/** Half of what GUARANTEES 17 allows: also after a failure, a row is tried again within the second. */
const MAX_BACK_OFF_MS = 500;
const FIRST_BACK_OFF_MS = 50;

/** A ledger on `store`, which it owns: `close` closes it too. */
export function createLedger(store: LedgerStore, options: LedgerOptions): Ledger {
  const maxDelayMs = options.maxDelayMs ?? MAX_DELAY_MS;
  const backlog = createBacklog(options.maxQueued ?? MAX_QUEUED);
  const writer = createBatchWriter((rows) => store.append(rows));
  const stopRetention = startRetention(store, options);

  let dropped = 0;
  let closed = false;
  let running: Promise<void> | null = null;
  let timer: { cancel: () => void; delayMs: number } | null = null;

  const arm = (delayMs: number): void => {
    if (timer !== null && timer.delayMs <= delayMs) return;
    timer?.cancel();
    const cancel = options.setTimer(() => {
      timer = null;
      void writeOnce();
    }, delayMs);
    timer = { cancel, delayMs };
  };

  const armForBacklog = (): void => {
    if (running !== null || closed || backlog.size() === 0) return;
    const failures = writer.failures();
    if (failures > 0) arm(Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** (failures - 1)));
    // Delay 0 still leaves the caller's stack: the stream that just ended is closed first.
    else arm(backlog.hasFullBatch() ? 0 : maxDelayMs);
  };

  const writeOnce = (): Promise<void> => {
    running ??= pass().finally(() => {
      running = null;
      armForBacklog();
    });
    return running;
  };

  const pass = async (): Promise<void> => {
    timer?.cancel();
    timer = null;
    const batch: Entry[] = backlog.takeBatch();
    const { refused, poison } = await writer.write(batch);
    dropped += poison;
    backlog.putBack(refused);
  };

  const flush = async (): Promise<void> => {
    const newest = backlog.newest();
    // Two passes without progress: the whole batch failed, and so did every row tried alone.
    for (let stuck = 0; stuck < 2 && backlog.holdsUpTo(newest); ) {
      const before = backlog.size();
      await writeOnce();
      stuck = backlog.size() < before ? 0 : stuck + 1;
    }
  };

  return {
    store,
    record(row) {
      if (closed || !backlog.add(row)) {
        dropped += 1;
        return;
      }
      armForBacklog();
    },
    health() {
      return {
        ok: writer.failures() === 0,
        queued: backlog.size(),
        dropped,
        lastError: writer.lastError(),
      };
    },
    flush,
    async close() {
      if (closed) return;
      stopRetention();
      await flush();
      closed = true;
      timer?.cancel();
      dropped += backlog.size();
      backlog.clear();
      await store.close();
    },
  };
}
