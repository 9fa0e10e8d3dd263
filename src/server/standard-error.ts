// Writes lines to standard error, whole and immediately, and counts those that it does not take, as on a full disk.
import { writeSync } from 'node:fs';
import type { LogState } from '../model/log-state.ts';
import { isTerminal } from './is-terminal.ts';
import { messageOf } from '../model/thrown.ts';

const STANDARD_ERROR = 2;
/** Between two attempts to write again, where no line comes. */
const RETRY_MS = 1_000;

const MENDS: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space on its disk',
  EDQUOT: 'free some space on its disk',
  EFBIG: 'rotate the file, or raise the limit (ulimit -f)',
  EPIPE: 'nobody reads it any more: restart the gateway with its log going elsewhere',
};
const OTHER_MEND = 'check where it goes';

/** How many lines were lost on end, and why. */
export type ReportLost = (lines: number, reason: string) => void;

/** A file descriptor's lines. The state covers the time since the process started. */
class LineWriter {
  private readonly descriptor: number;
  private report: ReportLost | null = null;
  private isReporting = false;
  private dropped = 0;
  private reported = 0;
  private lastError: string | null = null;
  private retry: ReturnType<typeof setInterval> | undefined;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
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
    this.isReporting = true;
    this.report(this.dropped - this.reported, this.lastError);
    this.isReporting = false;
    if (this.lastError !== null) return false;
    this.reported = this.dropped;
    return true;
  }

  /** Whether the system took all of the line. */
  private put(line: string): boolean {
    // The last one may have been cut, or another process's, where several share the file.
    const begin = this.lastError === null ? '' : '\n';
    let rest = new TextEncoder().encode(`${begin}${line}\n`);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.descriptor, rest));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      // Neither says that lines cannot be written: the runtime waits for a full pipe, and a terminal may be gone.
      if (code === 'EAGAIN' || isTerminal(this.descriptor)) {
        console.error(new TextDecoder().decode(rest.subarray(0, -1)));
        return true;
      }
      const reason = messageOf(error);
      this.lastError = `standard error cannot be written (${reason}): ${MENDS[code] ?? OTHER_MEND}`;
      if (this.report !== null) this.retry ??= setInterval(() => this.recovered(), RETRY_MS).unref();
      return false;
    }
    this.lastError = null;
    clearInterval(this.retry);
    this.retry = undefined;
    return true;
  }
}

const standardError = new LineWriter(STANDARD_ERROR);

/** Without `console`, which writes everything in red on a terminal, good news too, and keeps failures to itself. */
export const writeStandardError = (line: string): void => standardError.write(line);

/** What became of this process's lines so far. */
export const standardErrorState = (): LogState => standardError.state();

/** Sets who is told that lines were lost, once they can be written again: it has to write a line that says so. */
export const reportLostLines = (report: ReportLost): void => standardError.reportTo(report);
