// Connections to providers in a real gateway: kept, shown and limited as the configuration says.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { labConfig } from '../support/lab-config.ts';
import { wholeMessage } from '../support/message-stream.ts';
import { parsePrometheus } from '../support/prometheus.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply } from '../support/reply.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';

const ASK = { max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

let upstream: ReplayUpstream;
beforeAll(async () => {
  upstream = await startReplayUpstream(jsonReply(wholeMessage('whole')));
});
afterAll(() => upstream.stop());

async function ask({ url }: SluiceProcess, model = 'claude/m'): Promise<void> {
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ ...ASK, model }),
    keepalive: false,
  });
  await response.text();
  expect(response.status).toBe(200);
}

async function poolOf({ url }: SluiceProcess) {
  const { value } = parsePrometheus(await (await fetch(`${url}/metrics`)).text());
  const origin = upstream.url;
  return {
    active: value('sluice_upstream_connections', { origin, state: 'active' }),
    idle: value('sluice_upstream_connections', { origin, state: 'idle' }),
    opened: value('sluice_upstream_connections_opened_total', { origin }),
    reused: value('sluice_upstream_connections_reused_total', { origin }),
  };
}

describe('connections to a provider', () => {
  test('are shown: for Prometheus by server, and at each provider that has them', async () => {
    await using sluice = await startSluice({ config: labConfig(upstream.url) });
    expect(await poolOf(sluice)).toEqual({
      active: undefined,
      idle: undefined,
      opened: undefined,
      reused: undefined,
    });
    for (let count = 0; count < 3; count++) await ask(sluice);
    expect(await poolOf(sluice)).toEqual({ active: 0, idle: 1, opened: 1, reused: 2 });
    const { providers } = await sluice.get<{ providers: { name: string; connections?: object }[] }>(
      '/gateway/providers',
    );
    expect(providers.map(({ name, connections }) => [name, connections])).toEqual([
      ['claude', { active: 0, idle: 1 }],
      ['gpt', { active: 0, idle: 1 }],
      ['simulator', undefined],
    ]);
  });

  test('are no longer kept once the configuration says so', async () => {
    await using sluice = await startSluice({ config: labConfig(upstream.url) });
    await ask(sluice);
    sluice.writeConfig(labConfig(upstream.url, {}, { connections: { keep_alive: '0s' } }));
    await sluice.wrote(/the changed configuration is in use/);
    for (let count = 0; count < 3; count++) await ask(sluice);
    // The first of them still found one.
    expect(await poolOf(sluice)).toEqual({ active: 0, idle: 0, opened: 3, reused: 1 });
  });

  test.skipIf(process.platform !== 'linux')('are added up over workers', async () => {
    await using sluice = await startSluice({ config: labConfig(upstream.url), workers: 2 });
    for (let count = 0; count < 12; count++) await ask(sluice);
    const pool = await poolOf(sluice);
    expect((pool.opened ?? 0) + (pool.reused ?? 0)).toBe(12);
    expect(pool.idle).toBe(pool.opened);
    sluice.writeConfig(labConfig(upstream.url, {}, { connections: { max_idle: 0 } }));
    await sluice.wrote(/the changed configuration is in use/);
    for (let count = 0; count < 30; count++) await ask(sluice);
    expect(await poolOf(sluice)).toMatchObject({ active: 0, idle: 0 });
  });
});
