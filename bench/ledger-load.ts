// `npm run ledger:load`: whether the ledger equals the traffic, with 20,000 requests for each store, ten kills meanwhile, and
// two gateways on one PostgreSQL. `npm run ledger:load -- 2000` with fewer. PostgreSQL is started for it where it is
// installed.
import { type Proof, proveKills, proveLoad } from '../test/support/ledger-proof.ts';
import { hasPostgres, startCluster } from '../test/support/postgres.ts';

const REQUESTS = Number(process.argv[2] ?? 20_000);
const KILLS = 10;
const load = { requests: REQUESTS, concurrency: 64 };
const endless = { ...load, requests: Number.MAX_SAFE_INTEGER };
const cluster = hasPostgres ? await startCluster() : null;
const fresh = async () => (cluster === null ? {} : { postgres: await cluster.createDatabase() });

const proofs: [name: string, prove: () => Promise<Proof>][] = [
  ['SQLite, load', () => proveLoad(load)],
  [`SQLite, ${KILLS} kills`, () => proveKills(endless, KILLS)],
];
if (cluster !== null) {
  proofs.push(
    ['PostgreSQL, load', async () => proveLoad({ ...load, ...(await fresh()) })],
    ['PostgreSQL, load on two gateways', async () => proveLoad({ ...load, ...(await fresh()) }, 2)],
    [`PostgreSQL, ${KILLS} kills`, async () => proveKills({ ...endless, ...(await fresh()) }, KILLS)],
  );
}

let isWrong = false;
for (const [name, prove] of proofs) {
  const { wrong, rows, seconds } = await prove();
  isWrong ||= wrong.length > 0;
  const pace = `${rows} rows in ${seconds.toFixed(1)} s`;
  console.log(`${wrong.length === 0 ? 'right' : 'WRONG'}  ${name}: ${pace}`);
  for (const line of wrong.slice(0, 10)) console.log(`       ${line}`);
}
await cluster?.remove();
process.exit(isWrong ? 1 : 0);
