// Writes lines to standard error, whole and immediately, and counts those that it does not take, as on a full disk. Never waits
// for who reads a pipe or a socket: lines wait in memory meanwhile.
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { LogState } from '../model/log-state.ts';
import { openCLibrary } from './c-library.ts';
import { isTerminal } from './is-terminal.ts';
import { codeOf, messageOf } from '../model/thrown.ts';

const STANDARD_ERROR = 2;
/** Between two attempts to write again, where no line comes. */
const RETRY_MS = 1_000;
/** Bytes that wait for a reader who is behind; further lines are lost. */
const MOST_WAITING = 1024 * 1024;
/** Between two looks whether there is room for what waits. */
const LOOK_MS = 20;
/** Bytes that a socket takes without waiting where it says that it has room: three quarters of its 200 KB are free then. */
const AT_ONCE = 32 * 1024;
/** What still waits when the process ends has so long. */
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

/** How many lines were lost on end, and why. */
export type ReportLost = (lines: number, reason: string) => void;

/** A file descriptor's lines. The state covers the time since the process started. */
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
  /** Lines, the first perhaps in part, for which a pipe has no room yet. */
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private looking: ReturnType<typeof setInterval> | undefined;
  /** The last line may have ended before its end. */
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

  /** @param report is called before the first line that can be written again, and has to write one itself. */
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

  /** Whether the system took all of the line, or will. */
  private put(line: string): boolean {
    // The last one may have been cut, or another process's, where several share the file.
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

  /** What the system did not take at once; null: it refuses. */
  private writeNow(bytes: Uint8Array): Uint8Array | null {
    const { descriptor, isReady, most } = this.outlet;
    let rest = bytes;
    try {
      while (rest.length > 0 && isReady())
        rest = rest.subarray(writeSync(descriptor, rest.subarray(0, most)));
    } catch (error) {
      const code = codeOf(error) ?? '';
      // Neither says that lines cannot be written: there is no room at this moment, and a terminal may be gone.
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

  /** What is refused never goes: those that wait behind it are lost with it. */
  private giveUp(): void {
    this.dropped += this.waiting.length;
    this.waiting = [];
    this.waitingBytes = 0;
  }

  /** Whether there is memory for it until the reader goes on. */
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
  /** Whether to write now, since that would not wait; true also where it cannot be known beforehand. */
  isReady(): boolean;
  /** Bytes that are written at once. In a file a line stays whole only so, where several processes write to it. */
  most: number;
}

/**
 * Of a pipe another opening, for which a full one is an error: whoever shares the one that was given must not notice. A socket, as
 * systemd's and Node's are, cannot be opened again, and is asked whether it has room.
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

/** Throws where the C library is not found. Ready is also what has failed: the write then says how. */
function loadReadiness(descriptor: number): () => boolean {
  const { poll } = openCLibrary({ poll: { args: ['ptr', 'u64', 'i32'], returns: 'i32' } });
  const asked = Buffer.alloc(POLLFD_BYTES);
  asked.writeInt32LE(descriptor);
  asked.writeInt16LE(POLLOUT, EVENTS_AT);
  return () => poll(asked, 1n, 0) !== 0;
}

const standardError = new LineWriter(STANDARD_ERROR);

/** Without `console`, which writes everything in red on a terminal, good news too, and keeps failures to itself. */
export const writeStandardError = (line: string): void => standardError.write(line);

/** What became of this process's lines so far. */
export const standardErrorState = (): LogState => standardError.state();

/** Sets who is told that lines were lost, once they can be written again: it has to write a line that says so. */
export const reportLostLines = (report: ReportLost): void => standardError.reportTo(report);
