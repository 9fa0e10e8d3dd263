// The folder of this user's gateway ($SLUICE_HOME), and what to do where it cannot be used.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findHome } from '../config/load.ts';
import { type CliContext, CommandFailure } from './command.ts';
import { codeOf, messageOf } from '../model/thrown.ts';

const MENDS: Readonly<Record<string, string>> = {
  EACCES: 'run as its owner, or choose another folder with SLUICE_HOME',
  EPERM: 'run as its owner, or choose another folder with SLUICE_HOME',
  EDQUOT: 'free some space there, or choose another folder with SLUICE_HOME',
  ENOSPC: 'free some space there, or choose another folder with SLUICE_HOME',
  EROFS: 'its file system is read-only: choose another folder with SLUICE_HOME',
  EEXIST: 'a file is in the place of a folder: move it away, or choose another folder with SLUICE_HOME',
  ENOTDIR: 'a file is in the place of a folder: move it away, or choose another folder with SLUICE_HOME',
};
const OTHER_MEND = 'check what is there, or choose another folder with SLUICE_HOME';

/** Runs `act` on `path`, which lies in the folder. Throws CommandFailure where the system refuses. */
export function usingHome<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    const code = codeOf(cause);
    if (code === undefined) throw cause;
    const remedy = MENDS[code] ?? OTHER_MEND;
    throw new CommandFailure(`${path} cannot be used (${messageOf(cause)}); ${remedy}`, { cause });
  }
}

/** In bytes, what a gateway needs to start: its pid file, that file's lock, and the beginnings of the log and of the ledger. */
const ROOM_TO_START = 64 * 1024;

/** Throws CommandFailure where a gateway that starts could not write to the folder. */
export function requireRoomToStart(environment: CliContext['environment']): void {
  const path = join(findReadableHome(environment), `.room-${process.pid}.tmp`);
  usingHome(path, () => {
    try {
      writeFileSync(path, Buffer.alloc(ROOM_TO_START), { mode: 0o600 });
    } finally {
      rmSync(path, { force: true });
    }
  });
}

/**
 * The folder, which need not exist. Throws CommandFailure where it exists but this user may not read it: a file that
 * cannot be seen may still exist.
 */
export function findReadableHome(environment: CliContext['environment']): string {
  const home = findHome(environment);
  usingHome(home, () => {
    try {
      readdirSync(home);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  });
  return home;
}
