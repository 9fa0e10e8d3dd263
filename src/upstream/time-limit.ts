// A time limit on what goes on in this machine or at a server, which does not run out while the process itself stands still.
import { LATE_MS } from './watchdog.ts';

export interface TimeLimitClock {
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
}

/**
 * Calls `expired` once after `ms`. Where that would be late, since the process or its machine was suspended, all of the time is given
 * once more: what is waited for could not go on either. Only once, since timers are late on a busy machine, too, and what
 * waits there must end. The returned function cancels.
 */
export function setTimeLimit(clock: TimeLimitClock, expired: () => void, ms: number): () => void {
  const late = clock.monotonic() + ms + LATE_MS;
  let cancel = clock.setTimer(() => {
    if (clock.monotonic() > late) cancel = clock.setTimer(expired, ms);
    else expired();
  }, ms);
  return () => cancel();
}
