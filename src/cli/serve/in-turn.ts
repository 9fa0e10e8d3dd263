// Runs that may be asked for while one is going on: each begins when the one before has ended.

/** Returns what is settled as the run that was asked for; one that failed holds up nobody else. */
export function inTurn<Args extends unknown[]>(
  run: (...args: Args) => Promise<void>,
): (...args: Args) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (...args) => {
    const turn = last.then(() => run(...args));
    last = turn.catch(() => {});
    return turn;
  };
}
