// Whether a worker's event loop still runs: it is asked once a second, and given up after a long time without an answer.

/** Between two questions. */
export const BEAT_MS = 1_000;
/**
 * Questions in a row without an answer. A large body keeps a worker busy too (63 MB in one text for 0.4 s, in 600,000
 * messages that are translated for 2 s), so does a collection of a large heap, and whoever shares its core may take most of
 * it: killing one that would have come back costs its streams, waiting costs seconds.
 */
export const UNANSWERED_BEATS = 20;

export const HANG_SECONDS = (UNANSWERED_BEATS * BEAT_MS) / 1_000;

export interface HeartbeatOptions {
  /** Resolves when the worker has answered. */
  ask(): Promise<unknown>;
  /** It has not for `HANG_SECONDS`. Called once. */
  onHang(): void;
  setTimer(callback: () => void, ms: number): () => void;
}

/**
 * What is counted is questions, which this process puts one after the other, and no clock is read: while it stands still
 * itself, since the machine sleeps or all its processes are stopped, nobody is found silent. Returns how to stop.
 */
export function watchHeartbeat({ ask, onHang, setTimer }: HeartbeatOptions): () => void {
  let unanswered = 0;
  const beat = () => {
    if (unanswered >= UNANSWERED_BEATS) {
      onHang();
      return;
    }
    unanswered += 1;
    // Each time anew: what is asked before a worker listens may never reach it.
    ask().then(
      () => {
        unanswered = 0;
      },
      // It is gone, which is noticed elsewhere.
      () => {},
    );
    cancel = setTimer(beat, BEAT_MS);
  };
  let cancel = setTimer(beat, BEAT_MS);
  return () => cancel();
}
