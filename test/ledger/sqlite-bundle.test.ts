// Bodies that SQLite keeps together: found by their rows, gone with the last of them, and never there twice.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import type { ValueStore } from '../../src/ledger/store-messages.ts';
import { expireAll, SAMPLE_TIME, variedRows } from '../support/ledger-rows.ts';
import { ALL } from './store-suite.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const WITH_BODIES = { ...ALL, includeBodies: true };

/** A body by itself, a row without any, and every length up to some thousands. */
function rowsWithBodies(count: number, firstIndex = 0): LedgerRow[] {
  return variedRows(count, firstIndex).map((row, offset) => {
    const index = firstIndex + offset;
    return {
      ...row,
      requestBody: index % 5 === 0 ? null : `{"ask":"${'größer 🦭 '.repeat(index % 90)}${index}"}`,
      responseBody: index % 3 === 0 ? null : `{"answer":"${'\0é'.repeat(index % 70)}${index}"}`,
    };
  });
}

function bodiesOf(rows: readonly LedgerRow[]): (string | null)[][] {
  return rows.map(({ requestId, requestBody, responseBody }) => [requestId, requestBody, responseBody]);
}

describe('bodies of rows that came together', () => {
  let directory: string;
  let store: ValueStore;
  let file: Database;
  beforeEach(async () => {
    directory = temporaryFolder('bundle');
    const path = join(directory, 'ledger.db');
    store = createSqliteStore(path);
    file = new Database(path);
  });
  afterEach(async () => {
    file.close();
    await store.close();
    await rm(directory, { recursive: true });
  });

  const count = (table: string): number =>
    file.query<{ n: number }, []>(`SELECT COUNT(*) AS n FROM ${table}`).get()?.n ?? -1;

  const kept = async (filter: object = {}): Promise<(string | null)[][]> =>
    bodiesOf((await store.audit({ ...WITH_BODIES, ...filter })).rows.reverse());

  test('each comes back with its row, and none by itself', async () => {
    const rows = rowsWithBodies(200);
    await store.append(rows);
    expect(await kept()).toEqual(bodiesOf(rows));
    expect(count('ledger_bundle')).toBe(7);
    expect(count('ledger_body')).toBe(0);
  });

  test('rows of a page are found in their bundles, whichever it asks for', async () => {
    const rows = rowsWithBodies(200);
    for (let at = 0; at < rows.length; at += 50) await store.append(rows.slice(at, at + 50));
    const ofModel = rows.filter(({ model }) => model === 'model-2');
    expect(await kept({ model: 'model-2' })).toEqual(bodiesOf(ofModel));
    expect(await kept({ limit: 2, offset: 60 })).toEqual(bodiesOf(rows.slice(138, 140)));
  });

  test('a body too long for them stands by itself, beside the others', async () => {
    const rows = rowsWithBodies(3).map((row, index) => ({
      ...row,
      responseBody: 'long '.repeat(index === 1 ? 60_000 : 1),
    }));
    await store.append(rows);
    expect(await kept()).toEqual(bodiesOf(rows));
    expect([count('ledger_bundle'), count('ledger_body')]).toEqual([2, 1]);
  });

  test('rows that come again change nothing; beside new ones they keep their bodies', async () => {
    const rows = rowsWithBodies(40);
    await store.append(rows.slice(0, 20));
    await store.append(rows.slice(0, 20).map((row) => ({ ...row, requestBody: 'another' })));
    expect(count('ledger_bundle')).toBe(1);
    await store.append(rows.map((row, index) => (index < 20 ? { ...row, responseBody: 'another' } : row)));
    expect(await kept()).toEqual(bodiesOf(rows));
  });

  test('rows without bodies have none', async () => {
    await store.append(variedRows(40));
    expect([count('ledger_row'), count('ledger_bundle'), count('ledger_body')]).toEqual([40, 0, 0]);
  });

  test('a bundle goes with the last of its rows', async () => {
    await store.append(rowsWithBodies(20));
    await store.append(rowsWithBodies(20, 20));
    expect(await expireAll(store, SAMPLE_TIME + 10_000)).toBe(10);
    expect(count('ledger_bundle')).toBe(2);
    expect(await kept()).toEqual(bodiesOf(rowsWithBodies(30, 10)));
    expect(await expireAll(store, SAMPLE_TIME + 20_000)).toBe(10);
    expect(count('ledger_bundle')).toBe(1);
    expect(await expireAll(store, SAMPLE_TIME + 40_000)).toBe(20);
    expect(count('ledger_bundle')).toBe(0);
  });

  test('many go in several steps, and the last says so', async () => {
    for (const row of rowsWithBodies(120)) await store.append([row]);
    const steps: boolean[] = [];
    do steps.push((await store.expire(Number.MAX_SAFE_INTEGER)).isDone);
    while (steps.at(-1) === false && steps.length < 10);
    expect(steps).toEqual([false, false, true]);
    expect(count('ledger_bundle')).toBe(0);
  });
});
