// Waits until streams flow.
import type { Contender } from '../contender.ts';
import type { LoadProcess } from '../measure.ts';

const POLL_MS = 50;
const TIMEOUT_MS = 30_000;

/** Resolves when so many answers have begun. */
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
