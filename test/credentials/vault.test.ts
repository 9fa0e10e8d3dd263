// The credential store: nothing readable on disk, nothing lost between processes, and a key that can be changed.
import { Database } from 'bun:sqlite';
import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCredentialChanges } from '../../src/cli/serve/credential-changes.ts';
import { createKey, seal, unseal } from '../../src/credentials/seal.ts';
import { CredentialError } from '../../src/credentials/credential-error.ts';
import {
  exposedKey,
  listCredentials,
  lookUpCredential,
  openVault,
  vaultPath,
} from '../../src/credentials/vault.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const TEMPORARY = temporaryFolder('vault');
// With `force`: a keyring that ends takes its own sockets away meanwhile.
afterAll(() => rmSync(TEMPORARY, { recursive: true, force: true }));
const newHome = () => mkdtempSync(join(TEMPORARY, 'home-'));
const open = (home: string) => openVault(home, { keys: 'file' });
const SECRET = 'sk-marked-0123456789abcdef';

describe('seal', () => {
  test('opens with its key and name alone, and every change is noticed', () => {
    const key = createKey();
    const sealed = seal(key, 'one', SECRET);
    expect(unseal(key, 'one', sealed)).toBe(SECRET);
    expect(() => unseal(key, 'other', sealed)).toThrow();
    expect(() => unseal(createKey(), 'one', sealed)).toThrow();
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => unseal(key, 'one', changed)).toThrow();
    }
  });

  test('the same secret is never sealed alike', () => {
    const key = createKey();
    expect(seal(key, 'one', SECRET)).not.toEqual(seal(key, 'one', SECRET));
  });
});

describe('a vault', () => {
  test('keeps what it is given, across openings, and lists names alone', () => {
    const home = newHome();
    const first = open(home);
    first.store('openai', SECRET);
    first.store('anthropic', `  ${SECRET}-2\n`);
    first.close();
    const second = open(home);
    expect(second.retrieve('openai')).toBe(SECRET);
    expect(second.retrieve('anthropic')).toBe(`${SECRET}-2`);
    expect(second.retrieve('missing')).toBeUndefined();
    expect(second.list().map(({ name }) => name)).toEqual(['anthropic', 'openai']);
    expect(JSON.stringify(second.list())).not.toContain('sk-');
    expect(second.delete('openai')).toBe(true);
    expect(second.delete('openai')).toBe(false);
    expect(second.retrieve('openai')).toBeUndefined();
    second.close();
  });

  test('a look makes no store where there is none', () => {
    const home = newHome();
    expect(lookUpCredential(home, 'openai', { keys: 'file' })).toBeUndefined();
    expect(listCredentials(home)).toEqual([]);
    expect(readdirSync(home)).toEqual([]);
  });

  test('holds nothing readable on disk, and files are the owner’s alone', () => {
    const home = join(newHome(), 'made');
    const vault = open(home);
    vault.store('openai', SECRET);
    vault.delete('openai');
    vault.store('openai', SECRET);
    vault.close();
    expect(statSync(home).mode & 0o077).toBe(0);
    for (const name of readdirSync(home)) {
      const path = join(home, name);
      expect(readFileSync(path, 'latin1')).not.toContain('sk-marked');
      expect(statSync(path).mode & 0o077, name).toBe(0);
    }
  });

  test.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o620])(
    'a key that others may read or write is told of, one that is the owner’s alone is not: %o',
    (mode) => {
      const home = newHome();
      open(home).store('openai', SECRET);
      chmodSync(home, 0o755);
      expect(exposedKey(home)).toBeUndefined();
      chmodSync(join(home, 'credentials.key'), mode);
      expect(exposedKey(home)).toContain(`(mode ${mode.toString(8)})`);
      // Where nobody else gets as far as the file.
      chmodSync(home, 0o700);
      expect(exposedKey(home)).toBeUndefined();
    },
  );

  test('what has changed since the last look is told by name: what is new or has another value, and what is gone', () => {
    const home = newHome();
    let now = 1_000;
    const vault = openVault(home, { keys: 'file', now: () => now });
    for (const name of ['kept', 'renewed', 'deleted']) vault.store(name, SECRET);
    const changes = createCredentialChanges(home);
    expect(changes()).toEqual({ stored: [], deleted: [] });
    now = 2_000;
    vault.store('renewed', `${SECRET}-2`);
    vault.store('new', SECRET);
    vault.delete('deleted');
    expect(changes()).toEqual({ stored: ['new', 'renewed'], deleted: ['deleted'] });
    expect(changes()).toEqual({ stored: [], deleted: [] });
    vault.close();
  });

  test('a new master key opens everything, and the old one is gone', () => {
    const home = newHome();
    let now = 1_000;
    const vault = openVault(home, { keys: 'file', now: () => now });
    for (const name of ['one', 'two', 'three']) vault.store(name, `${SECRET}-${name}`);
    now = 2_000;
    const before = readFileSync(join(home, 'credentials.key'), 'utf8').trim();
    expect(vault.rotate()).toBe(3);
    const after = readFileSync(join(home, 'credentials.key'), 'utf8').trim();
    expect(after.split('\n')).toHaveLength(1);
    expect(after).not.toBe(before);
    expect(vault.retrieve('two')).toBe(`${SECRET}-two`);
    // When each was stored is not when it was sealed anew.
    expect(vault.list().map(({ updatedAt }) => updatedAt)).toEqual([1_000, 1_000, 1_000]);
    vault.close();
    // The sealed bytes no longer open with the old key.
    writeFileSync(join(home, 'credentials.key'), before);
    expect(() => lookUpCredential(home, 'two', { keys: 'file' })).toThrow(CredentialError);
  });

  test('a lost key is reported with what to do, not taken for a missing name', () => {
    const home = newHome();
    const vault = open(home);
    vault.store('openai', SECRET);
    vault.close();
    rmSync(join(home, 'credentials.key'));
    expect(() => lookUpCredential(home, 'openai', { keys: 'file' })).toThrow(
      /is not in .*credentials\.key.*restore it/,
    );
  });

  test('a damaged key is reported as that', () => {
    const home = newHome();
    const vault = open(home);
    vault.store('openai', SECRET);
    vault.close();
    const path = join(home, 'credentials.key');
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -9));
    expect(() => lookUpCredential(home, 'openai', { keys: 'file' })).toThrow(
      /credentials\.key is damaged: restore it/,
    );
  });

  test.each([
    ['lost', (path: string) => rmSync(path)],
    ['damaged', (path: string) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, -9))],
  ])('who has %s the key deletes the credentials and stores them again', (_, harm) => {
    const home = newHome();
    const vault = open(home);
    for (const name of ['one', 'two']) vault.store(name, SECRET);
    harm(join(home, 'credentials.key'));
    vault.delete('one');
    // What is left is not sealed with two keys.
    expect(() => vault.store('one', SECRET)).toThrow(/credentials\.key/);
    vault.delete('two');
    vault.store('one', SECRET);
    vault.store('two', SECRET);
    expect([vault.retrieve('one'), vault.retrieve('two')]).toEqual([SECRET, SECRET]);
    vault.close();
    expect(lookUpCredential(home, 'two', { keys: 'file' })).toBe(SECRET);
  });

  test('of what is deleted nothing stays in the file, sealed as it was', () => {
    const home = newHome();
    const vault = open(home);
    vault.store('openai', SECRET);
    const database = new Database(vaultPath(home), { readonly: true });
    const sealed = database.query<{ sealed: Uint8Array }, []>('SELECT sealed FROM credential').get()?.sealed;
    database.close();
    const isThere = () => readFileSync(vaultPath(home)).includes(sealed ?? '');
    expect(isThere()).toBe(true);
    vault.delete('openai');
    expect(isThere()).toBe(false);
    vault.close();
  });

  test('a changed value, or one moved under another name, does not open', () => {
    const home = newHome();
    const vault = open(home);
    vault.store('one', SECRET);
    vault.store('two', 'other');
    vault.close();
    const database = new Database(vaultPath(home));
    database.run(
      `UPDATE credential SET sealed = (SELECT sealed FROM credential WHERE name = 'one') WHERE name = 'two'`,
    );
    database.close();
    expect(() => lookUpCredential(home, 'two', { keys: 'file' })).toThrow(/two cannot be decrypted/);
    expect(lookUpCredential(home, 'one', { keys: 'file' })).toBe(SECRET);
  });

  test('a file that is no database says so', () => {
    const home = newHome();
    writeFileSync(vaultPath(home), 'this is no database, however long it may be');
    expect(() => open(home)).toThrow(/credentials\.db cannot be opened/);
  });

  test('a file in the place of its folder says so', () => {
    const home = join(newHome(), 'file');
    writeFileSync(home, '');
    expect(() => open(home)).toThrow(/a file is in the place of its folder: move it away, or .*SLUICE_HOME$/);
  });

  test.each(['', 'a b', '../x', '-x', 'x'.repeat(129)])('%j is no name', (name) => {
    const vault = open(newHome());
    expect(() => vault.store(name, SECRET)).toThrow(/not a name for a credential/);
    vault.close();
  });

  test('nothing is not a value', () => {
    const vault = open(newHome());
    expect(() => vault.store('x', ' \n')).toThrow(/is empty/);
    vault.close();
  });
});

test('processes that store and rotate at the same time lose nothing', async () => {
  const home = newHome();
  const writer = `
    const { openVault } = await import(${JSON.stringify(join(import.meta.dir, '../../src/credentials/vault.ts'))});
    const [home, worker] = process.argv.slice(-2);
    for (let round = 0; round < 10; round++) {
      const vault = openVault(home, { keys: 'file' });
      vault.store('w' + worker + '-' + round, 'value-' + worker + '-' + round);
      if (round === 5) vault.rotate();
      vault.close();
    }`;
  const script = join(home, '..', 'writer.ts');
  writeFileSync(script, writer);
  const children = [0, 1, 2].map((worker) =>
    Bun.spawn([process.execPath, script, home, String(worker)], { stderr: 'pipe' }),
  );
  for (const child of children) expect(await child.exited, await new Response(child.stderr).text()).toBe(0);
  const vault = open(home);
  expect(vault.list()).toHaveLength(30);
  for (let worker = 0; worker < 3; worker++) {
    for (let round = 0; round < 10; round++)
      expect(vault.retrieve(`w${worker}-${round}`)).toBe(`value-${worker}-${round}`);
  }
  vault.close();
});

test('processes that rotate at the same time keep the newest key, and no other', async () => {
  const home = newHome();
  const vault = open(home);
  vault.store('x', SECRET);
  const script = join(home, '..', 'rotator.ts');
  writeFileSync(
    script,
    `
    const { openVault } = await import(${JSON.stringify(join(import.meta.dir, '../../src/credentials/vault.ts'))});
    const vault = openVault(process.argv.at(-1), { keys: 'file' });
    for (let round = 0; round < 20; round++) vault.rotate();
    vault.close();`,
  );
  const children = [0, 1].map(() => Bun.spawn([process.execPath, script, home], { stderr: 'pipe' }));
  for (const child of children) expect(await child.exited, await new Response(child.stderr).text()).toBe(0);
  expect(vault.retrieve('x')).toBe(SECRET);
  expect(readFileSync(join(home, 'credentials.key'), 'utf8').trim().split('\n')).toHaveLength(1);
  vault.close();
});

/** A desktop's Secret Service, the real one, in a session bus of its own. */
const KEYRING_TOOLS = ['dbus-run-session', 'gnome-keyring-daemon'].every((name) => Bun.which(name) !== null);
const unlessKeyring = test.skipIf(!KEYRING_TOOLS && process.env.CI !== 'true');

/** What `code` prints in such a session, where `vault` is open; `before` is done in its shell. */
async function inSession(home: string, before: string, code: string): Promise<string> {
  const script = join(home, 'use.ts');
  const vault = JSON.stringify(join(import.meta.dir, '../../src/credentials/vault.ts'));
  writeFileSync(
    script,
    `const { openVault } = await import(${vault});\nconst vault = openVault(process.argv.at(-1));\n${code}`,
  );
  const child = Bun.spawn(
    ['dbus-run-session', '--', 'sh', '-c', `${before} exec "$0" "$@"`, process.execPath, script, home],
    { env: { ...process.env, HOME: home, XDG_RUNTIME_DIR: home }, stdout: 'pipe', stderr: 'pipe' },
  );
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(await child.exited, err).toBe(0);
  return out.trim();
}

const UNLOCK = 'printf x | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1;';

unlessKeyring(
  'where there is a keychain the key lies there and in no file (needs dbus and gnome-keyring)',
  async () => {
    const home = newHome();
    const out = await inSession(
      home,
      UNLOCK,
      `vault.store('openai', ${JSON.stringify(SECRET)});
       const { Database } = await import('bun:sqlite');
       const { key_id } = new Database(${JSON.stringify(vaultPath(home))}).query('SELECT * FROM current_key').get();
       const { findKeychain } = await import(${JSON.stringify(join(import.meta.dir, '../../src/credentials/master-keys.ts'))});
       const had = findKeychain().get(key_id);
       vault.rotate();
       console.log(vault.keyPlace(), vault.retrieve('openai'), had?.length, findKeychain().get(key_id));`,
    );
    expect(out).toBe(`the system keychain ${SECRET} 32 undefined`);
    expect(readdirSync(home)).not.toContain('credentials.key');
    // Outside that session nobody answers for it: told, not taken for a missing name.
    expect(() => lookUpCredential(home, 'openai', { keys: 'file' })).toThrow(/system keychain/);
  },
);

unlessKeyring(
  'where a file is wished for new keys lie there, and what a keychain has sealed moves with them (needs dbus and gnome-keyring)',
  async () => {
    const [home, moved] = [newHome(), newHome()];
    const place = await inSession(
      home,
      UNLOCK,
      `const chosen = openVault(process.argv.at(-1), { keys: 'file' });
       console.log(chosen.keyPlace());
       chosen.store('openai', ${JSON.stringify(SECRET)});`,
    );
    expect(place).toBe(join(home, 'credentials.key'));
    await inSession(
      moved,
      UNLOCK,
      `vault.store('openai', ${JSON.stringify(SECRET)});
       openVault(process.argv.at(-1), { keys: 'file' }).rotate();`,
    );
    for (const each of [home, moved]) expect(lookUpCredential(each, 'openai', { keys: 'file' })).toBe(SECRET);
  },
);

unlessKeyring(
  'a keychain that keeps nothing, or is locked, is what is to blame, and not a file (needs dbus and gnome-keyring)',
  async () => {
    const tell = (call: string) =>
      `try { ${call}; } catch (thrown) { console.log(thrown.name, thrown.message); }`;
    const store = tell("vault.store('openai', 'value')");
    expect(
      await inSession(newHome(), 'gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1;', store),
    ).toMatch(
      /^CredentialError the system keychain does not store the key \(.+\); unlock it, or keep .+ SLUICE_KEYCHAIN=off$/,
    );
    const lock = [
      ...[
        'dbus-send',
        '--session',
        '--print-reply',
        '--dest=org.freedesktop.secrets',
        '/org/freedesktop/secrets',
      ],
      ...['org.freedesktop.Secret.Service.Lock', 'array:objpath:/org/freedesktop/secrets/collection/login'],
    ];
    const locked = `vault.store('openai', 'value'); Bun.spawnSync(${JSON.stringify(lock)}); `;
    expect(await inSession(newHome(), UNLOCK, locked + tell("vault.retrieve('openai')"))).toMatch(
      /^CredentialError the system keychain does not return the key .+; unlock it, or run as the user/,
    );
  },
);
