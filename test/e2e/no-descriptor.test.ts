// A gateway whose process may open no more files: what it cannot ask is not the provider's failure, and it comes back.
import { expect, setDefaultTimeout, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { labConfig } from '../support/lab-config.ts';
import { wholeMessage } from '../support/message-stream.ts';
import { connectRaw, postText } from '../support/raw-client.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply } from '../support/reply.ts';
import { startSluice } from '../support/sluice-process.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const LIMIT = 64;
const LAUNCHER = join(resolve(import.meta.dir, '..', '..'), 'bin', 'sluice');
const ASK = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

test.skipIf(process.platform !== 'linux')(
  'a request that finds none is told so, its provider is thought well of, and the next one is served',
  async () => {
    await using upstream = await startReplayUpstream(jsonReply(wholeMessage('whole')));
    const breaker = { failures: 1, open_for: '10m' };
    await using sluice = await startSluice({
      config: labConfig(upstream.url, { breaker, max_retries: 0 }),
      program: ['sh', '-c', `ulimit -n ${LIMIT}; exec node "$0" "$@"`, LAUNCHER],
    });
    const client = await connectRaw(sluice.port);
    // Loads what a first request waits for, and opens no connection to the upstream.
    client.write(postText('/v1/messages', { ...ASK, model: 'simulator/fast' }));
    await client.until((text) => text.includes('"usage"'));

    const idle: Socket[] = [];
    while (sluice.usage().descriptors < LIMIT) {
      const one = connect(sluice.port, '127.0.0.1');
      idle.push(one);
      await new Promise((connected) => one.once('connect', connected));
    }
    const before = client.text().length;
    client.write(postText('/v1/messages', ASK));
    await client.until((text) => text.slice(before).includes('"type":"error"'));
    const received = client.text().slice(before);
    expect(received).toContain('HTTP/1.1 503 ');
    expect(received).toContain('has reached its limit of open files and connections (EMFILE)');
    expect(received).toContain('overloaded_error');

    for (const one of idle) one.destroy();
    // A request takes more than one: of its client, and of its provider.
    await eventually(() => sluice.usage().descriptors <= LIMIT / 2);
    const response = await fetch(`${sluice.url}/v1/messages`, { method: 'POST', body: JSON.stringify(ASK) });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('whole')]);
    const { entries } = await sluice.get<{ entries: object[] }>('/gateway/audit');
    expect(entries).toMatchObject([
      { status: 'success' },
      { error_code: 'overloaded' },
      { status: 'success' },
    ]);
  },
);

test.skipIf(process.platform !== 'linux').each([1, 2])(
  'where none is left, health and the log say so, and answers make room for clients that wait: %d process(es)',
  async (workers) => {
    await using sluice = await startSluice({
      config: {},
      workers,
      program: ['sh', '-c', `ulimit -n ${LIMIT}; exec node "$0" "$@"`, LAUNCHER],
    });
    const client = await connectRaw(sluice.port);
    client.write(postText('/v1/messages', { ...ASK, model: 'simulator/fast' }));
    await client.until((text) => text.includes('"usage"'));

    const idle = Array.from({ length: 2 * LIMIT * workers }, () => connect(sluice.port, '127.0.0.1'));
    await eventually(() => sluice.output().split('has reached its limit of open files').length > workers);
    const before = client.text().length;
    client.write('GET /gateway/health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await client.closed;
    const received = client.text().slice(before);
    expect(received).toMatch(/^connection: close/im);
    expect(received).toContain('"status":"degraded"');
    expect(received).toMatch(/"descriptors":\{"ok":false,"last_error":"this process has reached its limit/);

    for (const one of idle) one.destroy();
    const figures = async () => {
      const page = await (await fetch(`${sluice.url}/metrics`)).text();
      return ['ok', 'open', 'max'].map((name) =>
        Number(new RegExp(`^sluice_descriptors_${name} (\\d+)$`, 'm').exec(page)?.[1]),
      );
    };
    const [, open = 0, max] = await figures();
    expect(max).toBe(LIMIT);
    expect(open).toBeGreaterThan(4);
    expect(open).toBeLessThanOrEqual(LIMIT);
    const health = () => sluice.get<{ status: string }>('/gateway/health');
    await eventually(async () => (await health()).status === 'healthy');
    expect(await health()).toMatchObject({ descriptors: { ok: true, last_error: null } });
    expect(sluice.output()).toContain('can open files and connections again');
    const [ok, left = LIMIT] = await figures();
    expect([ok, left < LIMIT]).toEqual([1, true]);
  },
);

test.skipIf(process.platform !== 'linux')(
  'the first request, which loads the prices, is told so and recorded, and the next one is served',
  async () => {
    const printed = await runWithFew('no-descriptor-gateway.ts');
    const message = expect.stringContaining('limit of open files and connections');
    expect(printed).toMatchObject({
      streamed: message,
      first: { status: 503, body: message },
      next: { status: 200 },
      rows: ['overloaded', 'overloaded', null],
    });
  },
);

test.skipIf(process.platform !== 'linux')(
  'the first estimate of tokens, which loads the tokenizer, is told so, and the next one is made',
  async () => {
    const message = expect.stringContaining('limit of open files and connections');
    expect(await runWithFew('no-descriptor-estimate.ts')).toMatchObject({
      first: { status: 503, body: message },
      next: { status: 200, body: expect.stringMatching(/"input_tokens":\d/) },
    });
  },
);

test.skipIf(process.platform !== 'linux')(
  'the first request to a cloud, which loads the library for its credentials or streams, is told so, and the next one is sent',
  async () => {
    const message = expect.stringMatching(/^overloaded: .* limit of open files and connections/);
    expect(await runWithFew('no-descriptor-vendors.ts')).toEqual({
      first: { frames: message, writer: message, aws: message, google: message },
      next: {
        frames: 'loaded',
        writer: 'loaded',
        aws: 'loaded',
        google: expect.stringContaining('/nonexistent/credentials.json'),
      },
    });
  },
);

test.skipIf(process.platform !== 'linux')(
  'an answer whose bill cannot be read for that is an error, and its provider is left',
  async () => {
    expect(await runWithFew('no-descriptor-bill.ts')).toEqual({
      status: 503,
      body: expect.stringContaining('limit of open files and connections'),
      provider: 'left',
    });
  },
);

/** What the program beside this file prints where it may open only few files. */
async function runWithFew(program: string): Promise<unknown> {
  const command = ['sh', '-c', `ulimit -n ${LIMIT}; exec "$0" "$@"`, process.execPath];
  const child = Bun.spawn([...command, join(import.meta.dir, program)], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  return JSON.parse(await new Response(child.stdout).text());
}
