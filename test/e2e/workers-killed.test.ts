// Workers die again and again while clients ask: the books agree all the same.
import { expect, setDefaultTimeout, test } from 'bun:test';
import { labConfig } from '../support/lab-config.ts';
import { wholeMessage } from '../support/message-stream.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply } from '../support/reply.ts';
import { childrenOf, startSluice } from '../support/sluice-process.ts';

// Several processes on a busy machine.
setDefaultTimeout(30_000);

const WORKERS = 3;
const CLIENTS = 20;
const DEATHS = 3;

test.skipIf(process.platform !== 'linux')(
  'each answered request has one row, and no request is lost',
  async () => {
    await using upstream = await startReplayUpstream(jsonReply(wholeMessage('whole')));
    const breaker = { enabled: false };
    const config = labConfig(upstream.url, { breaker });
    await using sluice = await startSluice({ config, workers: WORKERS });
    const answered: string[] = [];
    let isOver = false;
    const client = async () => {
      while (!isOver) {
        const id = await ask(sluice.url);
        if (id === undefined) await Bun.sleep(1);
        else answered.push(id);
      }
    };
    const clients = Array.from({ length: CLIENTS }, client);
    for (let deaths = 1; deaths <= DEATHS; deaths++) {
      const victims = childrenOf(sluice.pid);
      process.kill(victims[deaths % victims.length] ?? 0, 'SIGKILL');
      await sluice.wrote(new RegExp(`(a worker was replaced[^]*){${deaths}}`));
    }
    isOver = true;
    await Promise.all(clients);
    expect(await sluice.stop()).toBe(0);

    await using again = await startSluice({ config, home: sluice.home });
    const rows = new Map<string, number>();
    for (let offset = 0, left = true; left; offset += 1_000) {
      const path = `/gateway/audit?limit=1000&offset=${offset}`;
      const { entries } = await again.get<{ entries: { request_id: string }[] }>(path);
      for (const { request_id } of entries) rows.set(request_id, (rows.get(request_id) ?? 0) + 1);
      left = entries.length > 0;
    }
    expect(answered.length).toBeGreaterThan(CLIENTS);
    expect(answered.filter((id) => rows.get(id) !== 1)).toEqual([]);
    expect([...rows.values()].filter((count) => count > 1)).toEqual([]);
    // Whatever reached the provider was begun, and has its row.
    expect(rows.size).toBeGreaterThanOrEqual(upstream.requests.length);
  },
);

/** On a connection of its own. Undefined: the worker died, or none was there. */
async function ask(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }),
    });
    await response.text();
    return response.headers.get('x-sluice-request-id') ?? undefined;
  } catch {
    return undefined;
  }
}
