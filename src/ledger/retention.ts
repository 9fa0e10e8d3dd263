// Deletes expired rows, once an hour, in small slices, between which the store can write.
import type { WriteLog } from './queue/failure-log.ts';
import type { LedgerStore } from './store.ts';
import { messageOf } from '../model/thrown.ts';

export interface RetentionOptions {
  now(): number;
  monotonic(): number;
  setTimer(callback: () => void, delayMs: number): () => void;
  retentionMs?: () => number | null;
  /** Called once when expired rows cannot be deleted, and once when they can be again. */
  log?: WriteLog;
}

const HOUR_MS = 3_600_000;
/** Early enough that a gateway that never runs for an hour also expires rows, but not during its start. */
const FIRST_MS = 10_000;
/** A clock that has moved ahead by this much more than time has passed may be wrong, and deleted rows are gone. */
const LEAP_MS = 86_400_000;
/** The pause between two slices, about as long as one takes: a million rows are deleted in a minute. */
const PAUSE_MS = 20;
/** Doubled after each failure: a lock usually ends soon, and each try may wait for it. */
const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 300_000;
/** Shorter failures are not worth a log line. */
const REPORTED_AFTER_FAILURES = 3;

export interface Retention {
  /** Why the last deletion failed; null where it did not. */
  lastError(): string | null;
  stop(): void;
}

export function startRetention(store: LedgerStore, options: RetentionOptions): Retention {
  const { retentionMs, now, monotonic, log = () => undefined } = options;
  let lastError: string | null = null;
  let failures = 0;
  let stopped = false;
  let cancel = (): void => {};

  let offset = now() - monotonic();

  /** A leap of the clock is accepted an hour later, unless it was corrected by then. */
  const hasLeapt = (): boolean => {
    const before = offset;
    offset = now() - monotonic();
    return offset - before > LEAP_MS;
  };

  const begunAt = now();
  let hasLooked = false;

  /** All rows from before this process would go: the gateway was unused for so long, or the clock was wrong at the start. */
  const wouldEmpty = async (age: number): Promise<boolean> => {
    const { rows } = await store.audit({ endTime: begunAt - 1, limit: 1, offset: 0, includeBodies: false });
    hasLooked = true;
    return rows[0] !== undefined && begunAt - rows[0].timestamp > Math.max(age, LEAP_MS);
  };

  const expire = async (age: number): Promise<number> => {
    try {
      if (!hasLooked && (await wouldEmpty(age))) return HOUR_MS;
      const { isDone } = await store.expire(now() - age);
      if (failures >= REPORTED_AFTER_FAILURES) log('info', 'old rows of the ledger are deleted again', {});
      succeeded();
      return isDone ? HOUR_MS : PAUSE_MS;
    } catch (thrown) {
      const error = messageOf(thrown);
      lastError = `old rows were not deleted: ${error}`;
      failures += 1;
      if (failures === REPORTED_AFTER_FAILURES)
        log('warn', 'old rows of the ledger could not be deleted: it is tried again', { error });
      return Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS);
    }
  };

  const succeeded = (): void => {
    lastError = null;
    failures = 0;
  };

  const run = async (): Promise<void> => {
    const age = retentionMs?.() ?? null;
    // If rows are kept for ever, deleting them cannot fail.
    if (age === null) succeeded();
    const pause = hasLeapt() || age === null ? HOUR_MS : await expire(age);
    if (!stopped) cancel = options.setTimer(() => void run(), pause);
  };

  if (retentionMs !== undefined) cancel = options.setTimer(() => void run(), FIRST_MS);

  return {
    lastError: () => lastError,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
