// Memory that processes share, where there is room for it and where there is not: real file systems that are full.
import { describe, expect, test } from 'bun:test';
import { readdirSync, rmSync } from 'node:fs';
import { createSharedMemory, NoSharedMemory, openSharedMemory } from '../../src/workers/shared-memory.ts';
import { canMount, mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MEGABYTE = 2 ** 20;

function withDisk(megabytes: number, work: (disk: SmallDisk) => void): void {
  const disk = mountSmallDisk(megabytes);
  if (disk === null) throw new Error('no file system can be mounted any more');
  try {
    work(disk);
  } finally {
    disk.remove();
  }
}

test.skipIf(process.platform !== 'linux')('both ends see the same bytes, and no file is left', () => {
  const directory = temporaryFolder('shared');
  const memory = createSharedMemory(MEGABYTE, 4_096, [directory]);
  const opened = openSharedMemory(memory.descriptor);
  opened.reserve(8_192, 4_096);
  opened.bytes[8_192] = 7;
  expect([memory.bytes.length, memory.bytes[8_192], memory.bytes[0]]).toEqual([MEGABYTE, 7, 0]);
  expect(readdirSync(directory)).toEqual([]);
  memory.close();
  rmSync(directory, { recursive: true });
});

describe.skipIf(process.platform !== 'linux')('on a full file system', () => {
  if (canMount()) {
    test('the next place has to do', () =>
      withDisk(1, (disk) => {
        disk.fill(0);
        const other = temporaryFolder('shared');
        const memory = createSharedMemory(MEGABYTE, 65_536, [disk.directory, other]);
        memory.bytes.fill(1, 0, 65_536);
        memory.close();
        rmSync(other, { recursive: true });
      }));

    test('where there is no other, the error says what is wrong and what to do, and nothing is left', () =>
      withDisk(1, (disk) => {
        disk.fill(32_768);
        const create = () => createSharedMemory(MEGABYTE, 65_536, ['/no/such/place', disk.directory]);
        expect(create).toThrow(NoSharedMemory);
        expect(create).toThrow(/^no room for 64 KB .*(ENOSPC|only \d+ of \d+ bytes had room).*: free some/);
        expect(create).not.toThrow(/\n/);
        expect(readdirSync(disk.directory)).toEqual(['filler']);
      }));

    test('what finds no room later is refused instead of ending the process', () =>
      withDisk(1, (disk) => {
        const memory = createSharedMemory(MEGABYTE, 4_096, [disk.directory]);
        const { bytes, reserve } = openSharedMemory(memory.descriptor);
        disk.fill(0);
        expect(() => reserve(4_096, 65_536)).toThrow('ENOSPC');
        disk.free();
        reserve(4_096, 65_536);
        bytes.fill(1, 4_096, 4_096 + 65_536);
        memory.close();
      }));
  }
});
