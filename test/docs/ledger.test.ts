// docs/ledger.md: what it says deletes the conversations of one project does, in both stores, and leaves all else.
import { Database } from 'bun:sqlite';
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SQL } from 'bun';
import { createPostgresStore } from '../../src/ledger/postgres/store.ts';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';
import { ALL } from '../ledger/store-suite.ts';
import { sampleRow } from '../support/ledger-rows.ts';
import { hasPostgres, sharedCluster } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const PAGE = readFileSync(join(import.meta.dir, '../../docs/ledger.md'), 'utf8');
const [, SQLITE = ''] = /\.timeout 10000\n([\s\S]*?)\nEND/.exec(PAGE) ?? [];
const [, POSTGRES = ''] = /```sql\n(DELETE[\s\S]*?)```/.exec(PAGE) ?? [];

/** A long body is stored by itself. */
const LONG = 'x'.repeat(200_000);

const said = (projectId: string, length: string) =>
  sampleRow({
    requestId: `${projectId} ${length}`,
    projectId,
    errorMessage: 'it said “hello”',
    requestHeaders: { 'anthropic-beta': 'one' },
    requestBody: `{"said":"hello ${length === 'long' ? LONG : ''}"}`,
    responseBody: '{"told":"hello"}',
  });

async function afterDeletion(store: LedgerStore, remove: () => Promise<void> | void): Promise<void> {
  for (const projectId of ['web', 'data'])
    for (const length of ['short', 'long']) await store.append([said(projectId, length)]);
  const page = { ...ALL, includeBodies: true };
  const totals = await store.totals();
  await remove();
  const { rows, total } = await store.audit(page);
  expect(total).toBe(4);
  expect(await store.totals()).toEqual(totals);
  for (const { requestId, projectId, requestBody, responseBody, errorMessage, requestHeaders } of rows) {
    const left = [requestBody, responseBody, errorMessage, requestHeaders].map((text) => text !== null);
    expect([requestId, left]).toEqual([requestId, Array(4).fill(projectId === 'data')]);
  }
  const { rows: ofWeb } = await store.audit({ ...page, projectId: 'web' });
  expect(ofWeb.map(({ usage, attempts }) => [usage.inputTokens > 0, attempts])).toEqual(
    Array(2).fill([true, []]),
  );
}

test('in SQLite', async () => {
  const folder = temporaryFolder('deletion');
  const store = createSqliteStore(join(folder, 'sluice.db'));
  try {
    await afterDeletion(store, () => {
      const database = new Database(join(folder, 'sluice.db'));
      const count = (table: string) => database.query(`SELECT * FROM ${table}`).all().length;
      const before = [count('ledger_bundle'), count('ledger_body')];
      database.run(SQLITE);
      expect([before, count('ledger_bundle'), count('ledger_body')]).toEqual([[2, 2], 1, 1]);
      database.close();
    });
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
});

describe.skipIf(!hasPostgres)('in PostgreSQL', () => {
  test('its statements give what the page says', async () => {
    const cluster = await sharedCluster();
    const url = await cluster.createDatabase();
    const store = createPostgresStore(url);
    try {
      await afterDeletion(store, async () => {
        const client = new SQL(url, { max: 1 });
        await client.unsafe(POSTGRES);
        await client.close();
      });
    } finally {
      await store.close();
    }
  });
});
