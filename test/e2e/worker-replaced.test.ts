// A new worker in the place of a dead one knows what the others know, and until it serves nothing is missing.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectionsOf } from '../support/connections.ts';
import { labConfig } from '../support/lab-config.ts';
import { wholeMessage } from '../support/message-stream.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply, replyWith } from '../support/reply.ts';
import { childrenOf, type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const WORKERS = 2;
/** New connections enough that the system deals one to each of them: it misses one in 500 million times. */
const TO_REACH_BOTH = 30;
const WORKS = jsonReply(wholeMessage('whole'));
const BROKEN = jsonReply({ type: 'error', error: { type: 'api_error', message: 'broken' } }, { status: 500 });

const alone = { connection: 'close' };

async function ask(sluice: SluiceProcess): Promise<number> {
  const response = await fetch(`${sluice.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...alone },
    body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }),
  });
  await response.text();
  return response.status;
}

async function askBoth(sluice: SluiceProcess): Promise<number[]> {
  const statuses = await Promise.all(Array.from({ length: TO_REACH_BOTH }, () => ask(sluice)));
  return [...new Set(statuses)];
}

function killOne(sluice: SluiceProcess): number {
  const [victim = 0] = childrenOf(sluice.pid);
  process.kill(victim, 'SIGKILL');
  return victim;
}

/** A module of a user's, which takes as long to load as the test says. */
function startSlowModule() {
  let gate = Promise.resolve();
  let asked = () => {};
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch() {
      asked();
      await gate;
      return new Response('go');
    },
  });
  return {
    text: `await (await fetch('${server.url.href}')).text();
export default () => ({ request: (request) => request });`,
    /** `loading`: resolves when somebody begins to load it, which takes until `open`. */
    hold() {
      const { promise, resolve: open } = Promise.withResolvers<void>();
      gate = promise;
      const loading = new Promise<void>((resolve) => {
        asked = resolve;
      });
      return { loading, open };
    },
    stop: () => server.stop(true),
  };
}

describe.skipIf(process.platform !== 'linux')('a worker in the place of another', () => {
  let upstream: ReplayUpstream;
  beforeAll(async () => {
    upstream = await startReplayUpstream(WORKS);
  });
  afterAll(() => upstream.stop());

  test('knows of a breaker that opened before it began', async () => {
    const breaker = { failures: 3, open_for: '10m' };
    await using sluice = await startSluice({
      config: labConfig(upstream.url, { breaker }),
      workers: WORKERS,
    });
    upstream.answer(BROKEN);
    for (let n = 0; n < 3; n++) await ask(sluice);
    const before = upstream.requests.length;
    killOne(sluice);
    await sluice.wrote(/a worker was replaced/);
    expect(await askBoth(sluice)).toEqual([503]);
    expect(upstream.requests.length).toBe(before);
    const { providers } = await sluice.get<{ providers: { name: string; breaker: string }[] }>(
      '/gateway/providers',
    );
    expect(providers.find(({ name }) => name === 'claude')?.breaker).toBe('open');
  });

  test('tells those who watch at another of the requests that it serves', async () => {
    await using sluice = await startSluice({ config: labConfig(upstream.url), workers: WORKERS });
    upstream.answer(WORKS);
    const { body } = await fetch(`${sluice.url}/gateway/streams/live`, { headers: alone });
    if (body === null) throw new Error('nothing to watch');
    const port = Number(new URL(sluice.url).port);
    const holds = (pid: number) => connectionsOf(pid).some(({ localPort }) => localPort === port);
    const idle = childrenOf(sluice.pid).filter((pid) => !holds(pid));
    expect(idle).toHaveLength(WORKERS - 1);
    for (const pid of idle) process.kill(pid, 'SIGKILL');
    await sluice.wrote(/a worker was replaced/);
    // What it answers to this comes behind what it was told when it began.
    await sluice.get('/gateway/streams');
    await askBoth(sluice);
    const begun = new Set<string>();
    let text = '';
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      for (const [, id] of text.matchAll(/"type":"started","request_id":"([^"]+)"/g)) begun.add(id ?? '');
      if (begun.size === TO_REACH_BOTH) break;
    }
    expect(begun.size).toBe(TO_REACH_BOTH);
  });

  test('until it serves the pages tell of the others, and then it has what was configured meanwhile', async () => {
    const slow = startSlowModule();
    const config = labConfig(upstream.url, { transformers: ['./slow.ts'] });
    await using sluice = await startSluice({ config: labConfig(upstream.url), workers: WORKERS });
    upstream.answer(WORKS);
    writeFileSync(join(sluice.home, 'slow.ts'), slow.text);
    sluice.writeConfig(config);
    await sluice.wrote(/the changed configuration is in use/);
    const { loading, open } = slow.hold();
    killOne(sluice);
    await loading;
    for (const path of ['/gateway/health', '/gateway/streams', '/gateway/providers', '/metrics']) {
      const response = await fetch(sluice.url + path, { headers: alone });
      expect([path, response.status]).toEqual([path, 200]);
      await response.text();
    }
    expect(await sluice.get('/gateway/health')).toMatchObject({
      status: 'degraded',
      workers: { wanted: WORKERS, running: WORKERS - 1, starting: 0, silent: 0, replaced: 0 },
    });
    sluice.writeConfig({ ...labConfig(upstream.url), server: { max_body: '10B' } });
    await sluice.wrote(/in use[\s\S]*in use/);
    open();
    await sluice.wrote(/a worker was replaced/);
    expect(await askBoth(sluice)).toEqual([413]);
    await slow.stop();
  });

  test('ends with the gateway although it has not begun, and nothing is logged about it', async () => {
    const slow = startSlowModule();
    await using sluice = await startSluice({ config: labConfig(upstream.url), workers: WORKERS });
    writeFileSync(join(sluice.home, 'slow.ts'), slow.text);
    sluice.writeConfig(labConfig(upstream.url, { transformers: ['./slow.ts'] }));
    await sluice.wrote(/the changed configuration is in use/);
    const { loading } = slow.hold();
    killOne(sluice);
    await loading;
    const workers = childrenOf(sluice.pid);
    expect(await sluice.stop()).toBe(0);
    expect(workers.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(sluice.output()).not.toContain('could not be replaced');
    await slow.stop();
  });

  test('one of them looks at the providers; when it dies, the other does', async () => {
    const provider = { probe_every: '20ms' };
    const looking = new Set<number>();
    const { port } = new URL(upstream.url);
    let sluice: SluiceProcess | undefined;
    const note = () => {
      for (const pid of sluice === undefined ? [] : childrenOf(sluice.pid))
        if (connectionsOf(pid).some(({ remotePort }) => remotePort === Number(port))) looking.add(pid);
    };
    const list = JSON.stringify({ data: [], has_more: false });
    upstream.answer(replyWith(list, { headers: { 'content-type': 'application/json' }, before: note }));
    await using started = await startSluice({ config: labConfig(upstream.url, provider), workers: WORKERS });
    sluice = started;
    const look = async (times: number) => {
      looking.clear();
      for (const from = upstream.requests.length; times > 0; times--)
        await upstream.request(from + times - 1);
      return [...looking];
    };
    const [first, ...more] = await look(20);
    expect(more).toEqual([]);
    process.kill(first ?? 0, 'SIGKILL');
    await sluice.wrote(/a worker was replaced/);
    const [second, ...rest] = await look(20);
    expect(rest).toEqual([]);
    expect(second).not.toBe(first);
    expect(childrenOf(sluice.pid)).toContain(second ?? 0);
  });
});
