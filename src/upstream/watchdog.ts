// Times how long the gateway has been waiting for an upstream. One timer a stream, armed lazily: noting an
// arrival is one store, so a busy stream costs no timer work an event.

export interface Watchdog {
  /** From now on a wait may last this long; `expired` gets `what` when it does. `now`: where it is known. */
  wait(what: string, limitMs: number, now?: number): void;
  /** Something arrived, or nobody is waiting: the limit does not run until the next `wait`. */
  rest(): void;
  stop(): void;
}

export interface WatchdogClock {
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
}

export function createWatchdog(clock: WatchdogClock, expired: (what: string) => void): Watchdog {
  let what = '';
  let deadline = Number.POSITIVE_INFINITY;
  let armedFor = Number.POSITIVE_INFINITY;
  let cancelTimer: (() => void) | undefined;

  function arm(): void {
    cancelTimer?.();
    armedFor = deadline;
    cancelTimer = clock.setTimer(check, Math.max(0, deadline - clock.monotonic()));
  }

  function check(): void {
    cancelTimer = undefined;
    armedFor = Number.POSITIVE_INFINITY;
    if (deadline === Number.POSITIVE_INFINITY) return;
    // Timers may fire up to a millisecond early.
    if (clock.monotonic() >= deadline - 1) {
      deadline = Number.POSITIVE_INFINITY;
      expired(what);
    } else arm();
  }

  return {
    wait(reason, limitMs, now = clock.monotonic()) {
      what = reason;
      deadline = now + limitMs;
      // A timer armed for an earlier moment re-arms itself when it fires.
      if (armedFor > deadline) arm();
    },
    rest() {
      deadline = Number.POSITIVE_INFINITY;
    },
    stop() {
      deadline = Number.POSITIVE_INFINITY;
      cancelTimer?.();
      cancelTimer = undefined;
      armedFor = Number.POSITIVE_INFINITY;
    },
  };
}
