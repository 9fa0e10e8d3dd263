// The spill on disk: numbered files of JSON lines, readable only by their owner, each removed once its rows are in
// the store.
import { messageOf } from '../../model/thrown.ts';
import { createTurns } from '../../model/turns.ts';
import { rowToJson } from '../rows/row-json.ts';
import type { LedgerRow } from '../rows/row.ts';
import type { Spill } from './spill.ts';
import { createSpillFolder } from './spill-folder.ts';
import { createSegmentWriter, type Segment } from './spill-segments.ts';

export interface SpillFileOptions {
  directory: string;
  /** The limit for all files together, read before each write. */
  maxBytes(): number;
  /** Called once for each file whose rows cannot be read, with a message. */
  report?(failure: string): void;
}

const BATCH_ROWS = 256;

/**
 * Takes over the files of processes that have ended, also while this one runs: a process that is killed and restarted at
 * once may find its predecessor still running. A row may come back twice, when the process ends after the store took it
 * and before its file is removed: the store keeps it once.
 */
export function createSpillFile({ directory, maxBytes, report }: SpillFileOptions): Spill {
  let segments: Segment[] = [];
  let head: { segment: Segment; rows: LedgerRow[] } | null = null;
  /** Why rows were refused; cleared when some are taken, and when the spill is empty. */
  let refusal: string | null = null;
  const folder = createSpillFolder(directory, report);
  const writer = createSegmentWriter(directory, {
    nextName: folder.nextName,
    onBegin: (segment) => void segments.push(segment),
  });
  const look = async (): Promise<void> => {
    const found = await folder.look();
    segments.push(...found);
  };
  const inTurn = createTurns();
  // The existing files are found before anything else.
  void inTurn(look);
  const bytesHeld = () => segments.reduce((sum, segment) => sum + segment.bytes, 0);

  const write = async (rows: readonly LedgerRow[]): Promise<void> => {
    const text = Buffer.from(rows.map((row) => `${rowToJson(row)}\n`).join(''));
    const limit = maxBytes();
    if (bytesHeld() + text.length > limit) throw new Error(`audit.max_spill is reached (${limit} bytes)`);
    await writer.append(text, rows.length);
  };

  const removeHead = async (): Promise<void> => {
    if (head === null || head.rows.length > 0) return;
    const { segment } = head;
    head = null;
    await folder.remove(segment);
    segments = segments.filter((other) => other !== segment);
    if (segments.length === 0) refusal = null;
  };

  return {
    put: (rows) =>
      inTurn(async () => {
        let taken = 0;
        try {
          for (; taken < rows.length; taken += BATCH_ROWS) await write(rows.slice(taken, taken + BATCH_ROWS));
          folder.lastError = null;
          refusal = null;
          return rows.length;
        } catch (thrown) {
          refusal = `the spill takes no more rows: ${messageOf(thrown)}`;
          return taken;
        }
      }),
    next: () =>
      inTurn(async () => {
        if (folder.isDue()) await look();
        while (head === null && segments[0] !== undefined) {
          const [segment] = segments;
          if (writer.isWriting(segment)) await writer.end();
          const rows = await folder.read(segment);
          if (rows === null) segments.shift();
          else {
            segment.rows = rows.length;
            head = { segment, rows };
          }
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
      lost: folder.lost(),
      lastError: refusal ?? folder.lastError,
    }),
    close: () => inTurn(writer.end),
  };
}
