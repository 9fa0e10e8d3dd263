// Something thrown that nothing catches: what the gateway says of it, and that no row is lost with it.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labConfig } from '../support/lab-config.ts';
import { wholeMessage } from '../support/message-stream.ts';
import { leaksOf } from '../support/planted.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply } from '../support/reply.ts';
import { childrenOf, startSluice } from '../support/sluice-process.ts';

setDefaultTimeout(30_000);

const SECRET = 'qzUncaught.Tt6Rr5Ee4Ww3';
const REQUESTS = 8;
const directory = mkdtempSync(join(tmpdir(), 'sluice-uncaught-'));
const preload = join(directory, 'fails.ts');
/** Fails when it is told to, with a secret in its message and in a field. */
const FAILS = `
const failure = () => Object.assign(new Error('broken by ${SECRET}'), { headers: { authorization: '${SECRET}' } });
process.on('SIGUSR2', () => {
  if (process.env.LAB_FAILS === 'rejects') Promise.reject(failure());
  else setTimeout(() => { throw failure(); });
});`;

let upstream: ReplayUpstream;
beforeAll(async () => {
  writeFileSync(preload, FAILS);
  upstream = await startReplayUpstream(jsonReply(wholeMessage('whole')));
});
afterAll(async () => {
  await upstream.stop();
  rmSync(directory, { recursive: true });
});

async function start(how: string, workers: number, home?: string) {
  return startSluice({
    config: { ...labConfig(upstream.url), server: { keys: ['env:LAB_KEY'] } },
    environment: { LAB_FAILS: how, LAB_KEY: SECRET, BUN_OPTIONS: `--preload ${preload}` },
    workers,
    ...(home !== undefined && { home }),
  });
}

async function ask(url: string): Promise<void> {
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': SECRET },
    body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }),
  });
  await response.text();
  expect(response.status).toBe(200);
}

/** Of the rows that are there, by what they say of the request's end. */
async function rowsOf(url: string): Promise<unknown> {
  const response = await fetch(`${url}/gateway/audit?limit=100`, { headers: { 'x-api-key': SECRET } });
  const { entries } = (await response.json()) as { entries: { status: string }[] };
  return entries.map(({ status }) => status);
}

test.each(['throws', 'rejects'])('what %s is told without secrets, and every row is kept', async (how) => {
  const home = mkdtempSync(join(directory, 'home-'));
  const sluice = await start(how, 1, home);
  await ask(sluice.url);
  process.kill(sluice.pid, 'SIGUSR2');
  expect(await sluice.exited).toBe(1);
  await sluice.wrote(/nothing caught.*broken by \[redacted\]/);
  expect(leaksOf({ SECRET }, sluice.output())).toEqual([]);
  await using next = await start(how, 1, home);
  expect(await rowsOf(next.url)).toEqual(['success']);
});

test.skipIf(process.platform !== 'linux')(
  'a worker says it without secrets, another takes its place, and its rows are kept',
  async () => {
    await using sluice = await start('throws', 2);
    await Promise.all(Array.from({ length: REQUESTS }, () => ask(sluice.url)));
    const [worker = 0] = childrenOf(sluice.pid);
    process.kill(worker, 'SIGUSR2');
    await sluice.wrote(/nothing caught.*broken by \[redacted\]/);
    await sluice.wrote(/ended with code 1/);
    expect(await rowsOf(sluice.url)).toEqual(Array.from({ length: REQUESTS }, () => 'success'));
    expect(leaksOf({ SECRET }, sluice.output())).toEqual([]);
  },
);
