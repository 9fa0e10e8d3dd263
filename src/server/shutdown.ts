// Signals: the first begins an orderly end, the second hurries it, the next ends the process immediately.

/**
 * Ctrl-C reaches every process of a terminal's group and is then forwarded by the launcher (and by npm), so that one press
 * arrives up to three times within milliseconds. Signals within this time count as the same press.
 */
export const SAME_PRESS_MS = 300;

export interface ShutdownOptions {
  now(): number;
  /** The first signal. */
  onShutdown(signal: string): void;
  /** Called for a second press; if left out, that is like any further one. */
  onHurry?(signal: string): void;
  /** Called for a further one. */
  onForce(signal: string): void;
}

/** Returns the function to be called with each signal. */
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
