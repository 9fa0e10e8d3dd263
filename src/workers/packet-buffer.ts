// Where a worker leaves packets of rows for its primary, in shared memory: sending a row through the pipe costs each of the two as much as
// packing it.
import { compactInto, compactLength } from '../ledger/rows/row-packets.ts';
import { JOURNAL_BYTES } from './journal.ts';
import type { OpenedMemory } from './shared-memory.ts';

/** In bytes; packets that do not fit go through the pipe. */
const BUFFER_BYTES = 2 * 1024 * 1024;
/** How many bytes are reserved at a time; memory grows with the length and rate of rows. */
const STEP_BYTES = 256 * 1024;
/** In bytes, since a packet contains numbers. */
const ALIGNMENT = 8;

/** The journal, followed by the room for packets. */
export const WORKER_MEMORY_BYTES = JOURNAL_BYTES + BUFFER_BYTES;

/** A packet's place in the worker's memory, in bytes. */
export interface PacketPlace {
  start: number;
  length: number;
}

export interface PacketBuffer {
  /** Puts a compact copy of a packet there; null if there is no room left. */
  put(packet: SharedArrayBuffer): PacketPlace | null;
  /** To be called when the reader is done with all packets. */
  clear(): void;
}

export function createPacketBuffer({ bytes, reserve }: OpenedMemory): PacketBuffer {
  let used = 0;
  let reserved = 0;

  function hasRoom(end: number): boolean {
    if (end > BUFFER_BYTES) return false;
    if (end <= reserved) return true;
    const wanted = Math.min(BUFFER_BYTES, Math.ceil(end / STEP_BYTES) * STEP_BYTES);
    try {
      reserve(JOURNAL_BYTES + reserved, wanted - reserved);
      reserved = wanted;
      return true;
    } catch {
      // They go through the pipe instead.
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

/** The compact packet itself. @param memory of the worker that put it there. */
export function packetAt(memory: Uint8Array, { start, length }: PacketPlace): Uint8Array {
  return memory.subarray(start, start + length);
}
