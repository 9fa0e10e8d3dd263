// Where the keys that seal credentials are kept: in the system's keychain if there is one, else in a file of the owner's.
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { CredentialError } from './credential-error.ts';
import { KEY_BYTES } from './seal.ts';

/** A place for keys by id. Every call may throw: a full disk, or CredentialError for a keychain that is locked. */
export interface MasterKeys {
  /** For messages: `the system keychain`, or the file's path. */
  readonly place: string;
  get(id: string): Uint8Array | undefined;
  put(id: string, key: Uint8Array): void;
  remove(id: string): void;
}

const SERVICE = 'sluice';

/**
 * The keychain of macOS, Windows, or a desktop's Secret Service; undefined if none answers. The kernel's keyring does not count, since it
 * forgets at reboot.
 */
export function findKeychain(): MasterKeys | undefined {
  try {
    const { Entry } = createRequire(import.meta.url)('@napi-rs/keyring') as typeof import('@napi-rs/keyring');
    const entry = (id: string) => new Entry(SERVICE, id, { linux: { store: 'secret-service' } });
    // Asking for a missing entry shows whether a keychain answers.
    entry('probe').getSecret();
    return {
      place: 'the system keychain',
      get(id) {
        const secret = asked('does not return the key of the stored credentials', SESSION, () =>
          entry(id).getSecret(),
        );
        return secret === null ? undefined : Uint8Array.from(secret);
      },
      put: (id, key) => asked('does not store the key', FILE_INSTEAD, () => entry(id).setSecret(key)),
      remove(id) {
        asked('does not delete a key that is no longer used', SESSION, () => entry(id).deleteCredential());
      },
    };
  } catch {
    return undefined;
  }
}

const SESSION = 'run as the user and in the session that stored them';
/** A session without a desktop often has a Secret Service, but nothing to store secrets in. */
const FILE_INSTEAD = 'keep the key in a file that only you can read: SLUICE_KEYCHAIN=off';

/** Runs `work`. Throws CredentialError if the keychain answers but refuses, as a locked one does. */
function asked<T>(refusal: string, remedy: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CredentialError(`the system keychain ${refusal} (${reason}); unlock it, or ${remedy}`, {
      cause,
    });
  }
}

/** One line per key, `ID BASE64`, in a file that only its owner can read. Writers must not overlap. */
export function createKeyFile(path: string): MasterKeys {
  const read = (): Map<string, string> => {
    if (!existsSync(path)) return new Map();
    const lines = readFileSync(path, 'utf8').split('\n');
    return new Map(lines.flatMap((line) => (/^(\S+) (\S+)$/.test(line) ? [splitLine(line)] : [])));
  };
  const write = (keys: ReadonlyMap<string, string>): void => {
    if (keys.size === 0) rmSync(path, { force: true });
    else replaceFile(path, [...keys].map((pair) => `${pair.join(' ')}\n`).join(''));
  };
  return {
    place: path,
    get(id) {
      const text = read().get(id);
      if (text === undefined) return undefined;
      const key = Buffer.from(text, 'base64');
      if (key.length !== KEY_BYTES) throw new Error(`${path} is damaged: restore it from a backup`);
      return key;
    },
    put: (id, key) => write(read().set(id, Buffer.from(key).toString('base64'))),
    remove(id) {
      const keys = read();
      if (keys.delete(id)) write(keys);
    },
  };
}

function splitLine(line: string): [id: string, key: string] {
  const at = line.indexOf(' ');
  return [line.slice(0, at), line.slice(at + 1)];
}

/** Atomic: whatever happens in between, either the old text or the new one is there. */
function replaceFile(path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}
