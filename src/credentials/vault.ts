// The credential store: names and sealed values in a small SQLite file, which makes every change atomic and safe beside other processes. It
// never contains the key that opens the values (master-keys.ts).
import { Database } from 'bun:sqlite';
import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CredentialError } from './credential-error.ts';
import { createKeyFile, findKeychain, type MasterKeys } from './master-keys.ts';
import { createKey, seal, unseal } from './seal.ts';

interface StoredCredential {
  name: string;
  /** Unix milliseconds. */
  updatedAt: number;
}

/** All calls throw CredentialError. */
export interface Vault {
  store(name: string, value: string): void;
  retrieve(name: string): string | undefined;
  /** In the order of names; never the values. */
  list(): StoredCredential[];
  /** False if there was none. */
  delete(name: string): boolean;
  /** Seals everything with a new key and deletes the old one. Returns the number of credentials. */
  rotate(): number;
  /** Where the key is kept, for people. */
  keyPlace(): string;
  close(): void;
}

export interface VaultOptions {
  /** Where new keys are kept. `file`: always in a file. Default: in the keychain if there is one. */
  keys?: 'file';
  /** Unix milliseconds. */
  now?(): number;
}

const FILE_NAME = 'credentials.db';
const KEY_FILE_NAME = 'credentials.key';
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** How long a change waits for another process's, in milliseconds. */
const BUSY_MS = 5_000;

/** The file that changes with every change of a credential. */
export function vaultPath(home: string): string {
  return join(home, FILE_NAME);
}

/** Reads one stored value; undefined if there is no store, or no such name. Throws CredentialError. */
export function lookUpCredential(home: string, name: string, options: VaultOptions = {}): string | undefined {
  if (!existsSync(vaultPath(home))) return undefined;
  const vault = openVault(home, options);
  try {
    return vault.retrieve(name);
  } finally {
    vault.close();
  }
}

/** Lists what is stored, by name; empty if there is no store. Needs no key. Throws CredentialError. */
export function listCredentials(home: string): StoredCredential[] {
  if (!existsSync(vaultPath(home))) return [];
  const vault = openVault(home);
  try {
    return vault.list();
  } finally {
    vault.close();
  }
}

/** A message if others may read the key of the credentials in `home`, and what to do; undefined: they may not, or there is no key file. */
export function exposedKey(home: string): string | undefined {
  const path = join(home, KEY_FILE_NAME);
  const mode = modeOf(path);
  // If nobody else may enter the folder, the file's own mode does not matter.
  if (mode === undefined || isOwnersAlone(mode) || isOwnersAlone(modeOf(home) ?? 0)) return undefined;
  return (
    `${path}, which opens the stored credentials, may be read by others (mode ${mode.toString(8)}): take that from them ` +
    '(chmod 600), and if somebody has read it, replace the keys of your providers and run "sluice credentials rotate"'
  );
}

/** Undefined if the file cannot be inspected, or the system has no such modes. */
function modeOf(path: string): number | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return undefined;
  }
}

function isOwnersAlone(mode: number): boolean {
  return (mode & 0o077) === 0;
}

/** Opens the store in `home`, creating it if needed. Throws CredentialError. */
export function openVault(home: string, options: VaultOptions = {}): Vault {
  const { now = Date.now } = options;
  const path = vaultPath(home);
  const database = guarded(`${path} cannot be opened`, () => open(home, path));
  const keyFile = createKeyFile(join(home, KEY_FILE_NAME));
  // Looked for only once, since a desktop may show a dialogue.
  let looked: { keychain: MasterKeys | undefined } | undefined;
  const keychain = (): MasterKeys | undefined => {
    looked ??= { keychain: findKeychain() };
    return looked.keychain;
  };
  const placeForNew = (): MasterKeys => (options.keys === 'file' ? undefined : keychain()) ?? keyFile;

  /** A key's id begins with the kind of its place, so that it is known even elsewhere that a keychain had the key. */
  function placeOf(keyId: string): MasterKeys {
    if (!keyId.startsWith('keychain-')) return keyFile;
    const place = keychain();
    if (place !== undefined) return place;
    throw new CredentialError(
      'the credentials are sealed with a key in the system keychain, which does not answer; ' +
        'unlock it, or run as the user and in the session that stored them',
    );
  }

  function keyOf(keyId: string): Uint8Array {
    const place = placeOf(keyId);
    const key = place.get(keyId);
    if (key !== undefined) return key;
    throw new CredentialError(
      `the key of the stored credentials is not in ${place.place}; ` +
        'restore it, or delete the credentials and store them again',
    );
  }

  function newKey(): { id: string; key: Uint8Array } {
    const place = placeForNew();
    const id = `${place === keyFile ? 'file' : 'keychain'}-${crypto.randomUUID()}`;
    const key = createKey();
    place.put(id, key);
    database.query('INSERT OR REPLACE INTO current_key (slot, key_id) VALUES (1, ?)').run(id);
    return { id, key };
  }

  const currentId = () =>
    database.query<{ key_id: string }, []>('SELECT key_id FROM current_key').get()?.key_id;

  function currentKey(): { id: string; key: Uint8Array } {
    const id = currentId();
    if (id === undefined) return newKey();
    try {
      return { id, key: keyOf(id) };
    } catch (thrown) {
      // Somebody who has lost the key is told to delete the credentials and to store them again: then nothing is sealed with it.
      if (rows().length === 0) return newKey();
      throw thrown;
    }
  }

  const rows = () =>
    database
      .query<CredentialRow, []>('SELECT name, key_id, sealed, updated_at FROM credential ORDER BY name')
      .all();

  function put(name: string, value: string, { id, key }: { id: string; key: Uint8Array }, at: number): void {
    database
      .query('INSERT OR REPLACE INTO credential (name, key_id, sealed, updated_at) VALUES (?, ?, ?, ?)')
      .run(name, id, seal(key, name, value), at);
  }

  function openRow({ name, key_id, sealed }: CredentialRow): string {
    const key = keyOf(key_id);
    try {
      return unseal(key, name, sealed);
    } catch (cause) {
      throw new CredentialError(`credential ${name} cannot be decrypted with its key: store it again`, {
        cause,
      });
    }
  }

  /** Takes the file's write lock from the start, so that of two processes the second sees what the first did. */
  const change = <T>(work: () => T): T =>
    guarded(`${path} cannot be written`, () => database.transaction(work).immediate());

  return {
    store(name, value) {
      if (!NAME.test(name)) throw new CredentialError(badName(name));
      if (value.trim() === '') throw new CredentialError(`the value of ${name} is empty`);
      change(() => put(name, value.trim(), currentKey(), now()));
    },
    retrieve(name) {
      const row = guarded(`${path} cannot be read`, () =>
        database
          .query<CredentialRow, [string]>(
            'SELECT name, key_id, sealed, updated_at FROM credential WHERE name = ?',
          )
          .get(name),
      );
      return row === null ? undefined : guarded('the key cannot be read', () => openRow(row));
    },
    list: () =>
      guarded(`${path} cannot be read`, () =>
        rows().map(({ name, updated_at }) => ({ name, updatedAt: updated_at })),
      ),
    delete: (name) =>
      change(() => database.query('DELETE FROM credential WHERE name = ?').run(name).changes > 0),
    rotate() {
      const { before, count } = change(() => {
        const opened = rows().map((row) => ({ row, value: openRow(row) }));
        const known = currentId();
        const fresh = newKey();
        for (const { row, value } of opened) put(row.name, value, fresh, row.updated_at);
        return { before: known, count: opened.length };
      });
      // Only here: had the change failed, the old key would still be needed. Under the lock again, since another process may be writing its
      // own key to the same file.
      if (before !== undefined) change(() => placeOf(before).remove(before));
      return count;
    },
    keyPlace() {
      const id = currentId();
      return (id === undefined ? placeForNew() : placeOf(id)).place;
    },
    close: () => database.close(),
  };
}

interface CredentialRow {
  name: string;
  key_id: string;
  sealed: Uint8Array;
  updated_at: number;
}

function open(home: string, path: string): Database {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  const database = new Database(path, { create: true, strict: true });
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    // A rollback journal instead of WAL leaves a single file to copy and to watch.
    database.run('PRAGMA journal_mode = DELETE');
    database.run('PRAGMA secure_delete = ON');
    database.run(`
      CREATE TABLE IF NOT EXISTS credential (
        name TEXT PRIMARY KEY,
        key_id TEXT NOT NULL,
        sealed BLOB NOT NULL,
        updated_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE IF NOT EXISTS current_key (slot INTEGER PRIMARY KEY CHECK (slot = 1), key_id TEXT NOT NULL) STRICT;
    `);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

function badName(name: string): string {
  return `${JSON.stringify(name)} is not a name for a credential: use letters, digits, dots, dashes and underscores`;
}

/** Turns what SQLite, the disk and the keychain throw into a CredentialError that says what to do. */
function guarded<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof CredentialError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    const isNoFolder = code === 'EEXIST' || code === 'ENOTDIR';
    const remedy = isNoFolder
      ? 'a file is in the place of its folder: move it away'
      : 'check the file and its permissions';
    throw new CredentialError(`${what} (${reason}); ${remedy}, or name another folder with SLUICE_HOME`, {
      cause: thrown,
    });
  }
}
