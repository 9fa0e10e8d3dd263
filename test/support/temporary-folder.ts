// Folders for what tests write: a test removes its own, and what one could not remove goes with a later run.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const OURS = /^sluice-test-(\d+)-/;

removeOrphans();

/** @param name what it is for. */
export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `sluice-test-${process.pid}-${name}-`));
}

/** Those of processes that have ended: runs that were killed, and files of which only some tests, or none, were to run. */
export function removeOrphans(): void {
  for (const entry of readdirSync(tmpdir())) {
    const pid = OURS.exec(entry)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      rmSync(join(tmpdir(), entry), { recursive: true, force: true });
    } catch {
      // Another user's, or a disk that is still mounted there.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
