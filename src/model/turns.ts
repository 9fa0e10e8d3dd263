// Runs work in turn: each begins when the previous one has ended.

/** The returned promise settles as the given work does; work that fails does not stop what comes after it. */
type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

export function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
