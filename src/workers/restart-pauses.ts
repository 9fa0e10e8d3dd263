// How long the supervisor waits before it replaces a worker: one that died early is not replaced at once, since the next may die of the
// same cause.

const SHORT_LIFE_MS = 5_000;
const FIRST_PAUSE_MS = 100;
/** After one that served: a request killed it, and if no worker is left, no client is answered. */
const LONGEST_PAUSE_MS = 1_000;
/** After one that did not serve, which will not improve soon. */
const LONGEST_PAUSE_UNSERVED_MS = 10_000;

/** Each returns the pause in milliseconds, which doubles with every consecutive early death. */
export interface RestartPauses {
  /** @param index of the worker. @param livedMs for how long it lived. */
  afterServing(index: number, livedMs: number): number;
  /** The worker ended before it served, or could not be started. */
  afterFailedStart(index: number): number;
}

export function createRestartPauses(): RestartPauses {
  /** Consecutive early deaths for each worker index, so that one worker's failures do not delay the others. */
  const shortLives = new Map<number, number>();

  function after(index: number, longestMs: number): number {
    const count = (shortLives.get(index) ?? 0) + 1;
    shortLives.set(index, count);
    return Math.min(longestMs, FIRST_PAUSE_MS * 2 ** (count - 1));
  }

  return {
    afterServing(index, livedMs) {
      if (livedMs < SHORT_LIFE_MS) return after(index, LONGEST_PAUSE_MS);
      shortLives.delete(index);
      return 0;
    },
    afterFailedStart: (index) => after(index, LONGEST_PAUSE_UNSERVED_MS),
  };
}
