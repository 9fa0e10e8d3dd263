// Runs that may be requested while another is in progress: each begins when the previous one has ended.

/** The returned promise settles as the requested run does; a failed run does not hold up the next ones. */
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
