// The ledger equals the traffic, in short: `npm run ledger:load` is the long form.
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { proveKills, proveLoad } from '../support/ledger-proof.ts';
import { hasPostgres, sharedCluster } from '../support/postgres.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const SHORT = { requests: 600, concurrency: 32 };

test('SQLite: rows are the requests, sums are what the upstream counted', async () => {
  expect(await proveLoad(SHORT)).toMatchObject({ wrong: [], rows: SHORT.requests });
});

test('SQLite: killed twice in the midst, what ended a second before is there, once', async () => {
  expect((await proveKills({ ...SHORT, requests: 100_000 }, 2)).wrong).toEqual([]);
});

describe.skipIf(!hasPostgres)('on PostgreSQL', () => {
  const fresh = async () => (await sharedCluster()).createDatabase();

  test('two gateways: rows are the requests, sums are what the upstream counted', async () => {
    const proof = await proveLoad({ ...SHORT, postgres: await fresh() }, 2);
    expect(proof).toMatchObject({ wrong: [], rows: SHORT.requests });
  });

  test('killed in the midst, what ended a second before is there, once', async () => {
    const proof = await proveKills({ ...SHORT, requests: 100_000, postgres: await fresh() }, 1);
    expect(proof.wrong).toEqual([]);
  });
});
