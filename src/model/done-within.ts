// Waits for something, but no longer than a given time.

/** Resolves after `ms` at the latest, with whether `work` is done by then; rejects if it fails before. */
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
