// Ledgers that cannot be used: what is said names the place, the reason and the mend.
import { Database } from 'bun:sqlite';
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SQL } from 'bun';
import { createPostgresStore } from '../../src/ledger/postgres/store.ts';
import { createMendingSqliteStore } from '../../src/ledger/sqlite/mending.ts';
import type { ValueStore } from '../../src/ledger/store-messages.ts';
import { hasPostgres, sharedCluster } from '../support/postgres.ts';

const HOME = mkdtempSync(join(tmpdir(), 'sluice-trouble-'));
afterAll(() => rmSync(HOME, { recursive: true }));

async function failureOf(store: ValueStore): Promise<string> {
  try {
    await store.totals();
    return 'none';
  } catch (error) {
    return String(error);
  } finally {
    await store.close().catch(() => undefined);
  }
}

describe('SQLite', () => {
  const at = (...names: string[]) => join(HOME, ...names);
  const failureAt = (path: string) => failureOf(createMendingSqliteStore(path, () => {}));

  test('a folder in its place', async () => {
    mkdirSync(at('folder'));
    expect(await failureAt(at('folder'))).toMatch(
      /^Error: \S+\/folder: EISDIR: .*; a folder has its name: move that away, or name another folder with SLUICE_HOME$/,
    );
  });

  test('a file where its folder should be', async () => {
    writeFileSync(at('file'), '');
    expect(await failureAt(at('file', 'sluice.db'))).toMatch(/; a file stands where its folder should be: /);
  });

  test('one that another program holds', async () => {
    const database = new Database(at('held.db'), { create: true });
    database.run('CREATE TABLE x (y)');
    database.run('BEGIN EXCLUSIVE');
    try {
      expect(await failureAt(at('held.db'))).toMatch(
        /held\.db: database is locked; another program holds it: /,
      );
    } finally {
      database.close();
    }
  });

  test('one of a newer version', async () => {
    const database = new Database(at('newer.db'), { create: true });
    database.run('PRAGMA user_version = 9999');
    database.close();
    expect(await failureAt(at('newer.db'))).toMatch(/newer\.db: .* newer Sluice .*: upgrade Sluice/);
  });
});

describe.if(hasPostgres)('PostgreSQL', () => {
  const failureAt = (url: string) => failureOf(createPostgresStore(url));

  async function changed(change: (url: URL) => void): Promise<string> {
    const url = new URL(await (await sharedCluster()).createDatabase());
    change(url);
    return url.href;
  }

  const cases: [string, (url: URL) => void, RegExp][] = [
    [
      'a port where nobody listens',
      (url) => {
        url.port = '9';
      },
      /^Error: PostgreSQL at 127\.0\.0\.1:9\/\w+: Failed to connect; see that it runs, and that audit\.store has its address$/,
    ],
    [
      'a wrong password',
      (url) => {
        url.password = 'wrong';
      },
      /; put a user and password that it knows into audit\.store$/,
    ],
    [
      'no such database',
      (url) => {
        url.pathname = '/absent';
      },
      /"absent" does not exist; create that database, or name another in audit\.store$/,
    ],
    [
      'no TLS',
      (url) => {
        url.searchParams.set('sslmode', 'require');
      },
      /; set up TLS there, or leave sslmode out of audit\.store$/,
    ],
  ];
  test.each(cases)('%s', async (_, change, expected) => {
    expect(await failureAt(await changed(change))).toMatch(expected);
  });

  test('a user who may create nothing', async () => {
    const url = await changed(() => {});
    const admin = new SQL(url, { max: 1 });
    await admin.unsafe("CREATE ROLE bystander LOGIN PASSWORD 'x'");
    await admin.close();
    const other = new URL(url);
    [other.username, other.password] = ['bystander', 'x'];
    expect(await failureAt(other.href)).toMatch(/; let this user create tables there, or name another/);
  });
});
