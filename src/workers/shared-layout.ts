// The layout of the memory that the primary and all workers share.
import { clearLoads, loadTableBytes } from './load-table.ts';
import { clearCounters, countersBytes, seedCounters } from './shared-counters.ts';
import { createSharedMemory, type SharedMemory } from './shared-memory.ts';

export interface WorkersMemory extends SharedMemory {
  /** Releases what a worker that is gone had in use. */
  releaseOf(worker: number): void;
}

/** As the primary makes it for this many workers. Throws NoSharedMemory. */
export function createWorkersMemory(workers: number): WorkersMemory {
  const memory = createSharedMemory(loadTableBytes(workers) + countersBytes(workers));
  const { load, counters } = divideShared(memory.bytes, workers);
  seedCounters(counters);
  return {
    ...memory,
    releaseOf(worker) {
      clearLoads(load, workers, worker);
      clearCounters(counters, workers, worker);
    },
  };
}

/** @param memory as `createWorkersMemory` has made it. */
export function divideShared(
  memory: Uint8Array,
  workers: number,
): { load: Uint8Array; counters: Uint8Array } {
  const end = loadTableBytes(workers);
  return { load: memory.subarray(0, end), counters: memory.subarray(end, end + countersBytes(workers)) };
}
