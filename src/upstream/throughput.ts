// Judges a stream's throughput over the time in which it is waited for: while the client does not read, nothing is
// waited for, so a stalled client never makes a provider look slow. No timer: a stream that sends nothing is idle.

interface ThroughputSettings {
  /** Bytes per second. */
  least: number;
  /** Of waiting, before a judgement. */
  windowMs: number;
}

export interface ThroughputGuard {
  /** The provider is waited for from now on. */
  waiting(now: number): void;
  /** Counts bytes that came; false where the window was too slow. */
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
