// The counters of rate limits, in memory that all workers share: a table of fixed size, indexed by a hash of the name. Nothing here locks
// or waits, since a worker may be killed at any point.
import type { Counter, Counters } from '../limits/counters.ts';
import { MOST_COUNTERS } from '../limits/counters.ts';

/** How many places a name may take, beginning with the one that its hash says. */
const PROBES = 64;

const SEED_BYTES = BigUint64Array.BYTES_PER_ELEMENT;
const KEYS_BYTES = MOST_COUNTERS * BigInt64Array.BYTES_PER_ELEMENT;
const TIMES_BYTES = MOST_COUNTERS * Float64Array.BYTES_PER_ELEMENT;
const RUNNING_START = SEED_BYTES + KEYS_BYTES + TIMES_BYTES;
const NOBODY = 0n;

/** Bytes needed for this many workers. */
export function countersBytes(workers: number): number {
  return RUNNING_START + workers * MOST_COUNTERS * Int32Array.BYTES_PER_ELEMENT;
}

/**
 * Makes the places of names unpredictable, before any worker uses the memory: clients choose names, and could otherwise choose some that
 * occupy all places within reach of another name.
 */
export function seedCounters(memory: Uint8Array): void {
  crypto.getRandomValues(memory.subarray(0, SEED_BYTES));
}

/**
 * @param memory shared by all, zero at first or seeded; `countersBytes` long, at a multiple of 8. @param worker the one whose requests are
 * counted here. @param now as in `Counters`.
 */
export function createSharedCounters(
  memory: Uint8Array,
  workers: number,
  worker: number,
  now: () => number,
): Counters {
  const { buffer, byteOffset } = memory;
  const [seed = 0n] = new BigUint64Array(buffer, byteOffset, 1);
  const keys = new BigInt64Array(buffer, byteOffset + SEED_BYTES, MOST_COUNTERS);
  const times = new BigInt64Array(buffer, byteOffset + SEED_BYTES + KEYS_BYTES, MOST_COUNTERS);
  const running = new Int32Array(buffer, byteOffset + RUNNING_START, workers * MOST_COUNTERS);
  const bits = new BigInt64Array(1);
  const time = new Float64Array(bits.buffer);

  function toBits(value: number): bigint {
    time[0] = value;
    return bits[0] ?? 0n;
  }

  function toTime(value: bigint): number {
    bits[0] = value;
    return time[0] ?? 0;
  }

  function countRunning(place: number): number {
    let sum = 0;
    for (let row = 0; row < workers; row++) sum += Atomics.load(running, row * MOST_COUNTERS + place);
    return sum;
  }

  function counterAt(place: number): Counter {
    const own = worker * MOST_COUNTERS + place;
    return {
      freeAt: () => toTime(Atomics.load(times, place)),
      setFreeAt(expected, next) {
        const before = toBits(expected);
        return Atomics.compareExchange(times, place, before, toBits(next)) === before;
      },
      running: () => countRunning(place),
      begin: () => void Atomics.add(running, own, 1),
      end: () => void Atomics.sub(running, own, 1),
    };
  }

  function isIdle(place: number): boolean {
    return toTime(Atomics.load(times, place)) <= now() && countRunning(place) === 0;
  }

  /** @returns null if no place within reach has this key. */
  function find(key: bigint): number | null {
    const first = firstPlace(key);
    for (let probe = 0; probe < PROBES; probe++) {
      const place = (first + probe) % MOST_COUNTERS;
      const found = Atomics.load(keys, place);
      if (found === key) return place;
      // A place that was once taken is never free again, and a name takes the first place that it can.
      if (found === NOBODY) return null;
    }
    return null;
  }

  /**
   * Takes a place that is free, or whose counter has nothing in use, which is the state of a new one too. Of two processes that want the
   * same place, one gets it. Two that take different places for one name at the same moment count separately until the later place is idle;
   * one that is about to count where another name moves in counts for that name.
   *
   * @param inUse places in which other names of the same request are about to be counted.
   */
  function claim(key: bigint, inUse: readonly number[]): number | null {
    const first = firstPlace(key);
    for (let probe = 0; probe < PROBES; probe++) {
      const place = (first + probe) % MOST_COUNTERS;
      if (inUse.includes(place)) continue;
      const before = Atomics.load(keys, place);
      if (before !== NOBODY && !isIdle(place)) continue;
      if (Atomics.compareExchange(keys, place, before, key) === before) return find(key) ?? place;
      if (Atomics.load(keys, place) === key) return place;
    }
    return null;
  }

  return {
    now,
    get(names) {
      const inUse: number[] = [];
      return names.map((name) => {
        const key = keyOf(name, seed);
        const place = find(key) ?? claim(key, inUse);
        if (place === null) return null;
        inUse.push(place);
        return counterAt(place);
      });
    },
    peek(name) {
      const place = find(keyOf(name, seed));
      return place === null ? null : counterAt(place);
    },
  };
}

/** Ends the requests of a worker that died. */
export function clearCounters(memory: Uint8Array, workers: number, worker: number): void {
  const running = new Int32Array(memory.buffer, memory.byteOffset + RUNNING_START, workers * MOST_COUNTERS);
  for (let cell = worker * MOST_COUNTERS; cell < (worker + 1) * MOST_COUNTERS; cell++)
    Atomics.store(running, cell, 0);
}

/** 64 bits tell names apart; 0 marks a free place. */
function keyOf(name: string, seed: bigint): bigint {
  const hash = BigInt.asIntN(64, BigInt(Bun.hash(name, seed)));
  return hash === NOBODY ? 1n : hash;
}

function firstPlace(key: bigint): number {
  return Number(BigInt.asUintN(32, key)) % MOST_COUNTERS;
}
