// The ledger's file as other programs leave it: SQLite's own files beside one that was moved away, one that was cut, one that is none.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { openDatabaseFile } from '../../src/ledger/sqlite/database-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('file');
});
afterEach(() => rmSync(folder, { recursive: true }));

const LOGS = ['-wal', '-shm'];

test('SQLite’s files go with one that was moved away: a new ledger at its place must not read them', () => {
  const path = join(folder, 'ledger.db');
  const file = openDatabaseFile(path);
  expect(LOGS.map((suffix) => existsSync(path + suffix))).toEqual([true, true]);
  renameSync(path, join(folder, 'away.db'));
  expect(file.isAstray()).toBe(true);
  file.close();
  expect(LOGS.map((suffix) => existsSync(path + suffix))).toEqual([false, false]);
});

test('and stay where they are another’s by now', () => {
  const path = join(folder, 'ledger.db');
  const file = openDatabaseFile(path);
  renameSync(path, join(folder, 'away.db'));
  for (const suffix of LOGS) {
    rmSync(path + suffix);
    writeFileSync(path + suffix, 'theirs');
  }
  file.close();
  expect(LOGS.map((suffix) => readFileSync(path + suffix, 'utf8'))).toEqual(['theirs', 'theirs']);
});

test('one that has grown since it was opened is cut also where it is longer than it was then', () => {
  const path = join(folder, 'ledger.db');
  const file = openDatabaseFile(path);
  const { size: atFirst } = statSync(path);
  file.database.run('CREATE TABLE more AS SELECT zeroblob(1000000) AS bytes');
  file.database.run('PRAGMA wal_checkpoint(TRUNCATE)');
  expect(file.isCut()).toBe(false);
  truncateSync(path, atFirst + 500_000);
  expect(file.isCut()).toBe(true);
  file.database.close();
});

test.skipIf(!existsSync('/proc/self/fd'))(
  'one that is no ledger is not held open, however often it is tried',
  () => {
    const path = join(folder, 'ledger.db');
    writeFileSync(path, 'no database'.repeat(1_000));
    const held = () =>
      readdirSync('/proc/self/fd').filter((descriptor) => {
        try {
          return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(path);
        } catch {
          // The one that this look itself had.
          return false;
        }
      });
    for (let times = 0; times < 3; times++) expect(() => openDatabaseFile(path)).toThrow();
    expect(held()).toEqual([]);
  },
);
