// Lets old rows go, once an hour.
import type { LedgerStore } from './store.ts';

export interface RetentionOptions {
  now(): number;
  setTimer(callback: () => void, delayMs: number): () => void;
  retentionMs?: () => number | null;
}

const HOUR_MS = 3_600_000;
/** Soon after the start, so that a gateway that never runs for an hour expires too, but not during it. */
const FIRST_MS = 10_000;

/** Returns how to stop it. A failed expiry is tried again an hour later. */
export function startRetention(store: LedgerStore, options: RetentionOptions): () => void {
  const { retentionMs } = options;
  if (retentionMs === undefined) return () => undefined;
  let stopped = false;
  let cancel = options.setTimer(run, FIRST_MS);

  function run(): void {
    const age = retentionMs?.() ?? null;
    const done = age === null ? Promise.resolve(0) : store.expire(options.now() - age);
    done
      .catch(() => 0)
      .then(() => {
        if (!stopped) cancel = options.setTimer(run, HOUR_MS);
      });
  }

  return () => {
    stopped = true;
    cancel();
  };
}
