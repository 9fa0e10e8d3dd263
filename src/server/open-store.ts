// Opens the ledger's store and its spill, for the one process that writes them.
import { dirname, join } from 'node:path';
import type { ResolvedConfig } from '../config/resolved.ts';
import { EMBEDDED_STORE } from '../config/audit-store.ts';
import { createSpillFile } from '../ledger/queue/spill-file.ts';
import type { Spill } from '../ledger/queue/spill.ts';
import type { LedgerStore } from '../ledger/store.ts';
import type { StoreLocation } from '../ledger/store-messages.ts';
import { createThreadedStore } from '../ledger/threaded-store.ts';
import type { Log } from './log.ts';

/** `store`: `audit.store`; `databasePath`: the file of an embedded ledger. */
function locateStore(store: string, databasePath: string): StoreLocation {
  return store === EMBEDDED_STORE ? { type: 'sqlite', path: databasePath } : { type: 'postgres', url: store };
}

/**
 * The store has its own thread, so that writing a batch delays no stream. One that cannot be opened stops no request: health reports it,
 * and what becomes of its rows.
 */
export function openStore(config: ResolvedConfig, databasePath: string, log: Log): LedgerStore {
  const location = locateStore(config.audit.store, databasePath);
  const projects = [...new Set(config.server.projectOfKey.values())];
  const store = createThreadedStore(location, (notice) => log('warn', notice), projects);
  store.totals().catch((error: unknown) => {
    const message =
      'the ledger cannot be opened: requests are served all the same, and opening it is tried again for their rows';
    log('error', message, { error });
  });
  return store;
}

/** In the embedded ledger's directory, whichever store is used. */
export function openSpill(databasePath: string, maxBytes: () => number, log: Log): Spill {
  const directory = join(dirname(databasePath), 'spill');
  return createSpillFile({ directory, maxBytes, report: (failure) => log('warn', failure) });
}
