// A background process's log file: how large it may grow, and how it is rotated while lines are still written.
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { openCLibrary } from './c-library.ts';
import type { Log } from './log.ts';
import { messageOf } from '../model/thrown.ts';

/** Names the file to which standard output and error of the process and its children go. */
export const LOG_FILE_VARIABLE = 'SLUICE_LOG_FILE';

/** In bytes; may be exceeded until the next check. The rotated file takes as much again. */
const LARGEST_LOG = 10 * 1024 * 1024;
const LOOK_MS = 1_000;
/** Least time between two rotations: by then every process has noticed the first, and uses the new file. */
const SHORTEST_MS = 5_000;
const STANDARD_OUTPUTS = [1, 2];

/** The file with the lines before those in `path`. */
export const rotatedLog = (path: string): string => `${path}.1`;

export function isFullLog(path: string, largest = LARGEST_LOG): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > largest;
}

/** Replaces the file that was rotated before. */
export function rotateLog(path: string): void {
  renameSync(path, rotatedLog(path));
}

export interface LogFileOptions {
  path: string;
  /** Whether this process rotates the file; those that share it notice. */
  putsAside: boolean;
  log: Log;
  largest?: number;
  lookMs?: number;
  shortestMs?: number;
}

/**
 * Keeps standard output and error going to the file of that name, whichever process rotates it. The descriptors themselves are redirected
 * to the new file, so that a crash's last words and the output of users' modules get there too; until then lines go to the old one, and
 * none is lost.
 */
export function keepLogFile(options: LogFileOptions): void {
  const { path, putsAside, log, largest, lookMs = LOOK_MS, shortestMs = SHORTEST_MS } = options;
  let lead: LeadDescriptor | undefined;
  let asideAt = Number.NEGATIVE_INFINITY;
  let reported = '';
  const look = () => {
    const now = performance.now();
    if (putsAside && now - asideAt >= shortestMs && isFullLog(path, largest)) {
      // Loaded first: if that fails, the file would otherwise go on growing under its new name.
      lead ??= loadLeadDescriptor();
      rotateLog(path);
      asideAt = now;
    }
    const strays = STANDARD_OUTPUTS.filter((descriptor) => isStray(descriptor, path));
    if (strays.length === 0) return;
    lead ??= loadLeadDescriptor();
    leadTo(path, strays, lead);
  };
  const timer = setInterval(() => {
    try {
      look();
      reported = '';
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== reported)
        log('error', 'the log file cannot be written or rotated', {
          file: path,
          error,
        });
      reported = reason;
    }
  }, lookMs);
  timer.unref();
}

/** Whether the descriptor is open on a file other than the one that has this name now. */
function isStray(descriptor: number, path: string): boolean {
  const open = fstatSync(descriptor);
  const named = statSync(path, { throwIfNoEntry: false });
  return open.isFile() && (named?.ino !== open.ino || named.dev !== open.dev);
}

function leadTo(path: string, descriptors: readonly number[], lead: LeadDescriptor): void {
  // Its folder may have been deleted.
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const opened = openSync(path, 'a', 0o600);
  try {
    for (const descriptor of descriptors) lead(opened, descriptor);
  } finally {
    closeSync(opened);
  }
}

/** Makes the second descriptor refer to the first one's file. Throws if the system refuses. */
type LeadDescriptor = (from: number, to: number) => void;

/** The runtime does not offer dup2(2). Throws if the C library is not found. */
function loadLeadDescriptor(): LeadDescriptor {
  const { dup2 } = openCLibrary({ dup2: { args: ['i32', 'i32'], returns: 'i32' } });
  return (from, to) => {
    if (dup2(from, to) !== to) throw new Error(`descriptor ${to} cannot be redirected to another file`);
  };
}
