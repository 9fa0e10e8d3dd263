// Makes a database of the time when any model could be named "other" out of a present one.
import { expect } from 'bun:test';
import type { LedgerStore } from '../../src/ledger/store.ts';
import { expireAll, sampleRow } from '../support/ledger-rows.ts';

const ALL = { limit: 10, offset: 0, includeBodies: false };

export const BEFORE_HIDING: readonly string[] = [
  'DELETE FROM ledger_sum WHERE span = -1',
  'DROP INDEX ledger_row_other_model',
  'DROP INDEX ledger_row_other_agent',
  'DROP INDEX ledger_row_other_project',
  ...['kind', 'sum', 'row'].map((table) => {
    const number = table === 'kind' ? 'id' : 'kind';
    // Apart from those that were like any already.
    return `UPDATE ledger_${table} SET ${number} = 1000 - ${number} WHERE ${number} < 0`;
  }),
];

export const NAMED_OTHER = [
  sampleRow({ requestId: 'req_model', model: 'other' }),
  sampleRow({ requestId: 'req_project', projectId: 'other', timestamp: sampleRow().timestamp + 1 }),
  sampleRow({ requestId: 'req_plain', model: 'plain', timestamp: sampleRow().timestamp + 2 }),
];

export async function expectFoundByName(store: LedgerStore): Promise<void> {
  await store.append([sampleRow({ requestId: 'req_new', model: 'other', projectId: 'other', timestamp: 0 })]);
  const found = async (filter: object) => {
    const { rows, total } = await store.audit({ ...ALL, ...filter });
    return [total, ...rows.map((row) => row.requestId)];
  };
  expect(await found({ model: 'other' })).toEqual([2, 'req_model', 'req_new']);
  expect(await found({ projectId: 'other' })).toEqual([2, 'req_project', 'req_new']);
  expect(await found({ model: 'other', projectId: 'other' })).toEqual([1, 'req_new']);
  expect(await found({ model: 'plain' })).toEqual([1, 'req_plain']);
  expect(await found({ status: 'success' })).toEqual([4, 'req_plain', 'req_project', 'req_model', 'req_new']);
  expect((await store.totals()).requests).toBe(4);
  expect(await expireAll(store, 1)).toBe(1);
  expect(await found({ model: 'other' })).toEqual([1, 'req_model']);
}
