// When rows that wait in memory go to the spill: the store refuses them, is slow, or memory fills.
import { type Backlog, type Entry, rowsOf } from './backlog.ts';
import type { LedgerOptions } from './recorder.ts';
import type { Spill } from './spill.ts';

export interface Overflow {
  /** Moves what waits, as far as the spill takes it. Never rejects. */
  spill(): Promise<void>;
  /** Also the rows that the store may never take, as the process ends. */
  spillAll(): Promise<void>;
  /** Resolves when nothing is on its way to the spill: a row is in one place then. */
  settled(): Promise<void>;
  /** Looks after what waits until the store has answered, which the returned function tells. */
  whileStoreIsAsked(): () => void;
  /** Rows have waited for longer than is safe if the process were killed. */
  isLate(): boolean;
  /** A row has come. */
  added(): void;
}

/**
 * Of the second of GUARANTEES 17, after which a row is in the store or on disk, a worker may have kept it for 250 ms and the
 * queue for 200: the rest is for the spill's write, on a disk that others keep busy.
 */
const PATIENCE_MS = 300;

export function createOverflow(
  backlog: Backlog,
  spill: Spill,
  { monotonic, setTimer }: Pick<LedgerOptions, 'monotonic' | 'setTimer'>,
): Overflow {
  let spilling: Promise<void> | null = null;
  /** `monotonic()` before which a spill that was full is not asked for each row. */
  let fullUntil = Number.NEGATIVE_INFINITY;

  const move = async (entries: readonly Entry[]): Promise<void> => {
    if (entries.length === 0) return;
    const rows = entries.flatMap(rowsOf);
    const count = await spill.put(rows);
    if (count < rows.length) fullUntil = monotonic() + PATIENCE_MS;
    backlog.markSpilled(wholeWithin(entries, count));
  };

  /** The batch that the store was given, too: it may never answer, and a row that comes twice is kept once. */
  const moveSound = (): Promise<void> => {
    // A row that was refused alone has its strikes only here.
    spilling ??= move(backlog.entries().filter((entry) => entry.strikes === 0)).finally(() => {
      spilling = null;
    });
    return spilling;
  };

  return {
    spill: moveSound,
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
          void moveSound();
          cancel = later();
        }, PATIENCE_MS);
      let cancel = later();
      return () => cancel();
    },
    isLate: () => monotonic() - (backlog.oldest() ?? monotonic()) > PATIENCE_MS,
    added() {
      if (backlog.isHalfFull() && spilling === null && monotonic() >= fullUntil) void moveSound();
    },
  };
}

/** The first of them, as far as all their rows are among so many. Of others some are kept twice, and stored once. */
function wholeWithin(entries: readonly Entry[], rows: number): Entry[] {
  let left = rows;
  return entries.filter((entry) => {
    left -= entry.rows;
    return left >= 0;
  });
}
