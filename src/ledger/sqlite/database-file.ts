// The ledger's file: opened with SQLite's settings, and watched for other programs that remove, replace or truncate it.
import { constants, Database } from 'bun:sqlite';
import { closeSync, mkdirSync, openSync, statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { migrate, STEPS, versionOf } from './schema.ts';

/** How long a writer waits for another process's transaction. */
const BUSY_MS = 2000;
/** In bytes, more than the WAL usually needs. */
const LOG_BYTES = 32 * 1024 * 1024;
/** SQLite's own files beside an open one. */
const LOGS = ['-wal', '-shm'];

export interface DatabaseFile {
  readonly database: Database;
  /** Whether it was removed, moved or replaced, so that what is written goes where nobody will look. */
  isAstray(): boolean;
  /** Whether its WAL was too: what is written is lost with this process, and whoever else opens the file lacks it or finds it damaged. */
  hasLostLog(): boolean;
  /**
   * Whether another program truncated it. SQLite notices only when it reads a missing page: until then it would write what it
   * has in memory and in the WAL around the hole.
   */
  isCut(): boolean;
  /** Whether another program migrated it to a newer schema, or restored a copy with an older one. */
  hasOtherSchema(): boolean;
  close(): void;
}

/**
 * Opens the file, or a database in memory for ':memory:', creates it where needed, and migrates it. Throws where it cannot be
 * opened, is not a ledger, or belongs to a newer version.
 */
export function openDatabaseFile(path: string): DatabaseFile {
  const database = open(path);
  const file = fileAt(path);
  const logs = LOGS.map((suffix) => ({ log: path + suffix, own: fileAt(path + suffix) }));
  const isAstray = () => fileAt(path) !== file;
  const hasLostLog = () => logs.some(({ log, own }) => own !== undefined && fileAt(log) !== own);
  let longest = sizeOf(path);
  return {
    database,
    isAstray,
    hasLostLog,
    isCut() {
      const size = sizeOf(path);
      // VACUUM also shortens it, but then the database reports the smaller size.
      const isWhole = size >= longest || (size > 0 && sizeIn(database) < longest);
      if (isWhole) longest = size;
      return !isWhole;
    },
    hasOtherSchema: () => versionOf(database) !== STEPS.length,
    close() {
      if (isAstray() || hasLostLog()) {
        // The WAL's content belongs into its own file. SQLite would delete the logs by name, which may be another file's by
        // now, and would read what is left of these as that file's own.
        database.run('PRAGMA wal_checkpoint(TRUNCATE)');
        database.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
        for (const { log, own } of logs) if (own !== undefined && fileAt(log) === own) unlinkSync(log);
      }
      database.close();
    },
  };
}

function open(path: string): Database {
  if (path !== ':memory:') {
    // The ledger holds what people wrote: only the owner may read it. SQLite gives -wal and -shm the same mode.
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
  }
  const database = new Database(path, { create: true, strict: true });
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    database.run('PRAGMA journal_mode = WAL');
    // Commits survive the death of the process; a power cut may lose the newest transactions.
    database.run('PRAGMA synchronous = NORMAL');
    // Pages that change with every batch are then copied into the file once for many batches: the WAL grows to 16 MB.
    database.run('PRAGMA wal_autocheckpoint = 4000');
    // Long reads and VACUUM let the WAL grow by all that is written meanwhile: this shortens it again.
    database.run(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
    database.run('PRAGMA foreign_keys = ON');
    migrate(database);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/** Identifies the file at a path; undefined where there is none. */
function fileAt(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

/** In bytes; 0 where there is none. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The database's own size, in bytes; part of it may still be in the WAL. */
function sizeIn(database: Database): number {
  const read = (pragma: 'page_count' | 'page_size') =>
    database.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0;
  return read('page_count') * read('page_size');
}
