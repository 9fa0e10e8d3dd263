// What lies where in the memory that the primary and all workers share.
import { boardBytes } from './board.ts';
import { countersBytes } from './shared-counters.ts';

/** Bytes needed for this many workers. */
export function sharedBytes(workers: number): number {
  return boardBytes(workers) + countersBytes(workers);
}

/** @param memory `sharedBytes` long, or longer. */
export function divideShared(
  memory: Uint8Array,
  workers: number,
): { board: Uint8Array; counters: Uint8Array } {
  const end = boardBytes(workers);
  return { board: memory.subarray(0, end), counters: memory.subarray(end, end + countersBytes(workers)) };
}
