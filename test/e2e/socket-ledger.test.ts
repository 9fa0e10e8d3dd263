// The ledger equals the traffic of WebSockets too (GUARANTEES 16 and 17): streamed, failing and abandoned answers at full speed, on
// several connections and two workers, one of which is killed in the midst.
import { expect, setDefaultTimeout, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import { readRows, startLoadUpstream, sumsOfRows } from '../support/ledger-load.ts';
import { childrenOf, type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { LAST, TestSocket } from '../support/test-socket.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const STATUS = { streamed: 'success', failing: 'error', aborted: 'aborted' } as const;
const KINDS = Object.keys(STATUS) as (keyof typeof STATUS)[];
const CONNECTIONS = 20;

/** @returns how many messages of each kind were answered; one whose connection was lost is not among them. */
async function load(sluice: SluiceProcess, messages: number, midst: () => void) {
  const answered = { streamed: 0, failing: 0, aborted: 0 };
  let next = 0;
  const one = async () => {
    let socket = new TestSocket(sluice);
    while (next < messages) {
      const number = next++;
      if (number === messages / 2) midst();
      const kind = KINDS[number % KINDS.length] ?? 'streamed';
      const last = kind === 'aborted' ? /^response\.output_text\.delta$/ : LAST;
      const lost = socket.closed.then(() => null);
      socket.texts.length = 0;
      try {
        await socket.say({ type: 'response.create', model: kind, input: 'Say something' });
        if ((await Promise.race([socket.until(({ type }) => last.test(String(type))), lost])) !== null)
          answered[kind]++;
        if (kind !== 'aborted') continue;
        socket.leave();
        await socket.closed;
      } catch {
        // The connection was refused: its worker is being replaced.
        await Bun.sleep(20);
      }
      socket = new TestSocket(sluice);
    }
    socket.leave();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
  return answered;
}

interface Outcome {
  answered: Awaited<ReturnType<typeof load>>;
  counted: ReturnType<typeof startLoadUpstream>['counted'];
  rows: Awaited<ReturnType<typeof readRows>>;
}

/** @param midst called with the pids of the workers. Checks that no row is there twice, and that the sums are right. */
async function outcomeOf(midst: (workers: number[]) => void): Promise<Outcome> {
  const upstream = startLoadUpstream();
  const home = temporaryFolder('socket-load');
  try {
    await using sluice = await startSluice({ config: upstream.config({}), home, workers: 2 });
    const answered = await load(sluice, 2_000, () => midst(childrenOf(sluice.pid)));
    expect(await sluice.stop()).toBe(0);
    const store = createSqliteStore(join(home, 'sluice.db'));
    const rows = await readRows(store);
    expect(await sumsOfRows(store)).toEqual([]);
    await store.close();
    expect(new Set(rows.map(({ requestId }) => requestId)).size).toBe(rows.length);
    return { answered, counted: upstream.counted, rows };
  } finally {
    await upstream.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

test('each message has one row with its tokens', async () => {
  const { answered, counted, rows } = await outcomeOf(() => {});
  for (const kind of KINDS) {
    const found = rows.filter(
      ({ requestedModel, status }) => requestedModel === kind && status === STATUS[kind],
    );
    expect([kind, found.length]).toEqual([kind, answered[kind]]);
  }
  expect(rows).toHaveLength(counted.requests);
  const tokens = rows.reduce((sum, { usage }) => sum + usage.inputTokens + usage.outputTokens, 0);
  expect(tokens).toBe(counted.inputTokens + counted.outputTokens);
});

// Elsewhere one process serves.
test.skipIf(process.platform !== 'linux')(
  'also where a worker is killed, whose connections break off',
  async () => {
    const { answered, counted, rows } = await outcomeOf(([worker]) => {
      if (worker === undefined) throw new Error('there is no worker');
      process.kill(worker, 'SIGKILL');
    });
    const { streamed, failing, aborted } = answered;
    expect(rows.length).toBeGreaterThanOrEqual(streamed + failing + aborted);
    // One that was about to be sent to the provider has its row too.
    expect(rows.length).toBeLessThanOrEqual(counted.requests + CONNECTIONS);
  },
);
