// How long a test waits at most: one limit for all, far above what a passing test needs.

/**
 * For a machine that is slow, or busy with other work; `npm test` gives it to every test, and files whose tests start
 * processes set it as their default, so that it also holds where one of them is run alone.
 */
export const TEST_TIMEOUT_MS = 180_000;

/** For one thing that a test waits for, so that it is reported, by name, before the test's own time is over. */
export const WAIT_TIMEOUT_MS = TEST_TIMEOUT_MS / 2;

/**
 * Resolves once `isSo`, which is asked again and again.
 * @param otherwise what the error says where it does not come to that; default: the condition.
 */
export async function eventually(
  isSo: () => boolean | Promise<boolean>,
  otherwise: () => string = () => `it does not come to that: ${isSo}`,
): Promise<void> {
  let isOver = false;
  const come = async () => {
    while (!isOver && !(await isSo())) await Bun.sleep(10);
  };
  await limited(come(), otherwise, eventually).finally(() => {
    isOver = true;
  });
}

/**
 * What becomes of the promise, or an error where that does not come in time.
 * @param otherwise what the error says.
 */
export function inTime<Value>(promise: Promise<Value>, otherwise: () => string): Promise<Value> {
  return limited(promise, otherwise, inTime);
}

/** Not one that a test has put in its place. */
const { setTimeout: setTimer, clearTimeout: clearTimer } = globalThis;

/** @param waiter called by the test: the error tells the place of that, which the stack of one made later does not know. */
function limited<Value>(
  promise: Promise<Value>,
  otherwise: () => string,
  waiter: (...given: never[]) => unknown,
): Promise<Value> {
  const error = new Error();
  Error.captureStackTrace(error, waiter);
  const late = Promise.withResolvers<never>();
  const timer = setTimer(() => {
    error.message = otherwise();
    late.reject(error);
  }, WAIT_TIMEOUT_MS);
  return Promise.race([promise, late.promise]).finally(() => clearTimer(timer));
}
