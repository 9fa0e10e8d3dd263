// Where a worker leaves packets of rows for its primary, in memory that both have: over the pipe each of them pays as much
// for a row as for packing it.
import { compactInto, compactLength } from '../ledger/rows/row-packets.ts';
import { JOURNAL_BYTES } from './journal.ts';
import type { OpenedMemory } from './shared-memory.ts';

/** What does not fit goes over the pipe. */
const ROOM_BYTES = 2 * 1024 * 1024;
/** Memory is taken as rows are longer, and come faster. */
const STEP_BYTES = 256 * 1024;
/** A packet holds numbers. */
const ALIGNMENT = 8;

/** The journal, and behind it the room for packets. */
export const WORKER_MEMORY_BYTES = JOURNAL_BYTES + ROOM_BYTES;

/** Of a packet, in the worker's memory. */
export interface PacketPlace {
  start: number;
  length: number;
}

export interface PacketRoom {
  /** A compact copy of a packet. Null: there is no room left. */
  put(packet: SharedArrayBuffer): PacketPlace | null;
  /** Whoever read them is done with all that were put. */
  clear(): void;
}

export function createPacketRoom({ bytes, reserve }: OpenedMemory): PacketRoom {
  let used = 0;
  let reserved = 0;

  function hasRoom(end: number): boolean {
    if (end > ROOM_BYTES) return false;
    if (end <= reserved) return true;
    const wanted = Math.min(ROOM_BYTES, Math.ceil(end / STEP_BYTES) * STEP_BYTES);
    try {
      reserve(JOURNAL_BYTES + reserved, wanted - reserved);
      reserved = wanted;
      return true;
    } catch {
      // The pipe takes them as well.
      return false;
    }
  }

  return {
    put(packet) {
      const length = compactLength(packet);
      if (!hasRoom(used + length)) return null;
      const start = JOURNAL_BYTES + used;
      compactInto(packet, bytes.subarray(start, start + length));
      used = Math.ceil((used + length) / ALIGNMENT) * ALIGNMENT;
      return { start, length };
    },
    clear() {
      used = 0;
    },
  };
}

/** The compact packet itself. @param memory of the worker that put it. */
export function packetAt(memory: Uint8Array, { start, length }: PacketPlace): Uint8Array {
  return memory.subarray(start, start + length);
}
