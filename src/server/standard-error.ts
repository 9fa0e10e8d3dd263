// Writes lines to standard error, whole and immediately, and counts those that it does not take, for instance on a full disk. Never waits
// for the reader of a pipe or a socket: lines wait in memory meanwhile.
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { LogState } from '../model/log-state.ts';
import { openCLibrary } from './c-library.ts';
import { isTerminal } from './is-terminal.ts';
import { codeOf, messageOf } from '../model/thrown.ts';

const STANDARD_ERROR = 2;
/** Time between two attempts to write again if no line comes, in milliseconds. */
const RETRY_MS = 1_000;
/** How many bytes may wait for a slow reader; further lines are lost. */
const MOST_WAITING = 1024 * 1024;
/** Time between two checks whether there is room for what waits, in milliseconds. */
const LOOK_MS = 20;
/** How many bytes a socket takes without waiting if it says that it has room: three quarters of its 200 KB are free then. */
const AT_ONCE = 32 * 1024;
/** How long what still waits may take when the process ends, in milliseconds. */
const LAST_MS = 1_000;

const MENDS: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space on its disk',
  EDQUOT: 'free some space on its disk',
  EFBIG: 'rotate the file, or raise the limit (ulimit -f)',
  EPIPE: 'nobody reads it any more: restart the gateway with its log going elsewhere',
};
const OTHER_MEND = 'check where it goes';
const UNREAD =
  'standard error is not read: its pipe and the memory for what waits are full; see why the program that reads this log has stopped';

/** How many consecutive lines were lost, and why. */
export type ReportLost = (lines: number, reason: string) => void;

/** The lines of one file descriptor. The state covers the time since the process started. */
class LineWriter {
  private readonly given: number;
  /** Null until the first line. */
  private used: Outlet | null = null;
  private report: ReportLost | null = null;
  private isReporting = false;
  private dropped = 0;
  private reported = 0;
  private lastError: string | null = null;
  private retry: ReturnType<typeof setInterval> | undefined;
  /** Lines for which a pipe has no room yet, the first perhaps only in part. */
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private looking: ReturnType<typeof setInterval> | undefined;
  /** Whether the last line may have been cut off. */
  private isCut = false;
  private hasEnding = false;

  constructor(descriptor: number) {
    this.given = descriptor;
  }

  private get outlet(): Outlet {
    this.used ??= withoutWaiting(this.given);
    return this.used;
  }

  state(): LogState {
    return { ok: this.lastError === null, dropped: this.dropped, lastError: this.lastError };
  }

  /** @param report called before the first line that can be written again; has to write a line itself. */
  reportTo(report: ReportLost): void {
    this.report = report;
  }

  write(line: string): void {
    if (this.isReporting) {
      this.put(line);
      return;
    }
    if (!this.recovered() || !this.put(line)) this.dropped += 1;
  }

  /** Whether lines can be written, as far as is known. */
  private recovered(): boolean {
    if (this.lastError === null || this.report === null) return true;
    if (!this.hasRoom()) return false;
    this.isReporting = true;
    this.report(this.dropped - this.reported, this.lastError);
    this.isReporting = false;
    if (this.lastError !== null) return false;
    this.reported = this.dropped;
    return true;
  }

  /** Returns whether the system took the whole line, or will. */
  private put(line: string): boolean {
    // The last line may have been cut off, or be another process's, where several share the file.
    const bytes = new TextEncoder().encode(`${this.isCut ? '\n' : ''}${line}\n`);
    const rest = this.hasRoom() ? this.writeNow(bytes) : bytes;
    if (rest === null) return false;
    if (rest.length > 0 && !this.keep(rest)) {
      this.isCut ||= rest.length < bytes.length;
      return false;
    }
    this.works();
    return true;
  }

  /** Returns what the system did not take at once; null: it refuses. */
  private writeNow(bytes: Uint8Array): Uint8Array | null {
    const { descriptor, isReady, most } = this.outlet;
    let rest = bytes;
    try {
      while (rest.length > 0 && isReady())
        rest = rest.subarray(writeSync(descriptor, rest.subarray(0, most)));
    } catch (error) {
      const code = codeOf(error) ?? '';
      // Neither means that lines cannot be written: there is no room at the moment, or a terminal may be gone.
      if (isTerminal(descriptor)) {
        console.error(new TextDecoder().decode(rest.subarray(0, -1)));
        return rest.subarray(rest.length);
      }
      if (code === 'EAGAIN') return rest;
      this.isCut = true;
      this.fails(`standard error cannot be written (${messageOf(error)}): ${MENDS[code] ?? OTHER_MEND}`);
      return null;
    }
    return rest;
  }

  /** Whether nothing waits any more. */
  private hasRoom(): boolean {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      const rest = this.writeNow(first);
      if (rest === null) this.giveUp();
      else if (rest.length === 0) this.waiting.shift();
      else this.waiting[0] = rest;
      if (rest === null) break;
      this.waitingBytes -= first.length - rest.length;
      if (rest.length > 0) return false;
    }
    clearInterval(this.looking);
    this.looking = undefined;
    return true;
  }

  /** What was refused will never be written; the lines that wait after it are lost with it. */
  private giveUp(): void {
    this.dropped += this.waiting.length;
    this.waiting = [];
    this.waitingBytes = 0;
  }

  /** Returns whether there is memory for the line until the reader continues. */
  private keep(bytes: Uint8Array): boolean {
    if (this.waitingBytes + bytes.length > MOST_WAITING) {
      this.fails(UNREAD);
      return false;
    }
    if (!this.hasEnding) {
      this.hasEnding = true;
      process.on('exit', () => this.hurry());
    }
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    this.looking ??= setInterval(() => this.hasRoom(), LOOK_MS).unref();
    return true;
  }

  private hurry(): void {
    const end = performance.now() + LAST_MS;
    while (!this.hasRoom() && performance.now() < end) Bun.sleepSync(LOOK_MS);
  }

  private fails(reason: string): void {
    this.lastError = reason;
    if (this.report !== null) this.retry ??= setInterval(() => this.recovered(), RETRY_MS).unref();
  }

  private works(): void {
    this.isCut = false;
    this.lastError = null;
    clearInterval(this.retry);
    this.retry = undefined;
  }
}

interface Outlet {
  descriptor: number;
  /** Whether writing now would not wait; also true if that cannot be known. */
  isReady(): boolean;
  /** How many bytes are written at once. Where several processes write to one file, only that keeps a line whole. */
  most: number;
}

/**
 * For a pipe, opens it again in a mode in which a full one is an error, since others who share the original must not notice. A socket, as
 * systemd and Node use, cannot be opened again, and is asked whether it has room.
 */
function withoutWaiting(descriptor: number): Outlet {
  const asGiven = { descriptor, isReady: () => true, most: Number.POSITIVE_INFINITY };
  if (process.platform !== 'linux') return asGiven;
  try {
    const file = fstatSync(descriptor);
    if (file.isSocket()) return { descriptor, isReady: loadReadiness(descriptor), most: AT_ONCE };
    if (!file.isFIFO()) return asGiven;
    const opened = openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
    return { ...asGiven, descriptor: opened };
  } catch {
    return asGiven;
  }
}

// https://man7.org/linux/man-pages/man2/poll.2.html: struct pollfd, in the order of the processors that the runtime has.
const POLLFD_BYTES = 8;
const EVENTS_AT = 4;
const POLLOUT = 4;

/** Throws if the C library is not found. What has failed also counts as ready: the write then says how. */
function loadReadiness(descriptor: number): () => boolean {
  const { poll } = openCLibrary({ poll: { args: ['ptr', 'u64', 'i32'], returns: 'i32' } });
  const asked = Buffer.alloc(POLLFD_BYTES);
  asked.writeInt32LE(descriptor);
  asked.writeInt16LE(POLLOUT, EVENTS_AT);
  return () => poll(asked, 1n, 0) !== 0;
}

const standardError = new LineWriter(STANDARD_ERROR);

/** Does not use `console`, which writes everything in red on a terminal, even good news, and hides failures. */
export const writeStandardError = (line: string): void => standardError.write(line);

/** What became of this process's lines so far. */
export const standardErrorState = (): LogState => standardError.state();

/** Sets who is told, once lines can be written again, that some were lost, and must then write a line that says so. */
export const reportLostLines = (report: ReportLost): void => standardError.reportTo(report);
