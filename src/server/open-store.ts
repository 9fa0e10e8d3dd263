// The store of the embedded ledger, for the one process that writes it.
import { createSqliteWorkerStore } from '../ledger/sqlite-worker-store.ts';
import type { LedgerStore } from '../ledger/store.ts';
import type { Log } from './log.ts';

/**
 * SQLite on a thread of its own, so that writing a batch holds up no stream. A store that cannot be opened
 * stops no request: its rows are counted as lost, and health says so.
 */
export function openStore(path: string, log: Log): LedgerStore {
  const store = createSqliteWorkerStore(path);
  store.totals().catch((error: unknown) => {
    log('error', 'the ledger cannot be opened: requests are served and not recorded', { file: path, error });
  });
  return store;
}
