// The files of the spill: how they are named, whose they are, and what earlier processes left in them.
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, readFile, stat, truncate } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { codeOf, messageOf } from '../../model/thrown.ts';

export interface Segment {
  path: string;
  rows: number;
  bytes: number;
}

/** In bytes. A file is read whole, and a batch has rows of only one file. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** A number, and the id of the process that writes the file. */
const SEGMENT_NAME = /^(\d+)-(\d+)\.jsonl$/;

/** Appends to one file after the other. */
export interface SegmentWriter {
  /** Rejects where the disk does not take it; the file then ends with what was appended before. */
  append(text: Uint8Array, rows: number): Promise<void>;
  isWriting(segment: Segment): boolean;
  /** The next append begins a new file. */
  end(): Promise<void>;
}

export function createSegmentWriter(
  directory: string,
  { nextName, onBegin }: { nextName(): string; onBegin(segment: Segment): void },
): SegmentWriter {
  let writing: { handle: FileHandle; segment: Segment } | null = null;

  const begin = async (): Promise<{ handle: FileHandle; segment: Segment }> => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, nextName());
    const handle = await open(path, 'ax', 0o600);
    const segment = { path, rows: 0, bytes: 0 };
    onBegin(segment);
    return { handle, segment };
  };

  const end = async (): Promise<void> => {
    // Every row is already written, so nothing depends on closing.
    await writing?.handle.close().catch(() => undefined);
    writing = null;
  };

  return {
    async append(text, rows) {
      if (writing !== null && (writing.segment.bytes >= SEGMENT_BYTES || (await isAstray(writing))))
        await end();
      writing ??= await begin();
      const { handle, segment } = writing;
      try {
        await handle.appendFile(text);
      } catch (thrown) {
        // The file may contain part of a row: the next file begins clean, and this one is cut after its last whole row.
        await end();
        // If it cannot be truncated either, the partial row is skipped when it is read.
        await truncate(segment.path, segment.bytes).catch(() => undefined);
        throw thrown;
      }
      segment.rows += rows;
      segment.bytes += text.length;
    },
    isWriting: (segment) => writing?.segment === segment,
    end,
  };
}

/** Whether another program has removed or moved it, so that what is appended would not be found. */
async function isAstray({ handle, segment }: { handle: FileHandle; segment: Segment }): Promise<boolean> {
  const [own, found] = await Promise.all([handle.stat(), stat(segment.path).catch(() => null)]);
  return found?.ino !== own.ino || found.dev !== own.dev;
}

/** The name of a file that this process writes. */
export function segmentName(number: number): string {
  return `${String(number).padStart(9, '0')}-${process.pid}.jsonl`;
}

/** Whether this process writes or wrote it. */
export function isOwn({ path }: Segment): boolean {
  return path.endsWith(`-${process.pid}.jsonl`);
}

export interface FoundSegments {
  segments: Segment[];
  nextNumber: number;
  /** One error for each file or directory that exists and cannot be read. */
  errors: string[];
}

/** In milliseconds of the clock as it is set at present. */
export function bootTime(): number {
  return Date.now() - uptime() * 1_000;
}

/**
 * @param seen names to skip; those that are dealt with are added.
 * @param bootedAt the latest time at which the machine can have started.
 */
export async function findSegments(
  directory: string,
  seen: Set<string>,
  bootedAt: number,
): Promise<FoundSegments> {
  const errors: string[] = [];
  const failed = (path: string) => (thrown: unknown) => {
    if (!isAbsence(thrown)) errors.push(unreadable(path, thrown));
    return null;
  };
  const all = (await readdir(directory).catch(failed(directory))) ?? [];
  const names = all.filter((name) => SEGMENT_NAME.test(name)).sort();
  const segments: Segment[] = [];
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    const path = join(directory, name);
    if (isOfAnother(Number(SEGMENT_NAME.exec(name)?.[2]))) {
      // If the machine was started since then, that process id belongs to another program.
      const found = await stat(path).catch(failed(path));
      if (found === null) continue;
      if (found.mtimeMs >= bootedAt) {
        seen.delete(name);
        continue;
      }
    }
    const content = await readFile(path).catch(failed(path));
    if (content === null) {
      // If it is still there, it may be read later.
      seen.delete(name);
      continue;
    }
    let rows = 0;
    for (let at = content.indexOf(10); at !== -1; at = content.indexOf(10, at + 1)) rows += 1;
    segments.push({ path, rows, bytes: content.length });
  }
  const numbers = names.map((name) => Number.parseInt(name, 10));
  return { segments, nextNumber: Math.max(0, ...numbers) + 1, errors };
}

/** Whether nothing was spilled yet or could be, or another process has taken the file over. */
export function isAbsence(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function unreadable(path: string, thrown: unknown): string {
  return `rows that were spilled to ${path} cannot be read: ${messageOf(thrown)}`;
}

/** A running process keeps its files. */
function isOfAnother(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return codeOf(thrown) === 'EPERM';
  }
}
