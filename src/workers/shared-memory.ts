// Memory that several processes see: a file without a name, mapped by each of them. It is gone with the last one.
import { closeSync, existsSync, ftruncateSync, openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Memory with a name of a file; elsewhere the disk's cache has to do. */
const MEMORY_FILES = '/dev/shm';

export interface SharedMemory {
  bytes: Uint8Array;
  /** To be handed to a child, which maps it with `openSharedMemory`. */
  descriptor: number;
  /** The children's mappings stay. */
  close(): void;
}

/** All zero. Throws where there is no place for it. */
export function createSharedMemory(length: number): SharedMemory {
  const directory = existsSync(MEMORY_FILES) ? MEMORY_FILES : tmpdir();
  const path = join(directory, `sluice-${process.pid}-${crypto.randomUUID()}`);
  const descriptor = openSync(path, 'wx+', 0o600);
  try {
    ftruncateSync(descriptor, length);
    return { bytes: Bun.mmap(path, { shared: true }), descriptor, close: () => closeSync(descriptor) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  } finally {
    unlinkSync(path);
  }
}

/** @param descriptor of this process, inherited from the one that created it. */
export function openSharedMemory(descriptor: number): Uint8Array {
  return Bun.mmap(`/dev/fd/${descriptor}`, { shared: true });
}
