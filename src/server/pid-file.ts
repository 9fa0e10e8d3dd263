// Which process serves in the background: a pid file, and beside it a lock that ends with its process. A pid alone
// can be another program's by now; a lock that somebody holds cannot be stale.
import { Database } from 'bun:sqlite';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RunningServer {
  pid: number;
  /** `http://HOST:PORT`. */
  url: string;
  /** The configuration file it began with; null where there was none. */
  config: string | null;
  /** Unix milliseconds. */
  startedAt: number;
}

/** The pid file is another running process's. */
export class PidFileHeld extends Error {
  override readonly name = 'PidFileHeld';
}

export interface PidFile {
  write(server: RunningServer): void;
  /** Removes the file and lets go of the lock. */
  release(): void;
}

/** How long a claim waits for those who only look. */
const LOOKING_MS = 1_000;

const lockOf = (path: string) => `${path}.lock`;

/** Takes the pid file for the life of this process. Throws PidFileHeld. */
export function claimPidFile(path: string): PidFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = new Database(lockOf(path), { create: true });
  lock.run(`PRAGMA busy_timeout = ${LOOKING_MS}`);
  try {
    lock.run('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new PidFileHeld(`${path} belongs to a gateway that runs`, { cause });
  }
  return {
    write(server) {
      const { pid, ...details } = server;
      const draft = `${path}.${pid}.tmp`;
      // The pid on a line of its own, for scripts.
      writeFileSync(draft, `${pid}\n${JSON.stringify(details)}\n`, { mode: 0o600 });
      renameSync(draft, path);
    },
    release() {
      rmSync(path, { force: true });
      lock.close();
    },
  };
}

/** `stale`: the file is there and nobody runs. `starting`: somebody runs and has not said where yet. */
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
    // A reader's lock: those who look at the same time do not take each other for the server.
    lock.query('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch {
    return true;
  } finally {
    lock.close();
  }
}

function parsePidFile(path: string): RunningServer | undefined {
  try {
    const [pid, details] = readFileSync(path, 'utf8').split('\n');
    const said = JSON.parse(details ?? '') as Omit<RunningServer, 'pid'>;
    return { ...said, pid: Number(pid) };
  } catch {
    // Absent, or not written by us.
    return undefined;
  }
}
