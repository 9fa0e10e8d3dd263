// When rows that wait in memory move to the spill: when the store refuses them or is slow, or memory fills up.
import { type Backlog, type Entry, oldestOf, rowsOf } from './backlog.ts';
import type { LedgerOptions } from './recorder.ts';
import type { Spill } from './spill.ts';

export interface Overflow {
  /** Called after the store refused a batch: moves waiting rows, as many as the spill takes. Never rejects. */
  refused(): Promise<void>;
  /** Called after the store took a batch with `returned` rows of the spill: moves rows that have waited too long. Never rejects. */
  taken(returned: number): Promise<void>;
  /** Moves all rows, including those that the store may never take, at shutdown. */
  spillAll(): Promise<void>;
  /** Resolves when nothing is on its way to the spill, so that each row is in one place. */
  settled(): Promise<void>;
  /** Moves waiting rows regularly until the returned function is called, which happens when the store has answered. */
  whileStoreIsAsked(): () => void;
  /** Called after a row was added. */
  added(): void;
}

/**
 * GUARANTEES 17 allows a second until a row is in the store or on disk. A worker may have kept it for 250 ms and the
 * queue for 200: the rest is for the spill's write, on a busy disk.
 */
const MAX_WAIT_MS = 300;
/** How many rows are unpacked at the same time: all that wait would take several times their memory. */
const PIECE_ROWS = 256;

export function createOverflow(
  backlog: Backlog,
  spill: Spill,
  { monotonic, setTimer }: Pick<LedgerOptions, 'monotonic' | 'setTimer'>,
): Overflow {
  let spilling: Promise<void> | null = null;
  /**
   * The spill did not take all. Room that is made is then the store's first, if both are on the same disk: a row takes less of it
   * there, and what the spill has is freed only by the store.
   */
  let isFull = false;

  /** Moves those that wait at this moment, oldest first, at most `most` of them. */
  const move = async (choose: () => Entry[], most = Number.POSITIVE_INFINITY): Promise<void> => {
    const begun = monotonic();
    let left = most;
    while (left > 0) {
      // Chosen again each time: the store may have taken some meanwhile, and their buffers then hold other rows.
      const waiting = choose().filter(({ since }) => since <= begun);
      const piece = oldestOf(waiting, Math.min(PIECE_ROWS, left));
      if (piece.length === 0) {
        isFull = false;
        return;
      }
      const rows = piece.flatMap(rowsOf);
      const count = await spill.put(rows);
      backlog.markSpilled(wholeWithin(piece, count));
      if (count < rows.length) {
        isFull = true;
        return;
      }
      left -= rows.length;
    }
  };

  /** This includes the batch that the store was given: it may never answer, and a row that comes twice is kept once. */
  const moveUnrefused = (most?: number): Promise<void> => {
    // The strikes of a row that was refused alone are only in memory.
    const unrefused = () => backlog.entries().filter(({ strikes }) => strikes === 0);
    spilling ??= move(unrefused, most).finally(() => {
      spilling = null;
    });
    return spilling;
  };

  return {
    refused: () => moveUnrefused(),
    async taken(returned) {
      const isLate = monotonic() - (backlog.oldest() ?? monotonic()) > MAX_WAIT_MS;
      if (isLate) await moveUnrefused(isFull ? returned : undefined);
      else isFull = false;
    },
    async spillAll() {
      await spilling;
      await move(backlog.entries);
    },
    async settled() {
      await spilling;
    },
    whileStoreIsAsked() {
      const later = (): (() => void) =>
        setTimer(() => {
          void moveUnrefused();
          cancel = later();
        }, MAX_WAIT_MS);
      let cancel = later();
      return () => cancel();
    },
    added() {
      if (backlog.isHalfFull() && spilling === null && !isFull) void moveUnrefused();
    },
  };
}

/** The entries whose rows are all among the first `rows`. Of one cut in between, some are kept twice, and stored once. */
function wholeWithin(entries: readonly Entry[], rows: number): Entry[] {
  let left = rows;
  return entries.filter((entry) => {
    left -= entry.rows;
    return left >= 0;
  });
}
