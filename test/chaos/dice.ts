// Random numbers from a seed: the same seed gives the same requests.

export interface Dice {
  /** 0 ≤ x < 1. */
  next(): number;
  pick<Value>(values: readonly [Value, ...Value[]]): Value;
  between(low: number, high: number): number;
}

/** mulberry32: short, and even enough to choose among questions. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    pick: ([first, ...rest]) => rest[Math.floor(next() * (rest.length + 1)) - 1] ?? first,
    between: (low, high) => low + next() * (high - low),
  };
}
