// A clock that a sleep moves on: simulated pauses take no real time and add up exactly.
import type { SimulatorDeps } from '../../src/simulator/index.ts';

export interface VirtualTime extends SimulatorDeps {
  /** Lengths of the sleeps so far, in milliseconds. */
  readonly slept: number[];
}

export function createVirtualTime(): VirtualTime {
  const start = Date.UTC(2025, 0, 1);
  let passed = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => start + passed,
    monotonic: () => passed,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      slept.push(ms);
      passed += ms;
    },
  };
}
