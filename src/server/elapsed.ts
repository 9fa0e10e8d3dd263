// A clock that also runs while the machine sleeps, unlike the monotonic clock of Linux and macOS.
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

interface Clocks {
  monotonic(): number;
  /** Unix milliseconds, by a clock that may be set. */
  now(): number;
  /** Seconds since the machine was started, including sleep. */
  uptime?(): number;
}

/** A smaller difference may come from rounding, and counts as no sleep. */
const ROUNDING_MS = 2_000;

/**
 * Milliseconds: as exact as `monotonic()` while the machine is awake, and within `ROUNDING_MS` across a sleep. The system is asked, which
 * takes fifty times as long, only if the time of day has run ahead, as after a sleep.
 */
export function createElapsed({ monotonic, now, uptime: systemUptime = readUptime }: Clocks): () => number {
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

/** To a hundredth on Linux, where processes that count together must agree; elsewhere to a second. */
function readUptime(): number {
  if (process.platform !== 'linux') return uptime();
  try {
    return Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
  } catch {
    return uptime();
  }
}
