// The spill on disk: numbered files of JSON lines, readable only by their owner, each removed once its rows are in
// the store.
import { mkdir, open, readFile, readdir, rm, stat, truncate } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { NO_USAGE } from '../../model/usage.ts';
import { rowFromJson, rowToJson } from '../rows/row-json.ts';
import { type LedgerRow, NO_TIMING } from '../rows/row.ts';
import type { Spill } from './spill.ts';

export interface SpillFileOptions {
  directory: string;
  /** Limit for all files together, read before each write. */
  maxBytes(): number;
  /** Called once for each file whose rows cannot be read, with a message. */
  report?(failure: string): void;
}

interface Segment {
  path: string;
  rows: number;
  bytes: number;
}

/** A file is read whole, and a batch has rows of one file only. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
const BATCH_ROWS = 256;
/** How often files that belong to running processes are checked again. */
const LOOK_MS = 10_000;
/** Number, and the id of the process that writes it. */
const SEGMENT_NAME = /^(\d+)-(\d+)\.jsonl$/;

/**
 * Takes over the files of processes that have ended, also while this one runs: a process that is killed and restarted at
 * once may find its predecessor still running. A row may come back twice, when the process ends after the store took it
 * and before its file is removed: the store keeps it once.
 */
export function createSpillFile({ directory, maxBytes, report }: SpillFileOptions): Spill {
  let segments: Segment[] = [];
  let writer: { handle: FileHandle; segment: Segment } | null = null;
  let head: { segment: Segment; rows: LedgerRow[] } | null = null;
  let number = 1;
  let lost = 0;
  let lastError: string | null = null;
  /** Why rows were refused; reset when some are taken, and when the spill is empty. */
  let refusal: string | null = null;
  const failed = (error: string): void => {
    lastError = error;
    report?.(error);
  };
  /** Names of files that need not be checked again. */
  const seen = new Set<string>();
  let ofOthers = 0;
  let lookedAt = 0;
  const look = async (): Promise<void> => {
    lookedAt = Date.now();
    const found = await findSegments(directory, seen);
    segments.push(...found.segments);
    number = Math.max(number, found.nextNumber);
    ofOthers = found.ofOthers;
    for (const error of found.errors) failed(error);
  };
  // Operations run one after the other; the first one finds the existing files.
  let turn: Promise<unknown> = look();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(work);
    // The caller gets the error; the next operation runs all the same.
    turn = result.catch(() => undefined);
    return result;
  };
  const bytesHeld = () => segments.reduce((sum, segment) => sum + segment.bytes, 0);

  const begin = async (): Promise<{ handle: FileHandle; segment: Segment }> => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const name = `${String(number).padStart(9, '0')}-${process.pid}.jsonl`;
    const path = join(directory, name);
    number += 1;
    seen.add(name);
    const handle = await open(path, 'ax', 0o600);
    const segment = { path, rows: 0, bytes: 0 };
    segments.push(segment);
    return { handle, segment };
  };

  const endWriter = async (): Promise<void> => {
    // Every row is already written: nothing depends on closing.
    await writer?.handle.close().catch(() => undefined);
    writer = null;
  };

  const write = async (rows: readonly LedgerRow[]): Promise<void> => {
    const text = Buffer.from(rows.map((row) => `${rowToJson(row)}\n`).join(''));
    const limit = maxBytes();
    if (bytesHeld() + text.length > limit) throw new Error(`audit.max_spill is reached (${limit} bytes)`);
    if (writer !== null && writer.segment.bytes >= SEGMENT_BYTES) await endWriter();
    writer ??= await begin();
    const { handle, segment } = writer;
    try {
      await handle.appendFile(text);
    } catch (thrown) {
      // Part of a row may be in it: the next file begins clean, and this one ends with its last whole row.
      await endWriter();
      // If it cannot be truncated either, the partial row is skipped when it is read.
      await truncate(segment.path, segment.bytes).catch(() => undefined);
      throw thrown;
    }
    segment.rows += rows.length;
    segment.bytes += text.length;
  };

  /** Null where the file cannot be read: it stays on disk, and the next process tries again. */
  const read = async (segment: Segment): Promise<LedgerRow[] | null> => {
    if (writer?.segment === segment) await endWriter();
    let text: string;
    try {
      text = await readFile(segment.path, 'utf8');
    } catch (thrown) {
      lost += segment.rows;
      failed(unreadable(segment.path, thrown));
      return null;
    }
    const lines = text.split('\n').filter((line) => line !== '');
    const rows = lines.map(parseRow).filter((row) => row !== null);
    const damaged = segment.rows - rows.length;
    if (damaged > 0) {
      lost += damaged;
      report?.(`${damaged} of the rows that were spilled to ${segment.path} are damaged, and lost`);
    }
    segment.rows = rows.length;
    return rows;
  };

  const removeHead = async (): Promise<void> => {
    if (head === null || head.rows.length > 0) return;
    const { segment } = head;
    head = null;
    await rm(segment.path, { force: true }).catch((thrown: unknown) => {
      lastError = messageOf(thrown);
    });
    segments = segments.filter((other) => other !== segment);
    if (segments.length === 0) refusal = null;
  };

  return {
    put: (rows) =>
      inTurn(async () => {
        let taken = 0;
        try {
          for (; taken < rows.length; taken += BATCH_ROWS) await write(rows.slice(taken, taken + BATCH_ROWS));
          lastError = null;
          refusal = null;
          return rows.length;
        } catch (thrown) {
          refusal = `the spill takes no more rows: ${messageOf(thrown)}`;
          return taken;
        }
      }),
    next: () =>
      inTurn(async () => {
        if (ofOthers > 0 && Date.now() - lookedAt >= LOOK_MS) await look();
        while (head === null && segments[0] !== undefined) {
          const [segment] = segments;
          const rows = await read(segment);
          if (rows === null) segments.shift();
          else head = { segment, rows };
          await removeHead();
        }
        if (segments.length === 0) refusal = null;
        return head?.rows.slice(0, BATCH_ROWS) ?? [];
      }),
    remove: (count) =>
      inTurn(async () => {
        if (head === null) return;
        head.segment.rows -= head.rows.splice(0, count).length;
        await removeHead();
      }),
    held: () => ({
      rows: segments.reduce((sum, segment) => sum + segment.rows, 0),
      bytes: bytesHeld(),
      lost,
      lastError: refusal ?? lastError,
    }),
    close: () => inTurn(endWriter),
  };
}

interface FoundSegments {
  segments: Segment[];
  nextNumber: number;
  /** Number of files that belong to running processes. */
  ofOthers: number;
  /** One per file or directory that exists and cannot be read. */
  errors: string[];
}

/** @param seen names to skip; those that are dealt with are added. */
async function findSegments(directory: string, seen: Set<string>): Promise<FoundSegments> {
  const errors: string[] = [];
  const failed = (path: string) => (thrown: unknown) => {
    if (!isAbsence(thrown)) errors.push(unreadable(path, thrown));
    return null;
  };
  const all = (await readdir(directory).catch(failed(directory))) ?? [];
  const names = all.filter((name) => SEGMENT_NAME.test(name)).sort();
  const segments: Segment[] = [];
  let ofOthers = 0;
  const bootedAt = Date.now() - uptime() * 1_000;
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    const path = join(directory, name);
    if (isOfAnother(Number(SEGMENT_NAME.exec(name)?.[2]))) {
      // If the machine was started since, that process id now belongs to another program.
      const found = await stat(path).catch(failed(path));
      if (found === null) continue;
      if (found.mtimeMs >= bootedAt) {
        seen.delete(name);
        ofOthers += 1;
        continue;
      }
    }
    const content = await readFile(path).catch(failed(path));
    if (content === null) continue;
    let rows = 0;
    for (let at = content.indexOf(10); at !== -1; at = content.indexOf(10, at + 1)) rows += 1;
    segments.push({ path, rows, bytes: content.length });
  }
  const numbers = names.map((name) => Number.parseInt(name, 10));
  return { segments, nextNumber: Math.max(0, ...numbers) + 1, ofOthers, errors };
}

/** Nothing was spilled yet, or could be, or another process has taken the file over. */
function isAbsence(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function unreadable(path: string, thrown: unknown): string {
  return `rows that were spilled to ${path} cannot be read: ${messageOf(thrown)}`;
}

/** A running process keeps its files. */
function isOfAnother(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

/** Null where a line is not a row: the process ended while writing it. */
function parseRow(line: string): LedgerRow | null {
  try {
    const row = rowFromJson(JSON.parse(line));
    if (typeof row.requestId !== 'string') return null;
    // A row of an older version lacks fields that were added since.
    return {
      ...row,
      usage: { ...NO_USAGE, ...row.usage },
      timing: { ...NO_TIMING, ...row.timing },
      transformers: row.transformers ?? [],
      trace: row.trace ?? null,
      requestHeaders: row.requestHeaders ?? null,
    };
  } catch {
    return null;
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
