// Runs that may be asked for while one is going on: each begins when the one before has ended.

/** @param run must not reject. */
export function inTurn(run: () => Promise<void>): () => void {
  let last = Promise.resolve();
  return () => {
    last = last.then(run);
  };
}
