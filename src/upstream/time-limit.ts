// A time limit on something on this machine or at a server, which does not run out while the process itself is suspended.
import { LATE_MS } from './watchdog.ts';

export interface TimeLimitClock {
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
}

/**
 * Calls `expired` once after `ms`. If that is late because the process or its machine was suspended, the whole time is granted once more,
 * since what is waited for may not have gone on either. Only once: timers are late on a busy machine too, and waiting must end there. The
 * returned function cancels.
 */
export function setTimeLimit(clock: TimeLimitClock, expired: () => void, ms: number): () => void {
  const late = clock.monotonic() + ms + LATE_MS;
  let cancel = clock.setTimer(() => {
    if (clock.monotonic() > late) cancel = clock.setTimer(expired, ms);
    else expired();
  }, ms);
  return () => cancel();
}
