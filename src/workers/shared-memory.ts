// Memory that several processes share: an unlinked file that each of them maps, and that is gone with the last of them. The first access to
// a page for which the file system has no room ends the process (SIGBUS), so only reserved pages are touched. Reserving means writing
// zeros, which takes the space for good or fails with an error.
import { closeSync, existsSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../model/thrown.ts';

/** The first is a file system in memory; if it is missing or full, the disk's cache must do. */
const PLACES: readonly string[] = ['/dev/shm', tmpdir()];

export interface SharedMemory {
  bytes: Uint8Array;
  /** To be given to a child, which maps it with `openSharedMemory`. */
  descriptor: number;
  /** Closes the descriptor; the children's mappings stay. */
  close(): void;
}

export interface OpenedMemory {
  bytes: Uint8Array;
  /** Makes `length` bytes from `from` zero and safe to touch. Throws if there is no room for them. */
  reserve(from: number, length: number): void;
}

/** There is no room anywhere; the message says what to do. */
export class NoSharedMemory extends Error {
  override readonly name = 'NoSharedMemory';
}

/** All zero. @param reserved bytes at its beginning that may be touched at once. Throws NoSharedMemory. */
export function createSharedMemory(length: number, reserved = length, places = PLACES): SharedMemory {
  const failures: string[] = [];
  for (const directory of places) {
    if (!existsSync(directory)) continue;
    try {
      return createIn(directory, length, reserved);
    } catch (error) {
      failures.push(`${directory}: ${messageOf(error)}`);
    }
  }
  throw new NoSharedMemory(
    `no room for ${Math.ceil(reserved / 1024)} KB that the worker processes share (${failures.join('; ')}): free some, ` +
      'give containers more (docker run --shm-size), or serve with --workers 1, which needs none',
  );
}

function createIn(directory: string, length: number, reserved: number): SharedMemory {
  const path = join(directory, `sluice-${process.pid}-${crypto.randomUUID()}`);
  const descriptor = openSync(path, 'wx+', 0o600);
  try {
    writeZeros(descriptor, 0, reserved);
    ftruncateSync(descriptor, length);
    return { bytes: Bun.mmap(path, { shared: true }), descriptor, close: () => closeSync(descriptor) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  } finally {
    unlinkSync(path);
  }
}

/** @param descriptor in this process, inherited from the one that created it. */
export function openSharedMemory(descriptor: number): OpenedMemory {
  return {
    bytes: Bun.mmap(`/dev/fd/${descriptor}`, { shared: true }),
    reserve: (from, length) => writeZeros(descriptor, from, length),
  };
}

function writeZeros(descriptor: number, from: number, length: number): void {
  const written = writeSync(descriptor, new Uint8Array(length), 0, length, from);
  if (written < length) throw new Error(`only ${written} of ${length} bytes had room`);
}
