// When garbage is collected: by the clock, between requests, before one of them has to.
import { edenGC } from 'bun:jsc';

/** A second's garbage takes some two milliseconds, which a request in some hundreds meets. */
const EVERY_MS = 1_000;

export interface CollectorOptions {
  /** Whether anything happened since it was asked last: an idle process has nothing to collect. */
  wasBusy(): boolean;
  /** Default: every second. */
  everyMs?: number;
  /** Default: what was made since the last time. */
  collect?(): void;
}

/**
 * Left alone, the runtime collects when memory for a request is asked for, or each second in threads beside, for up to a
 * hundred milliseconds that requests share a core with them: the launcher makes that 20 s. Returns how to stop it.
 */
export function startCollector({
  wasBusy,
  everyMs = EVERY_MS,
  collect = edenGC,
}: CollectorOptions): () => void {
  const timer = setInterval(() => {
    if (wasBusy()) collect();
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
