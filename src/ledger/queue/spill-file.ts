// The spill on disk: numbered files of JSON lines, readable only by their owner, each removed once its rows are in
// the store.
import { readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { NO_USAGE } from '../../model/usage.ts';
import { rowFromJson, rowToJson } from '../rows/row-json.ts';
import { type LedgerRow, NO_TIMING } from '../rows/row.ts';
import type { Spill } from './spill.ts';
import {
  bootTime,
  createSegmentWriter,
  findSegments,
  isAbsence,
  isOwn,
  type Segment,
  segmentName,
  unreadable,
} from './spill-segments.ts';
import { messageOf } from '../../model/thrown.ts';
import { createTurns } from '../../model/turns.ts';

export interface SpillFileOptions {
  directory: string;
  /** Limit for all files together, read before each write. */
  maxBytes(): number;
  /** Called once for each file whose rows cannot be read, with a message. */
  report?(failure: string): void;
}

const BATCH_ROWS = 256;
/** How often files of other processes are looked for: those that run may spill more, and end. */
const LOOK_MS = 10_000;

/**
 * Takes over the files of processes that have ended, also while this one runs: a process that is killed and restarted at
 * once may find its predecessor still running. A row may come back twice, when the process ends after the store took it
 * and before its file is removed: the store keeps it once.
 */
export function createSpillFile({ directory, maxBytes, report }: SpillFileOptions): Spill {
  let segments: Segment[] = [];
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
  let lookedAt = 0;
  /** Of the latest look. */
  let unfound: readonly string[] = [];
  /** Rows of files that could not be read, by path: lost until one is read. */
  const unread = new Map<string, number>();
  // A clock that is set forward would make the files of processes that run older than the machine's start.
  const bootedAt = bootTime();
  const look = async (): Promise<void> => {
    lookedAt = Date.now();
    const found = await findSegments(directory, seen, Math.min(bootedAt, bootTime()));
    segments.push(...found.segments);
    for (const { path } of found.segments) unread.delete(path);
    number = Math.max(number, found.nextNumber);
    if (lastError !== null && unfound.includes(lastError) && !found.errors.includes(lastError))
      lastError = null;
    for (const error of found.errors) if (!unfound.includes(error)) failed(error);
    unfound = found.errors;
  };
  const inTurn = createTurns();
  // First of all, the existing files are found.
  void inTurn(look);
  const writer = createSegmentWriter(directory, {
    nextName() {
      const name = segmentName(number);
      number += 1;
      seen.add(name);
      return name;
    },
    onBegin: (segment) => void segments.push(segment),
  });
  const bytesHeld = () => segments.reduce((sum, segment) => sum + segment.bytes, 0);

  const write = async (rows: readonly LedgerRow[]): Promise<void> => {
    const text = Buffer.from(rows.map((row) => `${rowToJson(row)}\n`).join(''));
    const limit = maxBytes();
    if (bytesHeld() + text.length > limit) throw new Error(`audit.max_spill is reached (${limit} bytes)`);
    await writer.append(text, rows.length);
  };

  /** Null where the file cannot be read: it stays on disk, and is looked for again. Null, too, where another has taken it over. */
  const read = async (segment: Segment): Promise<LedgerRow[] | null> => {
    if (writer.isWriting(segment)) await writer.end();
    let text: string;
    try {
      text = await readFile(segment.path, 'utf8');
    } catch (thrown) {
      // Two gateways with one folder may both take over what a third has left.
      const isGone = isAbsence(thrown);
      if (isGone && !isOwn(segment)) return null;
      const error = unreadable(segment.path, thrown);
      failed(error);
      if (isGone) lost += segment.rows;
      else {
        unread.set(segment.path, segment.rows);
        unfound = [...unfound, error];
        seen.delete(basename(segment.path));
      }
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
        // Also after the clock was set back, for as long as it takes to come to that time again.
        if (Math.abs(Date.now() - lookedAt) >= LOOK_MS) await look();
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
      lost: [...unread.values()].reduce((sum, rows) => sum + rows, lost),
      lastError: refusal ?? lastError,
    }),
    close: () => inTurn(writer.end),
  };
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
