// A pause that an abort ends at once, made from the host's timers.

/** `setTimer` calls back after `ms`; it returns how to cancel it. The pause rejects with the signal's reason. */
export function createSleep(
  setTimer: (callback: () => void, ms: number) => () => void,
): (ms: number, signal: AbortSignal) => Promise<void> {
  return (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = () => {
        cancel();
        reject(signal.reason);
      };
      const cancel = setTimer(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
    });
}
