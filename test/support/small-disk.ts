// A disk that fills: a file system of its own in memory, where this user may mount one.
import { rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

export interface SmallDisk {
  directory: string;
  /** Leaves no more than so many bytes free, until `free`. */
  fill(left: number): void;
  free(): void;
  /** Takes so many bytes from what `fill` has put there; false where nothing is left of it. */
  freeSome(bytes: number): boolean;
  makeReadOnly(): void;
  remove(): void;
}

export function canMount(): boolean {
  const disk = mountSmallDisk(1);
  disk?.remove();
  return disk !== null;
}

/** Null where this user may not mount. */
export function mountSmallDisk(megabytes: number): SmallDisk | null {
  const directory = temporaryFolder('disk');
  const mounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory], {
    stderr: 'ignore',
  });
  if (mounted.exitCode !== 0) {
    rmSync(directory, { recursive: true });
    return null;
  }
  const filler = join(directory, 'filler');
  return {
    directory,
    fill(left) {
      const { bavail, bsize } = statfsSync(directory);
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - left)));
    },
    free: () => rmSync(filler, { force: true }),
    freeSome(bytes) {
      const { size } = statSync(filler);
      truncateSync(filler, Math.max(0, size - bytes));
      return size > bytes;
    },
    makeReadOnly() {
      Bun.spawnSync(['mount', '-o', 'remount,ro', directory]);
    },
    remove() {
      // Also while a test still has a file of it mapped.
      Bun.spawnSync(['umount', '-l', directory]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
