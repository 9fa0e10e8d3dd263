// A clock that a test turns by hand.

export interface ManualTimers {
  now(): number;
  /** The same. */
  monotonic(): number;
  setTimer(callback: () => void, delayMs: number): () => void;
  /** Moves time on, calling what falls due in order, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** The process is stopped for so long: what falls due meanwhile is called late, when time moves on next. */
  standStill(ms: number): void;
  /** Timers that are set. */
  pending(): number;
}

export function createManualTimers(start = 0): ManualTimers {
  let time = start;
  let timers: { at: number; callback: () => void }[] = [];
  return {
    now: () => time,
    monotonic: () => time,
    setTimer(callback, delayMs) {
      const timer = { at: time + delayMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async advance(ms) {
      // What was begun before may still be about to set its timer.
      await settle();
      const end = time + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        time = Math.max(time, next.at);
        next.callback();
        await settle();
      }
      time = end;
      await settle();
    },
    standStill(ms) {
      time += ms;
    },
    pending: () => timers.length,
  };
}

/** Lets everything run that waits for no timer: microtasks, and the few macrotasks that streams take. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
