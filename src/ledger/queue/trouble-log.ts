// What the log tells of a ledger in trouble, each once: rows that have to wait, rows that are lost, and that it is over.

/** As the gateway's log takes it. */
export type TellLog = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Record<string, unknown>,
) => void;

export interface TroubleLog {
  /** The store was asked. @param failures writes in a row that failed. @param error what it said. */
  asked(failures: number, error: string | null): void;
  /** There was no room for rows. @param error why the spill has none, else why the store takes none. */
  dropped(rows: number, error: string | null): void;
  /** Rows that no store would take. */
  givenUp(rows: number, error: string | null): void;
  /** The process ends, and these rows with it. */
  lost(rows: number, error: string | null): void;
}

/** What passes sooner is nobody's trouble: a lock, or a connection that was closed. */
const TOLD_AFTER_FAILURES = 3;

export function createTroubleLog(tell: TellLog = () => undefined): TroubleLog {
  let isTold = false;
  let dropped = 0;
  return {
    asked(failures, error) {
      if (failures >= TOLD_AFTER_FAILURES && !isTold) {
        isTold = true;
        tell('warn', 'the ledger takes no rows: requests are served, and their rows wait', { error });
      }
      if (failures > 0 || !(isTold || dropped > 0)) return;
      tell('info', 'the ledger takes rows again', dropped > 0 ? { dropped } : {});
      isTold = false;
      dropped = 0;
    },
    dropped(rows, error) {
      if (dropped === 0)
        tell('error', 'rows of the ledger are dropped: there is no room for more that wait', { error });
      dropped += rows;
    },
    givenUp(rows, error) {
      tell('warn', 'rows of the ledger are given up, since the store would not take them', { rows, error });
    },
    lost(rows, error) {
      tell('error', 'rows of the ledger are lost: neither the store nor the disk took them', { rows, error });
    },
  };
}
