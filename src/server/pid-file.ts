// Which process serves in the background: a pid file, and beside it a lock that ends with its process. The pid by itself may belong to
// another program by now, but a lock that is held cannot be stale.
import { Database, SQLiteError } from 'bun:sqlite';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, messageOf } from '../model/thrown.ts';

/** Set for `sluice serve`: the pid file that it is to claim. */
export const PID_FILE_VARIABLE = 'SLUICE_PID_FILE';

export interface RunningServer {
  pid: number;
  /** `http://HOST:PORT`, or `https://`. */
  url: string;
  /** The configuration file with which it was started; null if there was none. */
  config: string | null;
  /** The values of `--host`, `--port` and `--workers`; left out if they were not given. */
  host?: string;
  port?: number;
  workers?: number | 'all';
  /** Where it was started, since the `.env` there is part of its settings. Left out by earlier releases. */
  directory?: string;
  /** What `identifyProgram` said at the start. Left out by earlier releases. */
  program?: string;
  /** Unix milliseconds. */
  startedAt: number;
}

/** The message says who holds the file, or why it cannot be written. */
export class PidFileError extends Error {
  override readonly name = 'PidFileError';
}

export interface PidFile {
  write(server: RunningServer): void;
  /** Removes the file and releases the lock. */
  release(): void;
}

/** How long a claim waits for processes that only read, in milliseconds. */
const LOOKING_MS = 1_000;

const lockOf = (path: string) => `${path}.lock`;

/**
 * Takes the pid file for the life of this process. Throws PidFileError, also if it could not be written later.
 *
 * @param waitMs how long to wait for another process that holds it; this thread does nothing else meanwhile.
 */
export function claimPidFile(path: string, waitMs = LOOKING_MS): PidFile {
  const lock = openLock(path);
  lock.run(`PRAGMA busy_timeout = ${waitMs}`);
  try {
    lock.run('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if (!isBusy(cause)) throw unwritable(lockOf(path), cause);
    throw new PidFileError(`${path} belongs to a running gateway; "sluice daemon status" shows it`, {
      cause,
    });
  }
  // With the pid on a line of its own, for scripts, and before anything is served: a process that cannot be found cannot be stopped.
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, `${process.pid}\n`, { mode: 0o600 });
    renameSync(draft, path);
  } catch (cause) {
    rmSync(draft, { force: true });
    lock.close();
    throw unwritable(path, cause);
  }
  return {
    write({ pid, ...details }) {
      try {
        // Overwrites the file in the space that it already has on the disk, since the ledger may have taken the rest.
        const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
        writeFileSync(descriptor, `${pid}\n${JSON.stringify(details)}\n`);
        closeSync(descriptor);
      } catch (cause) {
        throw unwritable(path, cause);
      }
    },
    release() {
      try {
        rmSync(path, { force: true });
      } catch {
        // The disk may have failed and be read-only now; without the lock, what remains is stale.
      } finally {
        lock.close();
      }
    },
  };
}

/** Earlier releases let everyone read it, and whoever can read it can lock it. */
function makePrivate(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch {
    // It is another user's, or its file system has no modes.
  }
}

function openLock(path: string): Database {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // One that exists is not opened, since closing a file releases all locks that this process has on it.
    if (existsSync(lockOf(path))) makePrivate(lockOf(path));
    else writeFileSync(lockOf(path), '', { mode: 0o600, flag: 'a' });
    return new Database(lockOf(path), { create: true });
  } catch (cause) {
    throw unwritable(lockOf(path), cause);
  }
}

const NO_ROOM = ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'];

function unwritable(path: string, cause: unknown): PidFileError {
  const reason = messageOf(cause);
  const remedy = NO_ROOM.includes(codeOf(cause) ?? '') ? 'free some space there' : 'check its permissions';
  return new PidFileError(
    `${path} cannot be written (${reason}); ${remedy}, or name another folder with SLUICE_HOME`,
    { cause },
  );
}

/** `stale`: the file exists, but no process runs. `starting`: a process runs, but has not written its address yet. */
export type PidFileState =
  | { is: 'running'; server: RunningServer }
  | { is: 'starting' | 'stale' | 'absent'; server?: undefined };

export function readPidFile(path: string): PidFileState {
  const held = isHeld(lockOf(path));
  const server = parsePidFile(path);
  if (held) return server === undefined ? { is: 'starting' } : { is: 'running', server };
  return { is: existsSync(path) ? 'stale' : 'absent' };
}

export function removeStale(path: string): void {
  rmSync(path, { force: true });
}

function isHeld(path: string): boolean {
  let lock: Database;
  try {
    lock = new Database(path, { readwrite: true, create: false });
  } catch {
    // No lock was ever taken here.
    return false;
  }
  try {
    lock.run('PRAGMA busy_timeout = 0');
    // A shared lock: processes that look at the same time must not take each other for the server.
    lock.query('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    // If anything else is wrong, as on a file system without locks, the next claim says so.
    return isBusy(error);
  } finally {
    lock.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && error.code === 'SQLITE_BUSY';
}

function parsePidFile(path: string): RunningServer | undefined {
  try {
    const [pid, details] = readFileSync(path, 'utf8').split('\n');
    const recorded = JSON.parse(details ?? '') as Omit<RunningServer, 'pid'>;
    return { ...recorded, pid: Number(pid) };
  } catch {
    // Missing, or not written by Sluice.
    return undefined;
  }
}
