// Something thrown that nothing catches: what the gateway says of it, and that no row is lost with it.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labConfig } from '../support/lab-config.ts';
import { MESSAGE, wholeMessage } from '../support/message-stream.ts';
import { leaksOf } from '../support/planted.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { connectRaw, postText, type RawClient } from '../support/raw-client.ts';
import { jsonReply, replyWith } from '../support/reply.ts';
import { childrenOf, startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const ASK = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const WHOLE = jsonReply(wholeMessage('whole'));
const SECRET = 'qzUncaught.Tt6Rr5Ee4Ww3';
const REQUESTS = 8;
const directory = temporaryFolder('uncaught');
const preload = join(directory, 'fails.ts');
/** Fails when it is told to, with a secret in its message and in a field. */
const FAILS = `
const failure = () => Object.assign(new Error('broken by ${SECRET}'), { headers: { authorization: '${SECRET}' } });
process.on('SIGUSR2', () => {
  if (process.env.LAB_FAILS === 'rejects') Promise.reject(failure());
  else setTimeout(() => { throw failure(); });
});
if (process.env.LAB_FAILS === 'starts') globalThis.Worker = class { constructor() { throw failure(); } };`;

let upstream: ReplayUpstream;
beforeAll(async () => {
  writeFileSync(preload, FAILS);
  upstream = await startReplayUpstream(WHOLE);
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
    body: JSON.stringify(ASK),
  });
  await response.text();
  expect(response.status).toBe(200);
}

/** A stream that begins, and would go on for ever. */
async function begin(port: number): Promise<RawClient> {
  const begun = MESSAGE.start + MESSAGE.block + MESSAGE.delta('begun');
  upstream.answer(replyWith(begun, { fault: { kind: 'hang', after: begun.length } }));
  const client = await connectRaw(port);
  client.write(postText('/v1/messages', { ...ASK, stream: true }, { 'x-api-key': SECRET }));
  await client.until((text) => text.includes('begun'));
  upstream.answer(WHOLE);
  return client;
}

/** Of the rows that are there, by what they say of the request's end. */
async function rowsOf(url: string): Promise<unknown> {
  const response = await fetch(`${url}/gateway/audit?limit=100`, { headers: { 'x-api-key': SECRET } });
  const { entries } = (await response.json()) as { entries: { status: string }[] };
  return entries.map(({ status }) => status);
}

test.each([
  ['throws', 1],
  ['rejects', 1],
  ...(process.platform === 'linux' ? ([['throws', 2]] as const) : []),
])('what %s is told without secrets, and every row is kept, with %d at work', async (how, workers) => {
  const home = mkdtempSync(join(directory, 'home-'));
  const sluice = await start(how, workers, home);
  await ask(sluice.url);
  const running = await begin(sluice.port);
  process.kill(sluice.pid, 'SIGUSR2');
  expect(await sluice.exited).toBe(1);
  await sluice.wrote(/nothing caught.*broken by \[redacted\]/);
  expect(leaksOf({ SECRET }, sluice.output())).toEqual([]);
  await running.closed;
  expect(running.text()).toContain('event: error');
  await using next = await start(how, workers, home);
  expect(await rowsOf(next.url)).toEqual(['error', 'success']);
});

test('what fails at the start is reported without secrets, and is no success', async () => {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [Bun.which('node') ?? 'node', 'bin/sluice', 'serve', '--port', '0', '--workers', '1'],
    {
      env: {
        PATH: process.env.PATH ?? '',
        SLUICE_HOME: mkdtempSync(join(directory, 'home-')),
        LAB_FAILS: 'starts',
        ANTHROPIC_API_KEY: SECRET,
        BUN_OPTIONS: `--preload ${preload}`,
      },
    },
  );
  const output = `${stdout}${stderr}`;
  expect(output).toMatch(/nothing caught.*broken by \[redacted\]/);
  expect(leaksOf({ SECRET }, output)).toEqual([]);
  expect(exitCode).toBe(1);
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
