// What rate limits count with: one counter for each limit, or for each name that has a limit to itself.

/**
 * The state of one limit. For requests and tokens it is a single number: the time at which nothing of the allowance will be in use any
 * more, which each use moves further into the future (a token bucket, in the form of GCRA).
 * https://www.itu.int/rec/T-REC-I.371 annex A
 */
export interface Counter {
  /** By the clock of the counters; in the past if nothing is in use. */
  freeAt(): number;
  /** Returns false, without a change, if the value is not `expected` any more, since another process was faster. */
  setFreeAt(expected: number, next: number): boolean;
  /** How many requests run at this moment, in all processes. */
  running(): number;
  begin(): void;
  /** Ends one that this process began. */
  end(): void;
}

export interface Counters {
  /** Milliseconds that never jump, the same in all processes. */
  now(): number;
  /**
   * The counters of these names, which must all differ, to be used at once: one in which nothing is in use may make room for another name
   * at the next call. Null for a name for which there is no room.
   */
  get(names: readonly string[]): (Counter | null)[];
  /** The counter of one name, for reading; null also if nothing is counted under it. */
  peek(name: string): Counter | null;
}

/** Bounded, since clients choose names. Counters in which nothing is in use make room for others. */
export const MOST_COUNTERS = 4_096;

/** Least time between two searches for counters to remove, while there are more names than fit. */
const SWEEP_MS = 1_000;

export class LocalCounter implements Counter {
  private at = 0;
  private count = 0;

  freeAt(): number {
    return this.at;
  }

  setFreeAt(_expected: number, next: number): boolean {
    this.at = next;
    return true;
  }

  running(): number {
    return this.count;
  }

  begin(): void {
    this.count += 1;
  }

  end(): void {
    this.count -= 1;
  }
}

/** For a gateway that consists of one process. */
export function createLocalCounters(now: () => number): Counters {
  const counters = new Map<string, LocalCounter>();
  let sweptAt = Number.NEGATIVE_INFINITY;

  function counterOf(name: string): Counter | null {
    const known = counters.get(name);
    if (known !== undefined || counters.size >= MOST_COUNTERS) return known ?? null;
    const counter = new LocalCounter();
    counters.set(name, counter);
    return counter;
  }

  function sweep(): void {
    if (now() - sweptAt < SWEEP_MS) return;
    sweptAt = now();
    for (const [name, counter] of counters)
      if (counter.running() === 0 && counter.freeAt() <= sweptAt) counters.delete(name);
  }

  return {
    now,
    get(names) {
      if (counters.size + names.length > MOST_COUNTERS) sweep();
      return names.map(counterOf);
    },
    peek: (name) => counters.get(name) ?? null,
  };
}
