// Waits for something, but no longer than a given time.

/** Resolves after `ms` at the latest, to whether `work` has been done by then; rejects where that fails in time. */
export function isDoneWithin(
  work: Promise<unknown>,
  ms: number,
  setTimer: (callback: () => void, ms: number) => () => void,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = setTimer(() => resolve(false), ms);
    work.then(() => resolve(true), reject).finally(cancel);
  });
}
