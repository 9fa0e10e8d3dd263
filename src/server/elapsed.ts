// A clock that runs on while the machine sleeps, which the monotonic clock of Linux and macOS does not.
import { uptime } from 'node:os';

interface Clocks {
  monotonic(): number;
  /** Unix milliseconds, which may be set. */
  now(): number;
  /** Seconds since the machine was started, asleep or not, as the system has it: whole ones on Linux. */
  uptime?(): number;
}

/** A difference that the rounding of the uptime explains is no sleep. */
const ROUNDING_MS = 2_000;

/**
 * Milliseconds, as exact as `monotonic()` as long as the machine is awake, and within `ROUNDING_MS` across a sleep. Only where the time
 * of day has run ahead, as after a sleep, the system is asked, which takes fifty times as long.
 */
export function createElapsed({ monotonic, now, uptime: systemUptime = uptime }: Clocks): () => number {
  const startedMs = systemUptime() * 1_000 - monotonic();
  let asleepMs = 0;
  let ahead = now() - monotonic();
  return () => {
    const awakeMs = monotonic();
    const isAhead = now() - awakeMs;
    if (isAhead > ahead + ROUNDING_MS) {
      const sleptMs = systemUptime() * 1_000 - awakeMs - startedMs;
      if (sleptMs > asleepMs + ROUNDING_MS) asleepMs = sleptMs;
      ahead = isAhead;
    } else if (isAhead < ahead) ahead = isAhead;
    return awakeMs + asleepMs;
  };
}
