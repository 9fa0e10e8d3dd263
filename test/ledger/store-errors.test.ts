// Ledgers that cannot be used: the message names the place, the reason and what to do.
import { Database } from 'bun:sqlite';
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SQL } from 'bun';
import { createPostgresClient } from '../../src/ledger/postgres/client.ts';
import { createPostgresStore } from '../../src/ledger/postgres/store.ts';
import { createRecoveringSqliteStore } from '../../src/ledger/sqlite/recovering-store.ts';
import { StoreBusy } from '../../src/ledger/store-busy.ts';
import { postgresError, sqliteError } from '../../src/ledger/store-errors.ts';
import type { ValueStore } from '../../src/ledger/store-messages.ts';
import { sampleRow } from '../support/ledger-rows.ts';
import { hasPostgres, sharedCluster } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HOME = temporaryFolder('errors');
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
  const failureAt = (path: string) => failureOf(createRecoveringSqliteStore(path, () => {}));

  test('a folder in its place', async () => {
    mkdirSync(at('folder'));
    expect(await failureAt(at('folder'))).toMatch(
      /^Error: \S+\/folder: EISDIR: .*; a folder has its name: move it away, or name another folder with SLUICE_HOME$/,
    );
  });

  test('a place that is taken once the damaged file has been set aside', async () => {
    writeFileSync(at('damaged.db'), 'no database, and long enough to be looked at '.repeat(100));
    const store = createRecoveringSqliteStore(at('damaged.db'), () => mkdirSync(at('damaged.db')));
    expect(await failureOf(store)).toMatch(/\/damaged\.db: EISDIR: .*; a folder has its name: /);
  });

  test('a file where its folder should be', async () => {
    writeFileSync(at('file'), '');
    expect(await failureAt(at('file', 'sluice.db'))).toMatch(/; a file is in the place of its folder: /);
  });

  test('one that another program holds', async () => {
    const database = new Database(at('held.db'), { create: true });
    database.run('CREATE TABLE x (y)');
    database.run('BEGIN EXCLUSIVE');
    try {
      expect(await failureAt(at('held.db'))).toMatch(
        /held\.db: database is locked; another program has locked it: let it finish if it is a gateway that migrates it/,
      );
    } finally {
      database.close();
    }
  });

  test('a full disk: none of the rows is to blame', () => {
    const database = new Database(at('full.db'), { create: true });
    database.run('CREATE TABLE x (y)');
    database.run('PRAGMA max_page_count = 3');
    try {
      database.run('INSERT INTO x VALUES (zeroblob(100000))');
    } catch (thrown) {
      const error = sqliteError(at('full.db'), thrown);
      expect(error).toBeInstanceOf(StoreBusy);
      expect(error.message).toMatch(/full\.db: database or disk is full; make room there, /);
    } finally {
      database.close();
    }
    expect.assertions(2);
  });

  test.each([
    ['SQLITE_IOERR_SHMMAP', 'its file system cannot map files into memory'],
    ['SQLITE_IOERR_SHMSIZE', 'make room there'],
    ['SQLITE_IOERR_WRITE', 'the disk fails or is full'],
  ])('%s: none of the rows is to blame', (code, remedy) => {
    const error = sqliteError(at('odd.db'), Object.assign(new Error('disk I/O error'), { code }));
    expect(error).toBeInstanceOf(StoreBusy);
    expect(error.message).toStartWith(`${at('odd.db')}: disk I/O error; ${remedy}`);
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
      /^Error: PostgreSQL at 127\.0\.0\.1:9\/\w+: Failed to connect; check that it runs, and that audit\.store has its address$/,
    ],
    [
      'a wrong password',
      (url) => {
        url.password = 'wrong';
      },
      /; put a valid user and password into audit\.store$/,
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
    [
      'no file of its authority',
      (url) => {
        url.searchParams.set('sslmode', 'verify-full');
        url.searchParams.set('sslrootcert', '/absent/ca.pem');
      },
      /: sslrootcert=\/absent\/ca\.pem: Unable to access caFile path$/,
    ],
  ];
  test.each(cases)('%s', async (_, change, expected) => {
    expect(await failureAt(await changed(change))).toMatch(expected);
  });

  describe('failures that are not caused by the rows', () => {
    const failureWith = async (state: string): Promise<unknown> => {
      const client = createPostgresClient(await (await sharedCluster()).createDatabase());
      const raise = `DO $$ BEGIN RAISE EXCEPTION 'it fails' USING ERRCODE = '${state}'; END $$`;
      try {
        return await client.query(raise).catch((thrown: unknown) => thrown);
      } finally {
        await client.close();
      }
    };

    test.each([
      ['53100', 'no room', /; make room on its disk$/],
      ['53300', 'too many connections', /max_connections/],
      ['40001', 'not one after the other', /; other transactions lock its tables: let them end$/],
      ['40P01', 'a deadlock', /; other transactions lock its tables: let them end$/],
      ['55P03', 'a lock that does not come', /; other transactions lock its tables: let them end$/],
      ['57P01', 'shut down', /; it is starting or shutting down: wait, and see its log$/],
      [
        '57P02',
        'another of its processes crashed',
        /; it is starting or shutting down: wait, and see its log$/,
      ],
      ['57P03', 'it starts', /; it is starting or shutting down: wait, and see its log$/],
      [
        '42P05',
        'a pooler’s connection has that statement',
        /; this is a pooler .*: name the server itself in audit\.store$/,
      ],
      [
        '26000',
        'a pooler’s connection has no such statement',
        /; this is a pooler .*: name the server itself/,
      ],
      ['25006', 'a standby', /; it is a standby or read-only: name the primary server/],
      ['28P01', 'a password that was changed', /; put a valid user and password/],
      ['28000', 'a user who is gone, or let in no more', /; create this user if there is none, and let /],
      ['42501', 'a right that was taken away', /; let this user create tables there/],
    ])('%s, %s: the store is busy', async (state, _, mend) => {
      const failure = await failureWith(state);
      expect(failure).toBeInstanceOf(StoreBusy);
      expect(String(failure)).toContain(': it fails; ');
      expect(String(failure)).toMatch(mend);
    });

    test.each([
      ['22001', 'too long'],
      ['22P02', 'not a number'],
      ['22003', 'too large a number'],
      ['54000', 'a limit of the server'],
      ['22P05', 'a letter that its encoding lacks'],
      // One that takes ever longer would otherwise hold up all that come behind it.
      ['57014', 'a statement that took too long'],
    ])('%s, %s: the row may be to blame', async (state) => {
      const failure = await failureWith(state);
      expect(failure).toBeInstanceOf(Error);
      expect(failure).not.toBeInstanceOf(StoreBusy);
    });

    test('a statement that is cancelled for its time: the message says what may hold it up', async () => {
      expect(String(await failureWith('57014'))).toMatch(
        /; other transactions may lock its tables, as a migration /,
      );
    });

    test('a user who is not admitted without TLS: the message suggests sslmode', async () => {
      expect(String(await failureWith('28000'))).toMatch(
        /, if it requires TLS, add \?sslmode=require to audit/,
      );
      expect(String(await failureWith('28P01'))).toMatch(/; put a valid user and password/);
    });

    test.each([
      [
        'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
        'name the certificate file of its authority in audit.store: sslrootcert=PATH',
      ],
      [
        'SELF_SIGNED_CERT_IN_CHAIN',
        'name the certificate file of its authority in audit.store: sslrootcert=PATH',
      ],
      [
        'DEPTH_ZERO_SELF_SIGNED_CERT',
        'name the certificate file of its authority in audit.store: sslrootcert=PATH',
      ],
      ['ERR_TLS_CERT_ALTNAME_INVALID', 'name the server in audit.store as its certificate does'],
    ])('a certificate that is not taken, %s: the mend', (code, mend) => {
      const thrown = Object.assign(new Error('not taken'), { code, errno: 0 });
      expect(postgresError('db:5432/ledger', thrown, 'not taken').message).toStartWith(
        `PostgreSQL at db:5432/ledger: not taken; ${mend}`,
      );
    });

    test('a server that is not reached, and one whose connection ends', async () => {
      const away = createPostgresClient('postgres://nobody:x@127.0.0.1:9/none');
      expect(await away.query('SELECT 1').catch((thrown: unknown) => thrown)).toBeInstanceOf(StoreBusy);
      await away.close();
      const client = createPostgresClient(await (await sharedCluster()).createDatabase());
      try {
        const ended = client.query('SELECT pg_terminate_backend(pg_backend_pid())');
        expect(await ended.catch((thrown: unknown) => thrown)).toBeInstanceOf(StoreBusy);
        expect(await client.query<{ one: number }>('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      } finally {
        await client.close();
      }
    });

    test('a month that cannot be made while other work holds the tables gives up no row', async () => {
      const url = await (await sharedCluster()).createDatabase();
      const store = createPostgresStore(url);
      const other = new SQL(url, { max: 1 });
      try {
        await store.append([sampleRow({ requestId: 'known' })]);
        const held = other.begin(async (inside) => {
          await inside.unsafe('LOCK TABLE ledger_row IN SHARE UPDATE EXCLUSIVE MODE');
          const late = sampleRow({ requestId: 'late', timestamp: Date.UTC(2027, 0, 1) });
          const failure = await store.append([late]).catch((thrown: unknown) => thrown);
          expect(failure).toBeInstanceOf(StoreBusy);
          await store.append([sampleRow({ requestId: 'meanwhile' })]);
        });
        await held;
        expect((await store.totals()).requests).toBe(2);
      } finally {
        await other.close();
        await store.close();
      }
    });
  });

  test('a pooler that takes no settings, as PgBouncer does', async () => {
    const pooler = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        data(socket) {
          const fields = ['SFATAL', 'C08P01', 'Munsupported startup parameter: statement_timeout', ''];
          const said = Buffer.from(fields.map((field) => `${field}\0`).join(''));
          const head = Buffer.alloc(5, 'E');
          head.writeInt32BE(said.length + 4, 1);
          socket.end(Buffer.concat([head, said]));
        },
      },
    });
    try {
      expect(await failureAt(`postgres://sluice:secret@127.0.0.1:${pooler.port}/ledger`)).toMatch(
        /statement_timeout; this is a pooler .*: name the server itself in audit\.store$/,
      );
    } finally {
      pooler.stop(true);
    }
  });

  test('a database that cannot write every language is refused before it has rows', async () => {
    const url = await changed(() => {});
    const admin = new SQL(url, { max: 1 });
    await admin.unsafe("CREATE DATABASE western ENCODING 'WIN1252' TEMPLATE template0 LOCALE 'C'");
    await admin.unsafe("CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'");
    await admin.close();
    const at = (name: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href;
    expect(await failureAt(at('western'))).toMatch(/WIN1252, .*: name a database .* ENCODING 'UTF8'/);
    expect(await failureAt(at('bytes'))).toBe('none');
  });

  test('a user who may create nothing', async () => {
    const url = await changed(() => {});
    const admin = new SQL(url, { max: 1 });
    await admin.unsafe("CREATE ROLE bystander LOGIN PASSWORD 'x'");
    // Before PostgreSQL 15 everybody may.
    await admin.unsafe('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await admin.close();
    const other = new URL(url);
    [other.username, other.password] = ['bystander', 'x'];
    expect(await failureAt(other.href)).toMatch(/; let this user create tables there, or name another/);
  });
});
