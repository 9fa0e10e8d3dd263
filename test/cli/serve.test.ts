// `sluice serve` as a process: the address, requests, reloads, and every way in which it ends.
import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasIpv6 } from '../support/ipv6.ts';
import { MAIN } from '../support/program.ts';
import { eventually, inTime, TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TEMPORARY = temporaryFolder('serve');
afterAll(() => rmSync(TEMPORARY, { recursive: true }));
/** Processes start here, several a test, and a machine may be busy. */
setDefaultTimeout(TEST_TIMEOUT_MS);

/** Reads lines until one matches, behind the one that was found before, and keeps them all. */
function createLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  let found = 0;
  async function more(): Promise<boolean> {
    const { value, done } = await reader.read();
    if (!done) text += value;
    return !done;
  }
  return {
    until(pattern: RegExp): Promise<string> {
      const read = async () => {
        for (;;) {
          const complete = text.split('\n').slice(0, -1);
          const at = complete.findIndex((candidate, index) => index >= found && pattern.test(candidate));
          const line = complete[at];
          if (line !== undefined) {
            found = at + 1;
            return line;
          }
          if (!(await more())) throw new Error(`ended before ${pattern}:\n${text}`);
        }
      };
      return inTime(read(), () => `not written: ${pattern}, but\n${text}`);
    },
    async all(): Promise<string> {
      while (await more());
      return text;
    },
  };
}

interface StartOptions {
  config?: string;
  environment?: Record<string, string>;
  args?: string[];
  home?: string;
  command?: string;
}

function start({
  config,
  environment = {},
  args = ['--port', '0'],
  home,
  command = 'serve',
}: StartOptions = {}) {
  const directory = mkdtempSync(join(TEMPORARY, 'd-'));
  const path = join(directory, 'sluice.yaml');
  if (config !== undefined) writeFileSync(path, config);
  const child = Bun.spawn([process.execPath, MAIN, command, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, SLUICE_HOME: home ?? join(directory, 'home'), ...environment },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const out = createLines(child.stdout);
  const err = createLines(child.stderr);
  const address = async () => /http:[^\s"]+/.exec(await out.until(/http:/))?.[0] ?? '';
  const end = async () => {
    const code = await child.exited;
    return { code, out: await out.all(), err: await err.all() };
  };
  const stop = () => {
    child.kill('SIGTERM');
    return end();
  };
  return { child, path, out, err, address, end, stop };
}

function ask(address: string, model: string, stream: boolean): Promise<Response> {
  return fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Hello' }] }),
  });
}

async function getJson(url: string, headers: Record<string, string> = {}) {
  return (await fetch(url, { headers })).json();
}

describe('on a fresh machine', () => {
  test('prints the address once, the providers and a line to try, answers, and ends with 0', async () => {
    const server = start();
    const address = await server.address();
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(await getJson(`${address}/gateway/health`)).toMatchObject({
      status: 'healthy',
      providers: { simulator: true },
      routing: { default_provider: 'simulator' },
    });
    const { code, out } = await server.stop();
    expect(code).toBe(0);
    expect(out.split('\n').filter((line) => line.includes('http://'))).toHaveLength(1);
    expect(out).toMatch(/^ {2}providers +simulator$/m);
    expect(out).toMatch(/^ {2}dashboard +the same address, in a browser$/m);
    expect(out).toMatch(/^ {2}try +curl -N 127\.0\.0\.1:\d+\/v1\/chat\/completions /m);
  });

  test('the line to try streams', async () => {
    const server = start();
    const line = await server.out.until(/curl/);
    const child = Bun.spawn(['sh', '-c', line.slice(line.indexOf('curl')).replace('/demo', '/fast')], {
      stdout: 'pipe',
      stderr: 'ignore',
    });
    if (Bun.which('curl') !== null) {
      expect(await new Response(child.stdout).text()).toContain('data: [DONE]');
    }
    expect((await server.stop()).code).toBe(0);
  });

  test('the line to try goes past a proxy of the environment, which could not reach this machine', async () => {
    const server = start({ environment: { http_proxy: 'http://127.0.0.1:9' } });
    expect(await server.out.until(/curl/)).toMatch(/curl -N --noproxy '\*' 127\.0\.0\.1:\d+/);
    expect((await server.stop()).code).toBe(0);
  });

  test.if(hasIpv6)(
    'the line to try quotes the brackets of an IPv6 address, which zsh takes for a pattern',
    async () => {
      const server = start({ args: ['--port', '0', '--host', '::1'] });
      const line = await server.out.until(/curl/);
      expect(line).toMatch(/curl -N '\[::1\]:\d+\/v1\/chat\/completions' /);
      expect((await server.stop()).code).toBe(0);
    },
  );
});

describe('ending', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s lets a running stream finish', async (signal) => {
    const server = start();
    const response = await ask(await server.address(), 'simulator/tokens=40,rate=100,ttft=0', true);
    server.child.kill(signal);
    expect(await response.text()).toContain('data: [DONE]');
    expect((await server.end()).code).toBe(0);
  });

  test('SIGHUP of a terminal that hangs up lets a running stream finish', async () => {
    const shown = Promise.withResolvers<string>();
    let screen = '';
    const decoder = new TextDecoder();
    const home = mkdtempSync(join(TEMPORARY, 'd-'));
    const child = Bun.spawn([process.execPath, MAIN, 'serve', '--port', '0'], {
      cwd: home,
      env: { PATH: process.env.PATH, SLUICE_HOME: home },
      terminal: {
        cols: 200,
        rows: 40,
        data(_, bytes) {
          screen += decoder.decode(bytes, { stream: true });
          const address = /listens on (http:[^\s"]+)/.exec(screen)?.[1];
          if (address !== undefined) shown.resolve(address);
        },
      },
    });
    const response = await ask(await shown.promise, 'simulator/tokens=40,rate=100,ttft=0', true);
    child.kill('SIGHUP');
    expect(await response.text()).toContain('data: [DONE]');
    expect(await child.exited).toBe(0);
  });

  test('without a terminal (a service, a container, nohup) SIGHUP reads the configuration again', async () => {
    const server = start({ config: 'server: { port: 0 }', args: [] });
    const address = await server.address();
    server.child.kill('SIGHUP');
    await server.err.until(/configuration is in use/);
    expect((await fetch(`${address}/gateway/health`)).status).toBe(200);
    expect((await server.stop()).code).toBe(0);
  });

  test('a signal that comes while it starts is no death: it starts, and ends in order', async () => {
    const module = join(mkdtempSync(join(TEMPORARY, 'd-')), 'signal.ts');
    writeFileSync(module, "process.kill(process.pid, 'SIGTERM');\nexport default { request() {} };\n");
    const server = start({
      config: `routing: { transformers: [{ name: ${JSON.stringify(module)} }] }`,
      args: ['--port', '0', '--workers', '1'],
    });
    const { code, out, err } = await server.end();
    expect({ code, signal: server.child.signalCode }).toEqual({ code: 0, signal: null });
    expect([out, err].join('')).toContain('shutting down');
  });

  test('a stream beyond server.drain_timeout is cut, and its row kept', async () => {
    const home = join(mkdtempSync(join(TEMPORARY, 'd-')), 'home');
    const server = start({ config: 'server: { drain_timeout: 50ms }', home });
    const response = await ask(await server.address(), 'simulator/fault=stall:2,ttft=0', true);
    server.child.kill('SIGTERM');
    const text = await response.text();
    expect(text).not.toContain('[DONE]');
    expect(text).toMatch(
      /"message":"the gateway was shut down before the answer was complete.*"shutting_down"/,
    );
    const { code, err } = await server.end();
    expect(code).toBe(0);
    expect(err).toContain('ended the requests still running after server.drain_timeout requests=1');

    const next = start({ home });
    const audit = await getJson(`${await next.address()}/gateway/audit`);
    expect(audit).toMatchObject({ total: 1, entries: [{ provider: 'simulator', streamed: true }] });
    expect(audit.entries[0]).toMatchObject({ status: 'error', error_code: 'shutting_down' });
    await next.stop();
  });

  test.each(['1', '2'])('a whole answer beyond it is a 503 that says so (workers: %s)', async (workers) => {
    const server = start({
      config: 'server: { drain_timeout: 50ms }',
      args: ['--port', '0', '--workers', workers],
    });
    const address = await server.address();
    const asked = ask(address, 'simulator/fault=hang-headers', false);
    await eventually(async () => (await getJson(`${address}/gateway/health`)).active_streams !== 0);
    server.child.kill('SIGTERM');
    const response = await asked;
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.text()).toContain(
      'was shut down before the answer was complete; try again in a moment',
    );
    expect((await server.end()).code).toBe(0);
  });

  test('the rows of finished requests are kept', async () => {
    const home = join(mkdtempSync(join(TEMPORARY, 'd-')), 'home');
    const server = start({ home });
    expect((await ask(await server.address(), 'simulator/fast', false)).status).toBe(200);
    await server.stop();
    const next = start({ home });
    const audit = await getJson(`${await next.address()}/gateway/audit`);
    expect(audit).toMatchObject({ total: 1, entries: [{ status: 'success', model: 'fast' }] });
    await next.stop();
  });
});

describe('configuration', () => {
  test('what is fatal is reported with file and line, and nothing is served', async () => {
    const server = start({ config: 'audit: {}\nserver:\n  prot: 1\n' });
    const { code, out, err } = await server.end();
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('sluice.yaml:3: server.prot: unknown key (did you mean "port"?)');
  });

  test('a host that others can reach needs keys', async () => {
    const { code, err } = await start({ args: ['--port', '0', '--host', '0.0.0.0'] }).end();
    expect(code).toBe(1);
    expect(err).toContain('server.host: 0.0.0.0 is reachable by others: set server.keys');
  });

  test('a provider without its key is disabled, and the rest work', async () => {
    const server = start({ config: 'providers: { openai: { api_key: "env:ABSENT" } }' });
    const address = await server.address();
    expect((await ask(address, 'simulator/fast', false)).status).toBe(200);
    const { out, err } = await server.stop();
    expect(out).toMatch(/^ {2}disabled +openai: environment variable ABSENT is not set$/m);
    expect(err).toContain('warning: ');
  });

  test('a default provider without its key answers with the reason, and not another in its place', async () => {
    const server = start({
      config: 'providers: { openai: { api_key: "env:ABSENT" } }\nrouting: { default_provider: openai }',
    });
    const address = await server.address();
    const response = await ask(address, 'gpt-5', false);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('environment variable ABSENT is not set');
    expect((await ask(address, 'simulator/fast', false)).status).toBe(200);
    const { out, err } = await server.stop();
    expect(err).toContain('error: ');
    expect(out).toMatch(/^ {2}default +openai, which is disabled: its requests are refused$/m);
  });

  test('server.keys is asked for and never printed', async () => {
    const server = start({ config: 'server: { keys: ["env:GATE"] }', environment: { GATE: 'gate-secret' } });
    const address = await server.address();
    expect((await ask(address, 'simulator/fast', false)).status).toBe(401);
    const { out, err } = await server.stop();
    expect(out).toContain('-H "x-sluice-key: $SLUICE_KEY"');
    expect(out + err).not.toContain('gate-secret');
  });

  test.each(['1', '2'])('a port in use is reported with the remedy (%s workers)', async (workers) => {
    const first = start();
    const port = new URL(await first.address()).port;
    const { code, err } = await start({ args: ['--port', port, '--workers', workers] }).end();
    expect(code).toBe(1);
    expect(err).toStartWith(`error: cannot listen on 127.0.0.1:${port}: the port is in use`);
    expect(err).toContain('--port');
    await first.stop();
  });

  test('so is a pid file that cannot be written', async () => {
    const path = join(MAIN, 'sluice.pid');
    const { code, out, err } = await start({ environment: { SLUICE_PID_FILE: path } }).end();
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toStartWith(`error: ${path}.lock cannot be written (`);
  });

  test('a database that cannot be opened stops no request', async () => {
    const file = join(mkdtempSync(join(TEMPORARY, 'd-')), 'file');
    writeFileSync(file, '');
    const server = start({ home: join(file, 'below') });
    const address = await server.address();
    expect((await ask(address, 'simulator/fast', false)).status).toBe(200);
    const { code, err } = await server.stop();
    expect(code).toBe(0);
    expect(err).toContain('the ledger cannot be opened');
  });
});

describe('as JSON', () => {
  const parse = (text: string): Record<string, unknown>[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  test.each([
    ['by the environment', '', { SLUICE_LOG: 'json' }],
    ['by the file', 'log: { format: json }\n', {}],
  ])('every line is an object, from the first on: asked %s', async (_, config, environment) => {
    const server = start({
      config: `${config}providers: { openai: { api_key: "env:ABSENT" } }`,
      environment,
    });
    const address = await server.address();
    const { code, out, err } = await server.stop();
    expect(code).toBe(0);
    expect(parse(out)).toEqual([
      {
        time: expect.any(String),
        level: 'info',
        message: expect.stringMatching(new RegExp(`^Sluice \\S+ listens on ${address}$`)),
        configuration: server.path,
        providers: ['simulator'],
        disabled: { openai: 'environment variable ABSENT is not set' },
        default: 'simulator',
      },
    ]);
    expect(parse(err)).toMatchObject([
      {
        level: 'warn',
        message: expect.stringContaining('sluice.yaml:'),
      },
      { level: 'info', message: expect.stringContaining('shutting down') },
    ]);
  });

  test('what ends the start is an object, too', async () => {
    const server = start({
      args: ['--port', '0', '--host', '0.0.0.0'],
      environment: { SLUICE_LOG: 'json' },
    });
    const { code, out, err } = await server.end();
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(parse(err)).toMatchObject([
      { level: 'error', message: expect.stringContaining('set server.keys') },
    ]);
  });
});

describe('the watched file', () => {
  test('a valid change is for new requests, an invalid one for none, and a running stream goes on', async () => {
    const server = start({
      config: 'audit: { log_request_bodies: true }',
      environment: { SLUICE_LOG: 'json' },
    });
    const address = await server.address();
    const health = () => getJson(`${address}/gateway/health`);
    const running = await ask(address, 'simulator/fault=stall:2,ttft=0', true);

    writeFileSync(server.path, 'audit: { log_request_bodies: false }');
    await server.err.until(/the changed configuration is in use/);
    expect(await health()).toMatchObject({ audit: { log_request_bodies: false } });

    writeFileSync(server.path, 'audit: { log_request_bodies: perhaps }');
    const refusal = JSON.parse(await server.err.until(/sluice\.yaml:1: audit\.log_request_bodies/));
    expect(refusal).toMatchObject({ level: 'error' });
    await server.err.until(/is refused; the previous one stays in use/);
    expect(await health()).toMatchObject({
      status: 'degraded',
      reasons: [
        expect.stringMatching(
          /^a change of the configuration is refused, and what was valid before stays in use: \S+sluice\.yaml:1: audit\.log_request_bodies: /,
        ),
      ],
      audit: { log_request_bodies: false },
    });

    writeFileSync(server.path, 'audit: { enabled: false }');
    expect(JSON.parse(await server.err.until(/need a restart/))).toMatchObject({ keys: ['audit.enabled'] });
    await server.err.until(/the changed configuration is in use/);
    expect(await health()).toMatchObject({
      status: 'healthy',
      audit: { enabled: true, log_request_bodies: true },
    });

    await running.body?.cancel();
    expect((await server.stop()).code).toBe(0);
  });

  test('a server that others reach keeps its keys, whatever the file says now', async () => {
    const server = start({ config: 'server: { host: 0.0.0.0, keys: [gate] }' });
    const address = (await server.address()).replace('0.0.0.0', '127.0.0.1');
    writeFileSync(server.path, 'server: { host: 127.0.0.1 }');
    await server.err.until(/server\.host: 0\.0\.0\.0 is reachable by others/);
    await server.err.until(/is refused/);
    expect((await ask(address, 'simulator/fast', false)).status).toBe(401);
    expect((await server.stop()).code).toBe(0);
  });

  test('a file that was found and is gone is missed when it is to be read again: its settings, keys too, stay in use', async () => {
    const server = start({ config: 'server: { keys: [gate] }' });
    const address = await server.address();
    rmSync(server.path);
    await server.err.until(/the configuration file is gone; its settings stay in use/);
    server.child.kill('SIGHUP');
    await server.err.until(/sluice\.yaml: there is no such file/);
    await server.err.until(/the changed configuration is refused/);
    expect((await ask(address, 'simulator/fast', false)).status).toBe(401);
    expect((await server.stop()).code).toBe(0);
  });

  test('a refused change is none any more once the file is gone', async () => {
    const server = start({ config: 'audit: { log_request_bodies: true }' });
    const address = await server.address();
    const health = () => getJson(`${address}/gateway/health`);
    writeFileSync(server.path, 'audit: { log_request_bodies: perhaps }');
    await server.err.until(/is refused; the previous one stays in use/);
    expect(await health()).toMatchObject({ status: 'degraded' });
    rmSync(server.path);
    await server.err.until(/the configuration file is gone; its settings stay in use/);
    expect(await health()).toMatchObject({ status: 'healthy' });
    expect((await server.stop()).code).toBe(0);
  });

  test('a change that is fine where it is served, but not where the next start would serve, is reported', async () => {
    const server = start({ config: 'server: { host: 127.0.0.1 }' });
    await server.address();
    writeFileSync(server.path, 'server: { host: 0.0.0.0 }');
    await server.err.until(/the next start will fail: .*server\.host: 0\.0\.0\.0 is reachable by others/);
    await server.err.until(/the changed configuration is in use/);
    expect((await server.stop()).code).toBe(0);
  });
});

test('sluice simulate is an upstream to another gateway', async () => {
  const upstream = start({ command: 'simulate' });
  const base = await upstream.address();
  const server = start({ config: `providers: { lab: { dialect: openai-chat, base_url: "${base}/v1" } }` });
  const response = await ask(await server.address(), 'lab/fast', true);
  expect(response.headers.get('x-sluice-provider')).toBe('lab');
  expect(await response.text()).toContain('data: [DONE]');
  expect((await server.stop()).code).toBe(0);
  expect((await upstream.stop()).code).toBe(0);
});

test('log.level and log.format hold, change while it runs, and each request has a line with its id', async () => {
  const server = start({ config: 'log: { level: debug, format: json }' });
  const address = await server.address();
  const response = await ask(address, 'simulator/fast', true);
  await response.text();
  const line = await server.err.until(/"message":"request"/);
  expect(JSON.parse(line)).toMatchObject({
    level: 'debug',
    request_id: response.headers.get('x-sluice-request-id'),
    status: 'success',
    provider: 'simulator',
  });
  writeFileSync(server.path, 'log: { level: info }');
  await server.err.until(/INFO .*the changed configuration is in use/);
  await (await ask(address, 'simulator/fast', false)).text();
  const { err } = await server.stop();
  expect(err.match(/request_id/g)).toHaveLength(1);
});
