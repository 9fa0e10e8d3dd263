// Waits until streams have begun, and until there is something to count.
import type { Contender } from '../contender.ts';
import type { LoadCount } from '../load-client.ts';
import { failOn, type LoadProcess } from '../measure.ts';

const POLL_MS = 50;
const TIMEOUT_MS = 30_000;

/** Resolves when this many answers have begun. */
export async function untilBegun(load: LoadProcess, streams: number, contender: Contender): Promise<void> {
  const giveUp = performance.now() + TIMEOUT_MS;
  for (;;) {
    const { begun, failed } = await load.count();
    if (begun >= streams) return;
    if (failed > 0 || performance.now() > giveUp) {
      throw new Error(`${contender.name}: ${begun} of ${streams} streams opened, ${failed} failed`);
    }
    await Bun.sleep(POLL_MS);
  }
}

/** Counts after this many milliseconds, or when `isSome` holds: on a busy machine a short effort may see nothing. */
export async function countSome(
  load: LoadProcess,
  milliseconds: number,
  isSome: (count: LoadCount) => boolean,
  contender: Contender,
): Promise<LoadCount> {
  await Bun.sleep(milliseconds);
  const giveUp = performance.now() + TIMEOUT_MS;
  for (;;) {
    const count = await load.count();
    failOn(count, contender);
    if (isSome(count)) return count;
    if (performance.now() > giveUp) throw new Error(`${contender.name}: nothing came in ${TIMEOUT_MS} ms`);
    await Bun.sleep(POLL_MS);
  }
}
