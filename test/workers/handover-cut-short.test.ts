// A worker that dies before its rows leave, or when they have arrived and it has not heard so: real processes.
import { expect, setDefaultTimeout, test } from 'bun:test';
import type { ConfigInput } from '../../src/index.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { rowsIn } from '../../src/workers/handed-rows.ts';
import { labConfig } from '../support/lab-config.ts';
import { wholeMessage } from '../support/message-stream.ts';
import { withPrimary } from '../support/primary-lab.ts';
import { parsePrometheus } from '../support/prometheus.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply } from '../support/reply.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const alone = { connection: 'close' };

test.skipIf(process.platform !== 'linux')(
  'a request is counted once, though its worker died between handing over its row and striking it out',
  async () => {
    await using upstream = await startReplayUpstream(jsonReply(wholeMessage('whole')));
    let onRow = () => {};
    const wrapLedger = (ledger: Ledger): Ledger => ({
      ...ledger,
      recordPacket(packet) {
        onRow();
        ledger.recordPacket(packet);
      },
    });
    const options = { config: labConfig(upstream.url), workers: 1, wrapLedger };
    await withPrimary(options, async ({ port, pids, ledger, logged }) => {
      onRow = () => {
        onRow = () => {};
        for (const pid of pids()) process.kill(pid, 'SIGKILL');
      };
      await ask(port);
      await logged('a worker was replaced');
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers: alone })).text();
      const counted = parsePrometheus(metrics).samples.filter(({ name }) => name === 'sluice_requests_total');
      expect(counted.map(({ labels, value }) => [labels.status, value])).toEqual([['success', 1]]);
      await ledger.flush();
      expect((await ledger.store.recent(9)).map(({ status }) => status)).toEqual(['success']);
    });
  },
);

test.skipIf(process.platform !== 'linux')(
  'so too behind a batch that the primary could not take',
  async () => {
    await using upstream = await startReplayUpstream(jsonReply(wholeMessage('whole')));
    const refused = Promise.withResolvers<void>();
    const recorded: string[] = [];
    let onRow = (): void => {
      refused.resolve();
      throw new Error('no room for this row');
    };
    const wrapLedger = (ledger: Ledger): Ledger => ({
      ...ledger,
      record(row) {
        recorded.push(row.status);
        ledger.record(row);
      },
      recordPacket(packet) {
        onRow();
        for (const { status } of rowsIn(packet)) recorded.push(status);
        ledger.recordPacket(packet);
      },
    });
    const options = { config: labConfig(upstream.url), workers: 1, wrapLedger };
    await withPrimary(options, async ({ port, pids, logged }) => {
      await ask(port);
      await refused.promise;
      onRow = () => {
        onRow = () => {};
        for (const pid of pids()) process.kill(pid, 'SIGKILL');
      };
      await ask(port);
      await logged('a worker was replaced');
      expect(recorded).toEqual(['success']);
    });
  },
);

test.skipIf(process.platform !== 'linux')(
  'a request that had been answered is no failure, though its worker died before its row left',
  async () => {
    await using upstream = await startReplayUpstream(jsonReply(wholeMessage('whole')));
    await withPrimary({ config: labConfig(upstream.url), workers: 1 }, async (lab) => {
      const { port, pids, ledger, logged } = lab;
      await ask(port);
      await untilNoneRuns(port);
      for (const pid of pids()) process.kill(pid, 'SIGKILL');
      await logged('a worker was replaced');
      await ledger.flush();
      const rows = await ledger.store.recent(9);
      expect(rows).toMatchObject([
        {
          status: 'success',
          httpStatus: 200,
          provider: 'claude',
          model: 'served',
          usage: { inputTokens: 7, outputTokens: 3 },
          usageKnown: true,
          finishReason: 'end_turn',
          errorCode: null,
          errorMessage: null,
        },
      ]);
    });
  },
);

test.skipIf(process.platform !== 'linux')(
  'what a request has spent of a budget is known before its row can be read from the ledger',
  async () => {
    const dear = { input_per_million: 1_000_000, output_per_million: 1_000_000 };
    const free = { input_per_million: 0, output_per_million: 0 };
    const config: ConfigInput = {
      costs: {
        pricing_overrides: { 'simulator/free,fast': free, 'simulator/*': dear },
        budgets: [{ limit_usd: 1_000_000, per: 'month' }],
      },
    };
    const metrics = Promise.withResolvers<Response>();
    let url = '';
    const wrapLedger = (ledger: Ledger): Ledger => ({
      ...ledger,
      recordPacket(packet) {
        if (rowsIn(packet).some(({ costUsd }) => costUsd !== 0))
          metrics.resolve(fetch(`${url}/metrics`, { headers: alone }));
        ledger.recordPacket(packet);
      },
    });
    await withPrimary({ config, workers: 1, wrapLedger }, async ({ port }) => {
      url = `http://127.0.0.1:${port}`;
      await ask(port, 'simulator/free,fast');
      // So that the next row leaves soon, with that of the first: what it has spent would be told a little later.
      await Bun.sleep(200);
      await ask(port, 'simulator/fast');
      const { value } = parsePrometheus(await (await metrics.promise).text());
      expect(value('sluice_budget_spent_usd')).toBeGreaterThan(0);
    });
  },
);

async function ask(port: number, model = 'm'): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...alone },
    body: JSON.stringify({ model, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }),
  });
  expect(answer.status).toBe(200);
  await answer.text();
}

/** The end of a request comes a little after its answer. */
async function untilNoneRuns(port: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/gateway/streams`, { headers: alone });
    const { streams } = (await answer.json()) as { streams: unknown[] };
    if (streams.length === 0) return;
  }
}
