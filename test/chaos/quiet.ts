// Waits until a gateway without requests has finished all its work.
import type { SluiceProcess } from '../support/sluice-process.ts';

export interface Provider {
  name: string;
  breaker: string;
  in_flight: number;
}

/** For requests that were left, and for time limits that still run. */
const QUIET_WITHIN_MS = 10_000;

/** Nothing runs and nothing is held, within a time. */
export async function waitForQuiet(sluice: SluiceProcess): Promise<string[]> {
  const deadline = performance.now() + QUIET_WITHIN_MS;
  for (;;) {
    const { streams } = await sluice.get<{ streams: object[] }>('/gateway/streams');
    const { providers } = await sluice.get<{ providers: Provider[] }>('/gateway/providers');
    const held = providers.filter(({ in_flight }) => in_flight !== 0).map(({ name }) => name);
    if (streams.length === 0 && held.length === 0) return [];
    if (performance.now() > deadline) {
      return [
        `${streams.length} requests run that nobody asks any more; places held at: ${held.join(', ') || 'none'}`,
      ];
    }
    await Bun.sleep(50);
  }
}
