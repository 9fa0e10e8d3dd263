// A clock that runs on while the machine sleeps, which the monotonic clock of Linux and macOS does not.
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

interface Clocks {
  monotonic(): number;
  /** Unix milliseconds, which may be set. */
  now(): number;
  /** Seconds since the machine was started, asleep or not. */
  uptime?(): number;
}

/** A difference that may come from rounding is no sleep. */
const ROUNDING_MS = 2_000;

/**
 * Milliseconds, as exact as `monotonic()` as long as the machine is awake, and within `ROUNDING_MS` across a sleep. Only where the time
 * of day has run ahead, as after a sleep, the system is asked, which takes fifty times as long.
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
