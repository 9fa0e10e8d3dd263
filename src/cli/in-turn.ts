// Runs that may be asked for while one is going on: each begins when the one before has ended.

/** @param run must not reject. Returns what resolves when the run that was asked for has ended. */
export function inTurn<Args extends unknown[]>(
  run: (...args: Args) => Promise<void>,
): (...args: Args) => Promise<void> {
  let last = Promise.resolve();
  return (...args) => {
    last = last.then(() => run(...args));
    return last;
  };
}
