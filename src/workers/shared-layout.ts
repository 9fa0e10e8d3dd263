// What lies where in the memory that the primary and all workers share.
import { loadTableBytes } from './load-table.ts';
import { countersBytes } from './shared-counters.ts';

/** Bytes needed for this many workers. */
export function sharedBytes(workers: number): number {
  return loadTableBytes(workers) + countersBytes(workers);
}

/** @param memory `sharedBytes` long, or longer. */
export function divideShared(
  memory: Uint8Array,
  workers: number,
): { load: Uint8Array; counters: Uint8Array } {
  const end = loadTableBytes(workers);
  return { load: memory.subarray(0, end), counters: memory.subarray(end, end + countersBytes(workers)) };
}
