// The folder of the spill: the files that ended processes have left in it, the rows in each, and files that cannot be read.
import { readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { messageOf } from '../../model/thrown.ts';
import { rowFromJson } from '../rows/row-json.ts';
import type { LedgerRow } from '../rows/row.ts';
import {
  bootTime,
  findSegments,
  isAbsence,
  isOwn,
  type Segment,
  segmentName,
  unreadable,
} from './spill-segments.ts';

export interface SpillFolder {
  /** Files to take over that no earlier look has found. Never rejects. */
  look(): Promise<Segment[]>;
  /** Whether it is time to look again. */
  isDue(): boolean;
  /** The name of a file to write. */
  nextName(): string;
  /**
   * Returns null where the file cannot be read: it stays on disk, and another look finds it. Also null where another gateway has taken
   * it over. Never rejects.
   */
  read(segment: Segment): Promise<LedgerRow[] | null>;
  /** Never rejects. */
  remove(segment: Segment): Promise<void>;
  /** How many rows could not be read back. */
  lost(): number;
  /** What cannot be read or removed; null where all can. */
  lastError: string | null;
}

/** How often files of other processes are looked for: running ones may spill more rows, and end. */
const LOOK_MS = 10_000;

/** @param report called once for each file whose rows cannot be read, with a message. */
export function createSpillFolder(directory: string, report?: (failure: string) => void): SpillFolder {
  let number = 1;
  let lookedAt = 0;
  /** Names of files that need not be checked again. */
  const seen = new Set<string>();
  /** Why files could not be read, as of the latest look. */
  let unfound: readonly string[] = [];
  /** The number of rows in files that could not be read, by path: they count as lost until the file is read. */
  const unread = new Map<string, number>();
  let damaged = 0;
  // If a clock is set forward, the files of running processes would seem older than the machine's start.
  const bootedAt = bootTime();
  const failed = (error: string): void => {
    folder.lastError = error;
    report?.(error);
  };

  const folder: SpillFolder = {
    lastError: null,
    async look() {
      lookedAt = Date.now();
      const { segments, nextNumber, errors } = await findSegments(
        directory,
        seen,
        Math.min(bootedAt, bootTime()),
      );
      for (const { path } of segments) unread.delete(path);
      number = Math.max(number, nextNumber);
      const { lastError } = folder;
      if (lastError !== null && unfound.includes(lastError) && !errors.includes(lastError))
        folder.lastError = null;
      for (const error of errors) if (!unfound.includes(error)) failed(error);
      unfound = errors;
      return segments;
    },
    // Also true after the clock was set back, for as long as it takes to reach that time again.
    isDue: () => Math.abs(Date.now() - lookedAt) >= LOOK_MS,
    nextName() {
      const name = segmentName(number);
      number += 1;
      seen.add(name);
      return name;
    },
    async read(segment) {
      let text: string;
      try {
        text = await readFile(segment.path, 'utf8');
      } catch (thrown) {
        // Two gateways with one folder may both take over what a third has left.
        const isGone = isAbsence(thrown);
        if (isGone && !isOwn(segment)) return null;
        const error = unreadable(segment.path, thrown);
        failed(error);
        if (isGone) damaged += segment.rows;
        else {
          unread.set(segment.path, segment.rows);
          unfound = [...unfound, error];
          seen.delete(basename(segment.path));
        }
        return null;
      }
      const lines = text.split('\n').filter((line) => line !== '');
      const rows = lines.map(rowFromJson).filter((row) => row !== null);
      const missing = segment.rows - rows.length;
      if (missing > 0) {
        damaged += missing;
        report?.(`${missing} of the rows that were spilled to ${segment.path} are damaged, and lost`);
      }
      return rows;
    },
    async remove({ path }) {
      await rm(path, { force: true }).catch((thrown: unknown) => {
        folder.lastError = messageOf(thrown);
      });
    },
    lost: () => [...unread.values()].reduce((sum, rows) => sum + rows, damaged),
  };
  return folder;
}
