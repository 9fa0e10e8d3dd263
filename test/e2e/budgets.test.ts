// Budgets of a real gateway: several processes count together, and a restart forgets nothing.
import { expect, setDefaultTimeout, test } from 'bun:test';
import { rmSync } from 'node:fs';
import type { ConfigInput } from '../../src/index.ts';
import { SocketClient } from '../support/socket-client.ts';
import { startSocketProvider } from '../support/socket-provider.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Each answer of the simulator costs a dollar or more. */
const DEAR = { input_per_million: 1_000_000, output_per_million: 1_000_000 };
const configOf = (limitUsd: number, whose: object = { project: 'web' }): ConfigInput => ({
  costs: {
    pricing_overrides: { 'simulator/*': DEAR },
    budgets: [{ limit_usd: limitUsd, per: 'month', ...whose }],
  },
});

/** On a connection of its own, so that it comes to any of the workers. */
async function ask(sluice: SluiceProcess, project = 'web'): Promise<number> {
  const response = await fetch(`${sluice.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', 'x-sluice-project': project },
    body: JSON.stringify({
      model: 'simulator/fast',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'hi' }],
    }),
    keepalive: false,
  });
  await response.arrayBuffer();
  return response.status;
}

async function spent(sluice: SluiceProcess): Promise<number> {
  const { budgets } = await sluice.get<{ budgets?: { spent_usd: number }[] }>('/gateway/metrics');
  return budgets?.[0]?.spent_usd ?? Number.NaN;
}

/** New connections enough that the system deals one to each of three workers: it misses one in 60,000 times. */
const TO_REACH_ALL = 30;
const everywhere = (sluice: SluiceProcess, project?: string) =>
  Promise.all(Array.from({ length: TO_REACH_ALL }, () => ask(sluice, project)));

test('all workers refuse what one of them has used up, also after a restart, until the limit is raised', async () => {
  const sluice = await startSluice({ config: configOf(0.5), workers: 3 });
  const { home } = sluice;
  try {
    // A month may end while this runs: then it begins anew, once.
    expect(await ask(sluice)).toBe(200);
    // Told at once, whichever worker served.
    expect(await spent(sluice)).toBeGreaterThan(0.5);
    await eventually(
      async () => (await everywhere(sluice)).every((status) => status === 429),
      () => 'some worker does not refuse',
    );
    expect(new Set(await everywhere(sluice, 'other'))).toEqual(new Set([200]));
    const gone = await spent(sluice);
    expect(gone).toBeGreaterThan(1);
    const { summary } = await sluice.get<{ summary: { total_cost_usd: number } }>('/gateway/metrics');
    expect(gone).toBeLessThan(summary.total_cost_usd);
    await sluice.stop();

    await using again = await startSluice({ config: configOf(0.5), workers: 2, home });
    expect(await spent(again)).toBeCloseTo(gone, 6);
    expect(new Set(await everywhere(again))).toEqual(new Set([429]));
    again.writeConfig(configOf(gone + 1_000_000));
    await eventually(
      async () => (await everywhere(again)).every((status) => status === 200),
      () => 'some worker still refuses',
    );
    expect(await spent(again)).toBeGreaterThan(gone);
  } finally {
    await sluice.stop();
    rmSync(home, { recursive: true, force: true });
  }
});

test('the same where each project has the limit for itself, also where that is new in a running gateway', async () => {
  const config = configOf(0.5, { each: 'project' });
  const sluice = await startSluice({ config, workers: 2 });
  const { home } = sluice;
  const refusedEverywhere = async (at: SluiceProcess, project: string) =>
    (await everywhere(at, project)).every((status) => status === 429);
  try {
    for (const project of ['web', 'data']) {
      expect(await ask(sluice, project)).toBe(200);
      await eventually(
        () => refusedEverywhere(sluice, project),
        () => 'some worker does not refuse',
      );
    }
    await sluice.stop();
    await using again = await startSluice({ config: {}, workers: 2, home });
    again.writeConfig(config);
    // Before anybody asks: read from the ledger.
    await eventually(
      async () => (await spent(again)) > 0.5,
      () => 'what was spent before is not read',
    );
    for (const project of ['web', 'data']) expect(await refusedEverywhere(again, project)).toBe(true);
    expect(await ask(again, 'new')).toBe(200);
  } finally {
    await sluice.stop();
    rmSync(home, { recursive: true, force: true });
  }
});

test('an answer of an open conversation counts in all workers', async () => {
  await using provider = startSocketProvider({ received: (end, message) => end.send(message) });
  const providers = {
    openai: { api_key: 'sk-proj-of-the-gateway-0123456789', base_url: `${provider.url}/v1` },
  };
  const costs = {
    pricing_overrides: { 'openai/*': DEAR },
    budgets: [{ limit_usd: 2, per: 'month' as const }],
  };
  await using sluice = await startSluice({ config: { providers, costs }, workers: 2 });
  const path = `${sluice.url}/v1/realtime?model=gpt-realtime`;
  using first = new SocketClient(path);
  const answer = { type: 'response.done', response: { usage: { input_tokens: 1, output_tokens: 0 } } };
  await first.say(JSON.stringify(answer));
  await first.hear(1);
  await eventually(async () => (await spent(sluice)) === 1);
  const others = Array.from({ length: 16 }, () => new SocketClient(path));
  for (const other of others) await other.opened;
  await first.say(JSON.stringify(answer));
  await eventually(async () => (await spent(sluice)) === 2);
  const nothing = JSON.stringify({ type: 'response.done', response: {} });
  for (const other of others) {
    // What all have spent is told to all, a moment later.
    await eventually(() => {
      if (other.socket.readyState !== WebSocket.OPEN) return true;
      other.socket.send(nothing);
      return false;
    });
    expect((await other.closed).code).toBe(1008);
  }
});
