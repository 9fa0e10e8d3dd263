// `npm run bench:ledger`: how long `/gateway/metrics` and the first page of `/gateway/audit` take on a ledger of a
// million rows, for each store. `npm run bench:ledger -- 100000` with fewer.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLedger } from '../src/ledger/recorder.ts';
import type { LedgerRow } from '../src/ledger/row.ts';
import type { LedgerStore } from '../src/ledger/store.ts';
import { createThreadedStore } from '../src/ledger/threaded-store.ts';
import { createManagement } from '../src/management/management.ts';
import { createWebHost } from '../src/gateway/host.ts';
import { parseConfig } from '../src/config/parse.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import { createMeter } from '../src/telemetry/meter.ts';
import { sampleRow } from '../test/support/ledger-rows.ts';
import { hasPostgres, startCluster } from '../test/support/postgres.ts';
import { spreadOf } from './statistics.ts';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const BATCH = 2000;
const ROUNDS = 21;
const PAGES = [
  '/gateway/metrics',
  '/gateway/metrics?since=24h&include_agent=true&include_project=true',
  '/gateway/audit',
  '/gateway/audit?status=error',
  '/gateway/audit?provider=provider-1',
  '/gateway/audit?model=model-7&success=true',
];

const { now, setTimer } = createWebHost();
const start = now() - ROWS * 1000;

/** One a second until now, over 5 providers, 40 models, 6 agents and 12 projects. */
function rowAt(index: number): LedgerRow {
  return sampleRow({
    requestId: Bun.randomUUIDv7('hex', start + index * 1000),
    timestamp: start + index * 1000,
    provider: `provider-${index % 5}`,
    model: `model-${index % 40}`,
    agentType: index % 3 === 0 ? null : `agent-${index % 6}`,
    projectId: `project-${index % 12}`,
    status: index % 20 === 0 ? 'error' : 'success',
    latencyMs: 100 + ((index * 7919) % 5000),
  });
}

async function fill(store: LedgerStore): Promise<number> {
  const begun = performance.now();
  for (let at = 0; at < ROWS; at += BATCH) {
    await store.append(Array.from({ length: Math.min(BATCH, ROWS - at) }, (_, index) => rowAt(at + index)));
  }
  return performance.now() - begun;
}

async function measure(name: string, store: LedgerStore): Promise<void> {
  const filled = await fill(store);
  console.log(`${name}: ${ROWS} rows in ${(filled / 1000).toFixed(1)} s`);
  const { file } = parseConfig(null);
  if (file === null) throw new Error('the defaults are not valid');
  const { config } = resolveConfig(file, { environment: {}, readFile: () => '', credential: null });
  const manage = createManagement({
    config: () => config,
    ledger: createLedger(store, { now, setTimer }),
    meter: createMeter(),
    version: 'bench',
    startedAt: now(),
    now,
    running: { list: () => [], cancel: () => false, watch: () => new ReadableStream() },
    connections: () => [],
    providerStates: () => [],
  });
  for (const page of PAGES) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const url = new URL(page, 'http://127.0.0.1');
      const begun = performance.now();
      const response = await manage(new Request(url), url);
      await response?.text();
      times.push(performance.now() - begun);
      if (response?.status !== 200) throw new Error(`${page}: ${response?.status}`);
    }
    const [first = 0] = times;
    console.log(
      `  ${spreadOf(times).median.toFixed(1).padStart(8)} ms  (first ${first.toFixed(1)})  ${page}`,
    );
  }
  await store.close();
}

const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-ledger-'));
await measure('SQLite', createThreadedStore({ type: 'sqlite', path: join(directory, 'sluice.db') }));
rmSync(directory, { recursive: true });
if (hasPostgres) {
  const cluster = await startCluster();
  await measure('PostgreSQL', createThreadedStore({ type: 'postgres', url: await cluster.createDatabase() }));
  await cluster.remove();
}
process.exit(0);
