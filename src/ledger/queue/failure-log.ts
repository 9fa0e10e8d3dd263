// Logs failures of the ledger, each kind once: when rows have to wait, when rows are lost, and when that is over.

/** The signature of the gateway's log. */
export type WriteLog = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Record<string, unknown>,
) => void;

export interface FailureLog {
  /** Called after each write to the store. @param failures failed writes in a row. @param error the store's message. */
  asked(failures: number, error: string | null): void;
  /** Called when there was no room for rows. @param error why the spill has none, or else why the store takes none. */
  dropped(rows: number, error: string | null): void;
  /** Called when rows that no store would take were given up. */
  givenUp(rows: number, error: string | null): void;
  /** Called when rows were lost because the process ends. */
  lost(rows: number, error: string | null): void;
}

/** Fewer failures in a row are not worth a log line: a lock, or a connection that was closed. */
const REPORTED_AFTER_FAILURES = 3;

export function createFailureLog(log: WriteLog = () => undefined): FailureLog {
  let isReported = false;
  let dropped = 0;
  return {
    asked(failures, error) {
      if (failures >= REPORTED_AFTER_FAILURES && !isReported) {
        isReported = true;
        log('warn', 'the ledger takes no rows: requests are served, and their rows wait', { error });
      }
      if (failures > 0 || !(isReported || dropped > 0)) return;
      log('info', 'the ledger takes rows again', dropped > 0 ? { dropped } : {});
      isReported = false;
      dropped = 0;
    },
    dropped(rows, error) {
      if (dropped === 0)
        log('error', 'rows of the ledger are dropped: there is no room for more waiting rows', { error });
      dropped += rows;
    },
    givenUp(rows, error) {
      log('warn', 'rows of the ledger are given up, since the store refuses them', { rows, error });
    },
    lost(rows, error) {
      log('error', 'rows of the ledger are lost: neither the store nor the disk took them', { rows, error });
    },
  };
}
