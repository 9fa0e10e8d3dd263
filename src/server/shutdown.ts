// Signals → one orderly end, or an end at once when it is asked for again.

/**
 * Ctrl-C reaches every process of a terminal's group and is then forwarded by the launcher (and by npm), so
 * that one press arrives up to three times within milliseconds. What comes within this time is the same press.
 */
const SAME_PRESS_MS = 300;

export interface ShutdownOptions {
  now(): number;
  /** The first signal. */
  onShutdown(signal: string): void;
  /** A further one, later than the same press. */
  onForce(signal: string): void;
}

/** Returns what to call with each signal. */
export function createShutdown(options: ShutdownOptions): (signal: string) => void {
  let first: number | undefined;
  return (signal) => {
    if (first === undefined) {
      first = options.now();
      options.onShutdown(signal);
    } else if (options.now() - first > SAME_PRESS_MS) options.onForce(signal);
  };
}
