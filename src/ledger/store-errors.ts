// The messages of a failing store, which say where it is and what to do.
import { StoreBusy } from './store-busy.ts';
import { codeOf, messageOf } from '../model/thrown.ts';

const OTHER_PLACE = 'or name another folder with SLUICE_HOME';
const NOT_ALLOWED = `let this user write there, ${OTHER_PLACE}`;
const NO_ROOM = `make room there, ${OTHER_PLACE}`;
const DISK_FAILS = `the disk fails or is full: see the system's log, ${OTHER_PLACE}`;
const BUSY =
  'another program has locked it: let it finish if it is a gateway that migrates it to a newer version, else end it; if there is none, its file system has no locks: name a folder on a local disk with SLUICE_HOME';
/** SQLite's readers and writers share memory that is mapped from a file. https://www.sqlite.org/wal.html#implementation_of_shared_memory_for_the_wal_index */
const NO_SHARED_MEMORY =
  'its file system cannot map files into memory, as some network file systems: name a folder on a local disk with SLUICE_HOME';

/** By the prefix of the system's or SQLite's code. https://www.sqlite.org/rescode.html */
const SQLITE_REMEDIES: Readonly<Record<string, string>> = {
  EACCES: NOT_ALLOWED,
  EPERM: NOT_ALLOWED,
  EROFS: NOT_ALLOWED,
  SQLITE_PERM: NOT_ALLOWED,
  SQLITE_AUTH: NOT_ALLOWED,
  SQLITE_READONLY: NOT_ALLOWED,
  SQLITE_CANTOPEN: NOT_ALLOWED,
  EISDIR: `a folder has its name: move it away, ${OTHER_PLACE}`,
  EEXIST: `a file is in the place of its folder: move it away, ${OTHER_PLACE}`,
  ENOTDIR: `a file is in the place of its folder: move it away, ${OTHER_PLACE}`,
  ENOENT: 'its folder cannot be created there: name another with SLUICE_HOME',
  ENOSPC: NO_ROOM,
  EDQUOT: NO_ROOM,
  SQLITE_FULL: NO_ROOM,
  SQLITE_BUSY: BUSY,
  SQLITE_LOCKED: BUSY,
  SQLITE_IOERR_SHMSIZE: NO_ROOM,
  SQLITE_IOERR_SHM: NO_SHARED_MEMORY,
  SQLITE_IOERR: DISK_FAILS,
};

const UNREACHED = 'check that it runs, and that audit.store has its address';
const STRANGER = 'put a valid user and password into audit.store';
const NOT_LET_IN =
  'create this user if there is none, and let its pg_hba.conf accept it from here, or, if it requires TLS, add ?sslmode=require to audit.store';
const UNKNOWN_AUTHORITY =
  'name the certificate file of its authority in audit.store: sslrootcert=PATH beside sslmode';
const NO_RIGHT = 'let this user create tables there, or name another in audit.store';

const PASSES = 'it is starting or shutting down: wait, and see its log';
const SERVER_FULL = 'make room on its disk';
const LOCKED = 'other transactions lock its tables: let them end';
const TOO_LONG =
  'other transactions may lock its tables, as a migration by a newer gateway does: let them end';

const POOLED =
  'this is a pooler (PgBouncer), which gives none of the four connections a session: name the server itself in audit.store';
/** The advice for databases that cannot store every language. */
export const OTHER_ENCODING =
  "name a database in audit.store that was created with ENCODING 'UTF8' TEMPLATE template0";

const READ_ONLY = '25006';

/** By Bun's code where there was no connection, or else by the server's. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const POSTGRES_REMEDIES: Readonly<Record<string, string>> = {
  ERR_POSTGRES_CONNECTION: UNREACHED,
  ERR_POSTGRES_TLS: 'set up TLS there, or leave sslmode out of audit.store',
  UNABLE_TO_: UNKNOWN_AUTHORITY,
  SELF_SIGNED_: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_: UNKNOWN_AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID: 'name the server in audit.store as its certificate does',
  '28000': NOT_LET_IN,
  '28P': STRANGER,
  '3D000': 'create that database, or name another in audit.store',
  '3F000': 'create that schema, or name another in audit.store',
  '42501': NO_RIGHT,
  [READ_ONLY]: 'it is a standby or read-only: name the primary server in audit.store',
  '22P05': OTHER_ENCODING,
  // A session setting is refused, or a prepared statement belongs to another session.
  '08P01': POOLED,
  '26000': POOLED,
  '42P05': POOLED,
  '53100': SERVER_FULL,
  '53300': 'raise its max_connections, or close unused connections',
  // The transaction was aborted in favour of others, or after waiting for them.
  '40001': LOCKED,
  '40P01': LOCKED,
  '55P03': LOCKED,
  // This is the store's own limit.
  '57014': TOO_LONG,
  // Sent to each connection when the server is shut down, or one of its processes has crashed.
  '57P01': PASSES,
  '57P02': PASSES,
  '57P03': PASSES,
};

/** The error of a failed call of the embedded ledger at `path`. */
export function sqliteError(path: string, thrown: unknown): Error {
  const message = messageOf(thrown);
  return storeError(path, thrown, message, remedyOf(SQLITE_REMEDIES, codeOf(thrown)));
}

/** @param where the server and its database. @param message of the failure, free of secrets. */
export function postgresError(where: string, thrown: unknown, message: string): Error {
  const remedy = remedyOf(POSTGRES_REMEDIES, stateOf(thrown) ?? codeOf(thrown));
  return storeError(`PostgreSQL at ${where}`, thrown, message, remedy);
}

/** Whether the server takes no writes: a standby, or a former primary. */
export function isReadOnly(thrown: unknown): boolean {
  return stateOf(thrown) === READ_ONLY;
}

/** The server's five-letter SQLSTATE, which is in `errno`. */
function stateOf(thrown: unknown): string | undefined {
  const state = thrown instanceof Error && 'errno' in thrown ? thrown.errno : undefined;
  return typeof state === 'string' ? state : undefined;
}

/** Of the failures that have a remedy, those that one row alone may cause, which is then refused for good. Of any other no row is to blame. */
const OF_A_ROW: ReadonlySet<string | undefined> = new Set([OTHER_ENCODING, TOO_LONG]);

function storeError(where: string, thrown: unknown, message: string, remedy: string | undefined): Error {
  const text = `${where}: ${message}${remedy === undefined ? '' : `; ${remedy}`}`;
  const isBlameless = thrown instanceof StoreBusy || (remedy !== undefined && !OF_A_ROW.has(remedy));
  if (isBlameless) return new StoreBusy(text, { cause: thrown });
  return thrown instanceof Error ? new Error(text, { cause: thrown }) : new Error(text);
}

function remedyOf(remedies: Readonly<Record<string, string>>, code = ''): string | undefined {
  return Object.entries(remedies).find(([prefix]) => code.startsWith(prefix))?.[1];
}
