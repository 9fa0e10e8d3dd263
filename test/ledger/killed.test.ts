// GUARANTEES 17: after kill -9, rows of requests that ended more than one second before are there.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import { variedRows } from '../support/ledger-rows.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let directory: string;
beforeEach(async () => {
  directory = temporaryFolder('killed');
});
afterEach(() => rm(directory, { recursive: true }));

test('kill -9 loses no row that is more than a second old', async () => {
  const path = join(directory, 'ledger.db');
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'killed-writer.ts'), path], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const { value } = await child.stdout.getReader().read();
  child.kill('SIGKILL');
  await child.exited;
  expect(new TextDecoder().decode(value)).toBe('old\n');
  expect(child.signalCode).toBe('SIGKILL');

  const store = createSqliteStore(path);
  const { rows, total } = await store.audit({ limit: 1000, offset: 0, includeBodies: false });
  const old = rows.filter((row) => row.requestId !== 'req_last');
  expect(old.map((row) => row.requestId).reverse()).toEqual(variedRows(300).map((row) => row.requestId));
  // Rows and sums live and die together.
  expect((await store.totals()).requests).toBe(total);
  await store.close();
});
