// When waiting rows are passed to the store: in batches, soon after they came, and later after failures.
import { BATCH_ROWS, type Backlog, toEntry } from './backlog.ts';
import type { BatchWriter } from './batch-writer.ts';
import type { FailureLog } from './failure-log.ts';
import type { Overflow } from './overflow.ts';
import type { Spill } from './spill.ts';

export interface WriteLoopOptions {
  backlog: Backlog;
  overflow: Overflow;
  spill: Spill;
  writer: BatchWriter;
  failureLog: FailureLog;
  monotonic(): number;
  /** Calls back once after `delayMs`; returns the cancellation. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

export interface WriteLoop {
  /** Called after rows were added to the backlog. */
  added(): void;
  /** Writes all that waits; also resolves where the store refuses it. */
  flush(): Promise<void>;
  /** Stops writing. */
  stop(): void;
  /** How many rows were given up, since the store refused them alone. */
  givenUp(): number;
}

/** The longest that a row waits before it is passed to the store. */
const MAX_DELAY_MS = 200;
/** Half of what GUARANTEES 17 allows: even after a failure, a row is tried again within the second. */
const MAX_BACK_OFF_MS = 500;
const FIRST_BACK_OFF_MS = 50;

export function createWriteLoop(options: WriteLoopOptions): WriteLoop {
  const { backlog, overflow, spill, writer, failureLog, monotonic, setTimer } = options;
  let stopped = false;
  let givenUp = 0;
  let running: Promise<number> | null = null;
  let timer: { cancel: () => void; delayMs: number } | null = null;

  // Rows that an earlier process has left.
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
    if (running !== null || stopped || waiting() === 0) return;
    const failures = writer.failures();
    if (failures > 0) arm(Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** (failures - 1)));
    // Delay 0 still leaves the caller's stack: the stream that just ended is closed first.
    else arm(backlog.hasFullBatch() || spill.held().rows > 0 ? 0 : timeLeft());
  };

  /** The time until the oldest row has waited `MAX_DELAY_MS`: part of it may have passed while others were written. */
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
    givenUp += poison;
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
      // Rows that were refused alone wait behind the others. They are put back before the spill removes them, so that a process that ends
      // in between still has them.
      backlog.putBack(refused, 'last');
      await spill.remove(returning.length);
    }
    if (isBroken) await overflow.refused();
    else await overflow.taken(returning.length);
    return taken + poison;
  };

  return {
    added() {
      // Called for each row, and hardly any row changes the timer.
      if (timer === null || (timer.delayMs > 0 && backlog.hasFullBatch())) armForBacklog();
    },
    async flush() {
      // The oldest are written first, so the rows that were waiting are done once that many are. After two passes without progress, the
      // whole batch has failed, and so has every row tried alone.
      await found;
      let left = waiting();
      for (let stuck = 0; stuck < 2 && left > 0; ) {
        const done = await writeOnce();
        left -= done;
        stuck = done > 0 ? 0 : stuck + 1;
      }
    },
    stop() {
      stopped = true;
      timer?.cancel();
    },
    givenUp: () => givenUp,
  };
}
