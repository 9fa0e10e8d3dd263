// An SQLite store that outlives its file: it sets a damaged file aside and starts a new one, also where the file is gone.
import { existsSync, renameSync } from 'node:fs';
import { createSqliteStore, type SqliteStore } from './store.ts';
import type { ValueStore } from '../store-messages.ts';
import { sqliteError } from '../store-errors.ts';
import { codeOf } from '../../model/thrown.ts';

/**
 * Opened by the first call. A call that finds the file damaged, truncated or no longer in its place is served from a new
 * one; `report` is called with what happened and where the old one is. One whose schema was changed by another program is opened
 * again, which migrates an older one and refuses a newer one. Other errors are thrown; the next call tries again.
 * @param projects as of `createKinds`.
 */
export function createRecoveringSqliteStore(
  path: string,
  report: (notice: string) => void,
  projects: readonly string[] = [],
): ValueStore {
  let store: SqliteStore | null = null;
  let isClosed = false;
  /** One call replaces the store; others that found the same fault wait for it. */
  let replacement: Promise<void> | null = null;

  const replace = (faulty: SqliteStore | null, mend: Mend): Promise<void> => {
    const work = async () => {
      store = null;
      await faulty?.close().catch(() => undefined);
      const notice = mend(path);
      if (notice !== null) report(notice);
    };
    replacement ??= work().finally(() => {
      replacement = null;
    });
    return replacement;
  };

  const mended = async <Result>(work: (store: ValueStore) => Promise<Result>): Promise<Result> => {
    await replacement;
    let asked = store;
    try {
      const mend = asked === null || isClosed ? undefined : mendFor(asked);
      if (mend !== undefined) await replace(asked, mend);
      store ??= createSqliteStore(path, projects);
      asked = store;
      return await work(asked);
    } catch (thrown) {
      if (!isDamage(thrown) || isClosed) throw thrown;
      if (store === asked) await replace(asked, damaged(thrown.message));
      await replacement;
      store ??= createSqliteStore(path, projects);
      return work(store);
    }
  };

  const ask = <Result>(work: (store: ValueStore) => Promise<Result>): Promise<Result> =>
    mended(work).catch((thrown: unknown) => {
      throw sqliteError(path, thrown);
    });

  return {
    append: (rows, packets) => ask((open) => open.append(rows, packets)),
    appendPackets: (packets, binaries) => ask((open) => open.appendPackets(packets, binaries)),
    audit: (filter) => ask((open) => open.audit(filter)),
    totals: (window) => ask((open) => open.totals(window)),
    summary: (request) => ask((open) => open.summary(request)),
    series: (request) => ask((open) => open.series(request)),
    spending: (period) => ask((open) => open.spending(period)),
    recent: (limit, after) => ask((open) => open.recent(limit, after)),
    expire: (before) => ask((open) => open.expire(before)),
    async close() {
      isClosed = true;
      await store?.close();
    },
  };
}

/** Repairs what is wrong at `path` while the file is closed, before it is opened again. Returns what to report. */
type Mend = (path: string) => string | null;

/** Returns undefined where nothing is wrong with the file that the store has open. */
function mendFor(store: SqliteStore): Mend | undefined {
  if (store.isAstray()) return leave;
  if (store.hasLostLog()) return replaceLog;
  if (store.isCut()) return damaged('another program truncated it');
  return store.hasOtherSchema() ? () => null : undefined;
}

/** The file is left alone: otherwise rows would go into one that nobody finds, without any error. */
function leave(path: string): string {
  return existsSync(path)
    ? `the file at ${path} is no longer the ledger's: new rows go there, and earlier ones are in the file before it`
    : `the ledger's file is gone from ${path}: a new one was started, and earlier rows are in the old one, if it was moved`;
}

/** The content of the WAL went into the ledger's file when that was closed, and it gets a new WAL. */
function replaceLog(path: string): string {
  return (
    `another program removed ${path}-wal or ${path}-shm, which belong to the ledger while it is in use: ` +
    'what they held was put into the ledger, and new ones were started'
  );
}

function damaged(message: string): Mend {
  return (path) =>
    `the ledger's file was damaged (${message}): it was renamed to ${setAside(path)}, and a new ledger was started; ` +
    'sqlite3 may recover its content (".recover")';
}

/** Whether SQLite reports that the file is damaged or not its own. */
export function isDamage(thrown: unknown): thrown is Error {
  const code = codeOf(thrown) ?? '';
  return code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT');
}

/** Renames the file and those that belong to it, and returns the new name. */
function setAside(path: string): string {
  const day = new Date().toISOString().slice(0, 10);
  let aside = `${path}.damaged-${day}`;
  for (let count = 2; existsSync(aside); count++) aside = `${path}.damaged-${day}-${count}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return aside;
}
