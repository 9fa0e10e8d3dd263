// Lets old rows go, once an hour, some at a time: what a store writes meanwhile comes in between.
import type { TellLog } from './queue/trouble-log.ts';
import type { LedgerStore } from './store.ts';

export interface RetentionOptions {
  now(): number;
  monotonic(): number;
  setTimer(callback: () => void, delayMs: number): () => void;
  retentionMs?: () => number | null;
  /** Told once of old rows that stay, and once that they go again. */
  log?: TellLog;
}

const HOUR_MS = 3_600_000;
/** Soon after the start, so that a gateway that never runs for an hour expires too, but not during it. */
const FIRST_MS = 10_000;
/** A clock that has gone ahead by more than time has passed may be wrong, and what it lets go does not come back. */
const LEAP_MS = 86_400_000;
/** Between two slices, about as long as one takes: a million rows go in a minute. */
const PAUSE_MS = 20;
/** After a failure, twice as long after the next: a lock is mostly gone soon, and each try may wait for it. */
const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 300_000;
/** What passes sooner is nobody's trouble. */
const TOLD_AFTER_FAILURES = 3;

export interface Retention {
  /** Why old rows did not go the last time; null: they did. */
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

  /** Believed an hour later, unless it was set right by then. */
  const hasLeapt = (): boolean => {
    const before = offset;
    offset = now() - monotonic();
    return offset - before > LEAP_MS;
  };

  const begunAt = now();
  let hasLooked = false;

  /** All that was written before this process would go: nobody asked for so long, or a machine began with a wrong clock. */
  const wouldEmpty = async (age: number): Promise<boolean> => {
    const { rows } = await store.audit({ endTime: begunAt - 1, limit: 1, offset: 0, includeBodies: false });
    hasLooked = true;
    return rows[0] !== undefined && begunAt - rows[0].timestamp > Math.max(age, LEAP_MS);
  };

  const expire = async (age: number): Promise<number> => {
    try {
      if (!hasLooked && (await wouldEmpty(age))) return HOUR_MS;
      const { isDone } = await store.expire(now() - age);
      if (failures >= TOLD_AFTER_FAILURES) log('info', 'old rows of the ledger are deleted again', {});
      succeeded();
      return isDone ? HOUR_MS : PAUSE_MS;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown.message : String(thrown);
      lastError = `old rows were not deleted: ${error}`;
      failures += 1;
      if (failures === TOLD_AFTER_FAILURES)
        log('warn', 'old rows of the ledger are not deleted: it is tried again', { error });
      return Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS);
    }
  };

  const succeeded = (): void => {
    lastError = null;
    failures = 0;
  };

  const run = async (): Promise<void> => {
    const age = retentionMs?.() ?? null;
    // What is to stay needs no mending.
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
