// Memory that all workers share: how many requests each has with each provider, how many wait for room, which worker tests whether a failed
// provider has recovered, and whether the log says that a provider fails. Each cell of the first three has one writer, so that only the row
// of a worker that died has to be corrected.
import type { SharedRoom } from '../upstream/peers.ts';

/** How many providers have a column; for any beyond these, each worker counts alone. */
const COLUMNS = 256;
/**
 * The numbers that a worker keeps for a provider. Each has its own part of the row, so that those that change with every request are not in
 * the same cache lines as those that others read with every request.
 */
const IN_FLIGHT = 0;
const WAITING = 1;
const PROBING = 2;
const FIELDS = 3;

const ROW_CELLS = COLUMNS * FIELDS;

/** Bytes needed for this many workers. */
export function loadTableBytes(workers: number): number {
  return cellsOf(workers) * Int32Array.BYTES_PER_ELEMENT;
}

/** After the workers' rows comes one for all, with what the log says of each provider. */
function cellsOf(workers: number): number {
  return workers * ROW_CELLS + COLUMNS;
}

const SAID_TO_WORK = 0;

/**
 * Depends on the address, since a provider may have several, or another one after a reload; that one works again ends what was said of any.
 */
function saidToFail(baseUrl: string): number {
  return Bun.hash.xxHash32(baseUrl) | 1;
}

export interface LoadTable {
  /** `column`: the provider's number, the same in every worker. */
  room(column: number): SharedRoom | undefined;
}

/** @param memory shared by all; `loadTableBytes` long. @param worker the one whose cells are written here. */
export function createLoadTable(memory: Uint8Array, workers: number, worker: number): LoadTable {
  const cells = new Int32Array(memory.buffer, memory.byteOffset, cellsOf(workers));
  const at = (row: number, column: number, field: number) => row * ROW_CELLS + field * COLUMNS + column;

  function others(column: number, field: number): number {
    let sum = 0;
    for (let row = 0; row < workers; row++) {
      if (row !== worker) sum += Atomics.load(cells, at(row, column, field));
    }
    return sum;
  }

  return {
    room(column) {
      if (column < 0 || column >= COLUMNS) return undefined;
      return {
        setInFlight: (count) => void Atomics.store(cells, at(worker, column, IN_FLIGHT), count),
        setWaiting: (count) => void Atomics.store(cells, at(worker, column, WAITING), count),
        othersInFlight: () => others(column, IN_FLIGHT),
        othersWaiting: () => others(column, WAITING),
        setProbing(isOn) {
          // Written before the others are read: of two that begin at once, at least one sees the other.
          Atomics.store(cells, at(worker, column, PROBING), isOn ? 1 : 0);
          return others(column, PROBING) > 0;
        },
        claimNews(baseUrl, isWell) {
          const said = isWell ? SAID_TO_WORK : saidToFail(baseUrl);
          return Atomics.exchange(cells, workers * ROW_CELLS + column, said) !== said;
        },
      };
    },
  };
}

/** Sets all numbers of a worker that died to zero. */
export function clearLoads(memory: Uint8Array, workers: number, worker: number): void {
  const cells = new Int32Array(memory.buffer, memory.byteOffset, workers * ROW_CELLS);
  for (let cell = worker * ROW_CELLS; cell < (worker + 1) * ROW_CELLS; cell++) Atomics.store(cells, cell, 0);
}
