// Which ledger store is opened for a configuration.
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { openStore } from '../../src/server/open-store.ts';
import { sampleRow } from '../support/ledger-rows.ts';
import { resolveInput } from '../support/resolve-input.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('tells the projects that have keys apart, beside a thousand that clients named', async () => {
  const { config } = resolveInput({});
  const server = { ...config.server, projectOfKey: new Map([['key-of-the-team', 'team']]) };
  const store = openStore({ ...config, server }, join(temporaryFolder('ledger'), 'ledger.db'), () => {});
  const ofProject = (projectId: string, index: number) => sampleRow({ requestId: `req_${index}`, projectId });
  await store.append(Array.from({ length: 1_000 }, (_, index) => ofProject(`customer-${index}`, index)));
  await store.append([ofProject('team', 2_000)]);
  const window = { since: null, project: 'team' };
  expect((await store.summary({ window, by: [], models: 0 })).totals.requests).toBe(1);
  await store.close();
});
