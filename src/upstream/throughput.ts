// Judges a stream's throughput over the time spent waiting for it. While the client does not read, nothing is waited for, so a stalled
// client never makes a provider look slow. There is no timer, since a stream that sends nothing is idle.

interface ThroughputSettings {
  /** Bytes per second. */
  least: number;
  /** How long must have been waited before it is judged, in milliseconds. */
  windowMs: number;
}

export interface ThroughputGuard {
  /** The provider is being waited for from now on. */
  waiting(now: number): void;
  /** Counts bytes that arrived; false if the window was too slow. */
  arrived(bytes: number): boolean;
}

export function createThroughputGuard(
  { least, windowMs }: ThroughputSettings,
  monotonic: () => number,
): ThroughputGuard {
  let since: number | undefined;
  let waitedMs = 0;
  let total = 0;
  return {
    waiting(now) {
      since = now;
    },
    arrived(bytes) {
      if (since !== undefined) waitedMs += monotonic() - since;
      since = undefined;
      total += bytes;
      if (waitedMs < windowMs) return true;
      const isEnough = total * 1_000 >= least * waitedMs;
      waitedMs = 0;
      total = 0;
      return isEnough;
    },
  };
}
