// The end of a log file and what is appended to it later, even if it is rotated meanwhile.
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { rotatedLog } from '../../server/log-file.ts';

/** How much is read at a time. */
const CHUNK_BYTES = 1024 * 1024;
const LINE_FEED = 10;
/** In milliseconds, how long a rotated file may still get lines from processes that have not noticed the rotation. */
const LATE_MS = 3_000;

export interface LogTail {
  /** The `count` newest lines so far, completed from the older file where this one has fewer. */
  newest(count: number): string[];
  /** The lines that have been added since. */
  fresh(): string[];
  /** The text after the last line end. */
  unfinished(): string;
  close(): void;
}

/** Throws where there is no file at `path`. */
export function openLogTail(path: string): LogTail {
  let current = openFile(path);
  /** Files that were rotated while they were read, and may still get lines. */
  let aside: { file: LogFile; until: number }[] = [];

  const drain = (): string[] => {
    const now = performance.now();
    const lines = aside.flatMap(({ file, until }) => {
      const read = file.fresh();
      return now < until || file.unfinished() === '' ? read : [...read, file.unfinished()];
    });
    for (const { file, until } of aside) if (now >= until) file.close();
    aside = aside.filter(({ until }) => now < until);
    return lines;
  };

  return {
    newest(count) {
      const lines = current.newest(count);
      const older = rotatedLog(path);
      if (lines.length >= count || !existsSync(older)) return lines;
      const before = openFile(older);
      try {
        return [...before.newest(count - lines.length), ...lines];
      } finally {
        before.close();
      }
    },
    fresh() {
      const lines = [...drain(), ...current.fresh()];
      const named = statSync(path, { throwIfNoEntry: false });
      if (named === undefined || current.isAlso(named)) return lines;
      aside.push({ file: current, until: performance.now() + LATE_MS });
      current = openFile(path);
      return [...lines, ...drain(), ...current.fresh()];
    },
    unfinished: () => current.unfinished(),
    close() {
      for (const { file } of aside) file.close();
      current.close();
    },
  };
}

interface LogFile extends LogTail {
  isAlso(other: { ino: number; dev: number }): boolean;
}

function openFile(path: string): LogFile {
  const descriptor = openSync(path, 'r');
  const { ino, dev } = fstatSync(descriptor);
  let decoder = new TextDecoder();
  let at = 0;
  let rest = '';

  const read = (from: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, from));
  };

  const fresh = (): string[] => {
    const lines: string[] = [];
    const { size } = fstatSync(descriptor);
    if (size < at) {
      // The file was truncated, and the incomplete line with it.
      at = 0;
      decoder = new TextDecoder();
      rest = '';
    }
    while (at < size) {
      const bytes = read(at, Math.min(CHUNK_BYTES, size - at));
      if (bytes.length === 0) break;
      at += bytes.length;
      const [first = '', ...others] = decoder.decode(bytes, { stream: true }).split('\n');
      rest += first;
      for (const other of others) {
        lines.push(rest);
        rest = other;
      }
    }
    return lines;
  };

  /** Offset at which the last `count` lines begin. */
  const startOfLast = (count: number): number => {
    let missing = count + 1;
    for (let to = fstatSync(descriptor).size; to > 0; to -= CHUNK_BYTES) {
      const from = Math.max(0, to - CHUNK_BYTES);
      const bytes = read(from, to - from);
      for (
        let index = bytes.lastIndexOf(LINE_FEED);
        index >= 0;
        index = bytes.lastIndexOf(LINE_FEED, index - 1)
      ) {
        missing -= 1;
        if (missing === 0) return from + index + 1;
        if (index === 0) break;
      }
    }
    return 0;
  };

  return {
    newest(count) {
      at = startOfLast(count);
      decoder = new TextDecoder();
      rest = '';
      return fresh();
    },
    fresh,
    unfinished: () => rest,
    isAlso: (other) => other.ino === ino && other.dev === dev,
    close: () => closeSync(descriptor),
  };
}
