// Signals → one orderly end, a hurried one when it is asked for again, and an end at once with the next.

/**
 * Ctrl-C reaches every process of a terminal's group and is then forwarded by the launcher (and by npm), so
 * that one press arrives up to three times within milliseconds. What comes within this time is the same press.
 */
export const SAME_PRESS_MS = 300;

export interface ShutdownOptions {
  now(): number;
  /** The first signal. */
  onShutdown(signal: string): void;
  /** A second one, later than the same press; left out: it is like any further one. */
  onHurry?(signal: string): void;
  /** A further one. */
  onForce(signal: string): void;
}

/** Returns what to call with each signal. */
export function createShutdown(options: ShutdownOptions): (signal: string) => void {
  const { now, onShutdown, onHurry, onForce } = options;
  const steps = [onShutdown, ...(onHurry === undefined ? [] : [onHurry])];
  let pressedAt = Number.NEGATIVE_INFINITY;
  return (signal) => {
    if (now() - pressedAt <= SAME_PRESS_MS) return;
    pressedAt = now();
    const step = steps.shift() ?? onForce;
    step(signal);
  };
}
