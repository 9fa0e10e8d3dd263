// When rows that wait in memory move to the spill: the store refuses them, is slow, or memory fills.
import { type Backlog, type Entry, rowsOf } from './backlog.ts';
import type { LedgerOptions } from './recorder.ts';
import type { Spill } from './spill.ts';

export interface Overflow {
  /** Moves waiting rows, as many as the spill takes. Never rejects. */
  spill(): Promise<void>;
  /** Also moves rows that the store may never take, at shutdown. */
  spillAll(): Promise<void>;
  /** Resolves when nothing is on its way to the spill: each row is then in one place. */
  settled(): Promise<void>;
  /** Moves waiting rows regularly until the returned function is called, when the store has answered. */
  whileStoreIsAsked(): () => void;
  /** Rows have waited longer than is safe if the process were killed. */
  isLate(): boolean;
  /** Called after a row was added. */
  added(): void;
}

/**
 * GUARANTEES 17 allows a second until a row is in the store or on disk. A worker may have kept it for 250 ms and the
 * queue for 200: the rest is for the spill's write, on a busy disk.
 */
const MAX_WAIT_MS = 300;

export function createOverflow(
  backlog: Backlog,
  spill: Spill,
  { monotonic, setTimer }: Pick<LedgerOptions, 'monotonic' | 'setTimer'>,
): Overflow {
  let spilling: Promise<void> | null = null;
  /** `monotonic()` until which a spill that was full is not tried for each row. */
  let fullUntil = Number.NEGATIVE_INFINITY;

  const move = async (entries: readonly Entry[]): Promise<void> => {
    if (entries.length === 0) return;
    const rows = entries.flatMap(rowsOf);
    const count = await spill.put(rows);
    if (count < rows.length) fullUntil = monotonic() + MAX_WAIT_MS;
    backlog.markSpilled(wholeWithin(entries, count));
  };

  /** Includes the batch that the store was given: it may never answer, and a row that comes twice is kept once. */
  const moveUnrefused = (): Promise<void> => {
    // The strikes of a row that was refused alone are only in memory.
    spilling ??= move(backlog.entries().filter((entry) => entry.strikes === 0)).finally(() => {
      spilling = null;
    });
    return spilling;
  };

  return {
    spill: moveUnrefused,
    async spillAll() {
      await spilling;
      await move(backlog.entries());
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
    isLate: () => monotonic() - (backlog.oldest() ?? monotonic()) > MAX_WAIT_MS,
    added() {
      if (backlog.isHalfFull() && spilling === null && monotonic() >= fullUntil) void moveUnrefused();
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
