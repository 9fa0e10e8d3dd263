// Many delays in little memory: counts in classes that are each 2 % wider than the one before.

/** In microseconds. */
export interface DelaySummary {
  count: number;
  p50: number;
  p99: number;
  highest: number;
  /** How many were longer than STALL_US. */
  stalls: number;
}

const STALL_US = 100_000;
const WIDTH = Math.log(1.02);
/** Up to three hours. */
const CLASSES = 1_200;

export interface Delays {
  add(microseconds: number): void;
  summary(): DelaySummary;
}

export function createDelays(): Delays {
  const counts = new Uint32Array(CLASSES);
  let count = 0;
  let highest = 0;
  let stalls = 0;

  function quantile(share: number): number {
    let left = count * share;
    for (let at = 0; at < CLASSES; at++) {
      left -= counts[at] ?? 0;
      if (left <= 0 && count > 0) return Math.exp(at * WIDTH);
    }
    return highest;
  }

  return {
    add(microseconds) {
      const at = Math.min(CLASSES - 1, Math.round(Math.log(Math.max(1, microseconds)) / WIDTH));
      counts[at] = (counts[at] ?? 0) + 1;
      count++;
      if (microseconds > highest) highest = microseconds;
      if (microseconds > STALL_US) stalls++;
    },
    summary: () => ({ count, p50: quantile(0.5), p99: quantile(0.99), highest, stalls }),
  };
}
