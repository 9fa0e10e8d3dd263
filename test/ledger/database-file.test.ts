// SQLite's own files beside a ledger that was moved away while it was open.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabaseFile } from '../../src/ledger/sqlite/database-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('file');
});
afterEach(() => rmSync(folder, { recursive: true }));

const LOGS = ['-wal', '-shm'];

test('go with it: a new ledger at its place must not read them', () => {
  const path = join(folder, 'ledger.db');
  const file = openDatabaseFile(path);
  expect(LOGS.map((suffix) => existsSync(path + suffix))).toEqual([true, true]);
  renameSync(path, join(folder, 'away.db'));
  expect(file.isAstray()).toBe(true);
  file.close();
  expect(LOGS.map((suffix) => existsSync(path + suffix))).toEqual([false, false]);
});

test('stay where they are another’s by now', () => {
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
