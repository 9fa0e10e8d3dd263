// Whether a worker's event loop still runs: it is asked once a second, and taken for hung after a long silence.

/** The time between two questions, in milliseconds. */
export const BEAT_MS = 1_000;
/**
 * How many consecutive questions may stay unanswered before a worker counts as hung. Large bodies also keep one busy (63 MB in one text for
 * 0.4 s, in 600,000 translated messages for 2 s), as does garbage collection of a large heap, and other processes may take most of its
 * core. Killing a worker that would have recovered costs its streams; waiting costs seconds.
 */
export const UNANSWERED_BEATS = 20;

/**
 * The same for a worker that does not serve yet. Nobody waits for it, and killing it would only make the next one start under the same
 * load: on a machine that is just booting, or with a small share of a core, loading the program may take half a minute.
 */
export const UNANSWERED_BEATS_AT_START = 120;

export interface HeartbeatOptions {
  /** Resolves when the worker has answered. */
  ask(): Promise<unknown>;
  /** Resolves when the worker serves. */
  serves: Promise<unknown>;
  /** Called once, if the worker has not answered for so long. */
  onHang(silentSeconds: number): void;
  setTimer(callback: () => void, ms: number): () => void;
}

/**
 * Counts the questions that this process has asked instead of reading a clock: while this process itself is suspended, because the machine
 * sleeps or all its processes are stopped, no worker is taken for silent. The returned function stops the watch.
 */
export function watchHeartbeat({ ask, serves, onHang, setTimer }: HeartbeatOptions): () => void {
  let unanswered = 0;
  let most = UNANSWERED_BEATS_AT_START;
  void serves.then(() => {
    unanswered = 0;
    most = UNANSWERED_BEATS;
  });
  const beat = () => {
    if (unanswered >= most) {
      onHang((most * BEAT_MS) / 1_000);
      return;
    }
    unanswered += 1;
    // Asked again each time, since a question from before the worker listens may never reach it.
    ask().then(
      () => {
        unanswered = 0;
      },
      // The worker is gone, which is noticed elsewhere.
      () => {},
    );
    cancel = setTimer(beat, BEAT_MS);
  };
  let cancel = setTimer(beat, BEAT_MS);
  return () => cancel();
}
