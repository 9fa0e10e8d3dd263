// `sluice tail` against a running gateway.
import { describe, expect, setDefaultTimeout, spyOn, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAGE_MS } from '../../src/cli/gateway-client.ts';
import { runCommand } from '../support/cli-run.ts';
import { createRawServer } from '../support/raw-server.ts';
import { startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

function ask(url: string, model: string, text: string): Promise<string> {
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      max_tokens: 50,
      stream: true,
      messages: [{ role: 'user', content: text }],
    }),
  }).then((response) => response.text());
}

test('the words of a stream come as it flows, with its beginning and its end', async () => {
  await using sluice = await startSluice();
  const seen: string[] = [];
  const { promise: connected, resolve: connect } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let press: (signal: string) => void = () => {};
  const take = (text: string) => {
    seen.push(text);
    if (text.startsWith('■')) end();
    return true;
  };
  const running = runCommand(['tail', '--url', sluice.url], {
    environment: { SLUICE_HOME: sluice.home },
    out: take,
    write: take,
    onSignal(handler) {
      press = handler;
      connect();
    },
  });
  await connected;
  // Until the watcher is there nothing would be seen: ask until something is.
  const asking = async () => {
    while (!seen.some((text) => text.startsWith('■')))
      await ask(sluice.url, 'simulator/echo,fast', 'a b c d');
  };
  await Promise.all([ended, asking()]);
  press('SIGINT');
  expect((await running).code).toBe(0);
  const text = seen.join('');
  expect(text).toMatch(/▶ \w{8} simulator\/echo,fast/);
  expect(text).toMatch(/\w{8}│ /);
  expect(text).toMatch(/■ \w{8} \d+→\d+ tokens, unpriced/);
});

test('where no gateway listens it says so, and fails', async () => {
  expect(await runCommand(['tail', '--url', 'http://127.0.0.1:1'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('no gateway answers'),
  });
});

test.each([['tail'], ['costs'], ['doctor']])(
  'a gateway that hangs, or is stopped, is not waited for: %s',
  async (command) => {
    const server = createRawServer();
    const config = join(temporaryFolder('hanging'), 'sluice.json');
    writeFileSync(config, JSON.stringify({ server: { port: Number(new URL(server.url).port) } }));
    const setTimer = globalThis.setTimeout;
    const soon = (callback: () => void, ms?: number) => setTimer(callback, ms === PAGE_MS ? 0 : ms);
    const timers = spyOn(globalThis, 'setTimeout').mockImplementation(
      soon as unknown as typeof globalThis.setTimeout,
    );
    const silent = `what listens at ${server.url} has not answered within 30 s: it hangs, is stopped, or its machine has too much to do`;
    try {
      for (const [flags, remedy] of [
        [['--config', config], '"sluice daemon restart" starts it anew'],
        // The daemon here is another, or there is none.
        [['--url', server.url], 'look after it where it runs'],
      ] as const) {
        const { code, out, err } = await runCommand([command, ...flags]);
        expect(code).toBe(1);
        expect(out + err).toContain(`${silent}; ${remedy}`);
      }
    } finally {
      timers.mockRestore();
      server.close();
    }
  },
);

describe('an address that is not quite the gateway’s', () => {
  test('https, where it speaks http; a base URL of clients; without its key', async () => {
    await using sluice = await startSluice({ config: { server: { keys: ['the-gateway-key'] } } });
    const tell = async (url: string) =>
      (await runCommand(['tail', '--url', url], { environment: { SLUICE_HOME: '/nowhere' } })).err;
    const encrypted = sluice.url.replace('http:', 'https:');
    expect(await tell(encrypted)).toBe(
      `error: no gateway answers at ${encrypted}; what listens there speaks no TLS: try http:// in place of https://`,
    );
    expect(await tell(sluice.url)).toBe(
      `error: ${sluice.url}/gateway/streams/live answered 401: no key: send one of server.keys as x-sluice-key, x-api-key, api-key, x-goog-api-key or a Bearer token; give one of its server.keys with --key`,
    );
    await using open = await startSluice();
    expect(await tell(`${open.url}/v1`)).toBe(
      `error: ${open.url}/v1 answers, but it is not Sluice; check the address, of which /v1 is no part`,
    );
  });
});

test('a slash at the end of an address is no part of it', async () => {
  const { err } = await runCommand(['tail', '--url', 'http://127.0.0.1:1//']);
  expect(err).toContain('no gateway answers at http://127.0.0.1:1;');
});

describe('an address that is none', () => {
  test.each(['nonsense', '127.0.0.1:8088', 'localhost:8088', 'ftp://127.0.0.1', 'http://127.0.0.1/?a=b'])(
    '%s',
    async (url) => {
      for (const args of [['tail'], ['doctor'], ['run', '--url', url, 'true'], ['replay', 'x']]) {
        const { code, err } = await runCommand(args.includes('--url') ? args : [...args, '--url', url]);
        expect([args, code]).toEqual([args, 2]);
        expect(err).toContain(
          `--url must be an http or https address such as http://127.0.0.1:8088, not "${url}"`,
        );
      }
    },
  );
});

test.each([200, 404])('somebody else answers there with %d: every command says so', async (status) => {
  const page = () => new Response('<html>', { status, headers: { 'content-type': 'text/html' } });
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: page });
  const url = `http://127.0.0.1:${server.port}`;
  try {
    for (const args of [
      ['tail', '--url', url],
      ['run', '--url', url, 'true'],
      ['replay', 'x', '--url', url],
    ]) {
      const { code, err } = await runCommand(args);
      expect([args, code]).toEqual([args, 1]);
      expect(err).toBe(`error: ${url} answers, but it is not Sluice; check the address`);
    }
    expect(await runCommand(['doctor', '--url', url])).toMatchObject({
      code: 1,
      out: expect.stringContaining('it is not Sluice'),
    });
  } finally {
    await server.stop(true);
  }
});

test('a gateway that asks for a key, and one that is killed: tail says so', async () => {
  await using sluice = await startSluice({ config: { server: { keys: ['secret'] } } });
  const refused = await runCommand(['tail', '--url', sluice.url, '--key', 'wrong']);
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringContaining('give one of its server.keys with --key'),
  });
  const lines: string[] = [];
  const { promise: watching, resolve: watch } = Promise.withResolvers<void>();
  const running = runCommand(['tail', '--url', sluice.url, '--key', 'secret'], {
    err(line) {
      lines.push(line);
      watch();
    },
  });
  await watching;
  await sluice.kill();
  expect((await running).code).toBe(1);
  expect(lines.at(-1)).toStartWith(`error: the gateway at ${sluice.url} closed the connection`);
});

test('a configuration that is not valid: the address that it names is not known, which is reported', async () => {
  const home = temporaryFolder('tail');
  const config = join(home, 'sluice.yaml');
  writeFileSync(config, 'server: { prot: 1 }');
  try {
    for (const args of [['tail'], ['daemon', 'logs']]) {
      const { err } = await runCommand([...args, '--config', config], { environment: { SLUICE_HOME: home } });
      expect(err.match(/prot/g)?.length).toBeGreaterThan(0);
    }
    const known = await runCommand(['tail', '--config', config, '--url', 'http://127.0.0.1:9'], {
      environment: { SLUICE_HOME: home },
    });
    expect(known.err).not.toContain('prot');
  } finally {
    rmSync(home, { recursive: true });
  }
});
