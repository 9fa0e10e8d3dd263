// How long a test waits at most: one bound for all of them, which a test that passes does not come near.

/**
 * For a machine that is slow, or busy with other work; `npm test` gives it to every test, and files whose tests start
 * processes set it as their default, so that it also holds where one of them is run alone.
 */
export const TEST_TIMEOUT_MS = 180_000;

/** For one thing that a test waits for, so that it is reported before the test's own time is over. */
export const WAIT_TIMEOUT_MS = TEST_TIMEOUT_MS - 30_000;

/**
 * Resolves once `isSo`, which is asked again and again.
 * @param otherwise what the error says where it does not come to that; default: only that.
 */
export async function eventually(
  isSo: () => boolean | Promise<boolean>,
  otherwise: () => string = () => 'it does not come to that',
): Promise<void> {
  const deadline = performance.now() + WAIT_TIMEOUT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(otherwise());
    await Bun.sleep(10);
  }
}
