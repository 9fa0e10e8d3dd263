// `sluice daemon`: the gateway in the background, from a start that waits to a stop that does.
import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { WORKER_VARIABLE } from '../../src/workers/protocol.ts';
import { freePort } from '../support/free-port.ts';
import { MAIN } from '../support/program.ts';
import { childrenOf, startSluice } from '../support/sluice-process.ts';
import { canMount, mountSmallDisk } from '../support/small-disk.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const TEMPORARY = temporaryFolder('daemon');
const homes: string[] = [];
afterAll(async () => {
  await Promise.all(homes.map((home) => sluice(home, ['stop'])));
  rmSync(TEMPORARY, { recursive: true });
});

function newHome(config?: string): string {
  const home = mkdtempSync(join(TEMPORARY, 'home-'));
  homes.push(home);
  if (config !== undefined) writeFileSync(join(home, 'sluice.yaml'), config);
  return home;
}

function spawn(home: string, args: readonly string[], environment: Record<string, string> = {}) {
  return Bun.spawn([process.execPath, MAIN, 'daemon', ...args], {
    cwd: statSync(home).isDirectory() ? home : TEMPORARY,
    env: { PATH: process.env.PATH ?? '', HOME: home, SLUICE_HOME: home, ...environment },
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

async function sluice(home: string, args: readonly string[], environment?: Record<string, string>) {
  const child = spawn(home, args, environment);
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}

interface LogHealth {
  status: string;
  log: { ok: boolean; dropped: number; last_error: string | null };
}

interface Status {
  running: boolean;
  pid: number;
  url: string;
  port: number;
  version: string;
  uptime_seconds: number;
  active_streams: number;
  status: string;
  other_program: boolean;
  foreground: { pid: number; url: string } | null;
  problem: string | null;
}

async function statusOf(home: string): Promise<Status> {
  return JSON.parse((await sluice(home, ['status', '--json'])).out) as Status;
}

function ask(url: string, model = 'simulator/fast', connection = 'keep-alive'): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
  });
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('status tells a gateway that was not restarted after an update', async () => {
  const home = newHome();
  await sluice(home, ['start', '--port', '0']);
  expect((await statusOf(home)).other_program).toBe(false);
  expect((await sluice(home, ['status'])).out).not.toContain('restart');
  const path = join(home, 'sluice.pid');
  const recorded = readFileSync(path, 'utf8');
  // An earlier release left it out.
  for (const program of ['"program":"other",', '']) {
    writeFileSync(path, recorded.replace(/"program":"[^"]+",/, program));
    expect(await statusOf(home)).toMatchObject({ running: true, status: 'healthy', other_program: true });
    expect((await sluice(home, ['status'])).out).toMatch(
      /program +not the one of this command, as after an update/,
    );
  }
  expect((await sluice(home, ['stop'])).code).toBe(0);
});

test('where none runs in the background, status names the one in the foreground', async () => {
  const home = newHome();
  await using foreground = await startSluice({ home });
  const { url, pid } = foreground;
  expect(await statusOf(home)).toMatchObject({ running: false, url: null, foreground: { url, pid } });
  expect(await sluice(home, ['status'])).toMatchObject({
    code: 1,
    out: `Sluice is not running in the background; process ${pid} serves in the foreground at ${url}\n`,
  });
});

test('start waits until it answers, status reports it, logs show the requests, stop ends it', async () => {
  const home = newHome();
  expect(await sluice(home, ['status'])).toMatchObject({
    code: 1,
    out: expect.stringContaining('is not running'),
  });
  const started = await sluice(home, ['start', '--port', '0']);
  expect(started, started.err).toMatchObject({ code: 0 });
  const status = await statusOf(home);
  expect(status).toMatchObject({ running: true, active_streams: 0, status: 'healthy' });
  expect(started.out).toContain(`process ${status.pid} at ${status.url}`);
  expect(new URL(status.url).port).toBe(String(status.port));
  expect(readFileSync(join(home, 'sluice.pid'), 'utf8').split('\n')[0]).toBe(String(status.pid));

  expect(await (await ask(status.url)).text()).toContain('[DONE]');
  const text = (await sluice(home, ['status'])).out;
  for (const word of ['pid', 'port', 'version', 'uptime', 'active streams']) expect(text).toContain(word);

  await fetch(`${status.url}/gateway/audit`);
  expect((await sluice(home, ['logs', '-n', '5'])).out).toMatch(/success +200 +simulator\/\S+ /);
  const [line = ''] = (await sluice(home, ['logs', '--json'])).out.split('\n');
  expect(JSON.parse(line)).toMatchObject({ status: 'success', provider: 'simulator' });
  expect((await sluice(home, ['logs', '--server'])).out).toContain('listens on');
  const body = JSON.stringify({ model: 'nobody/gpt-5', messages: [{ role: 'user', content: 'hi' }] });
  const headers = { 'content-type': 'application/json', 'x-sluice-target': 'nobody/gpt-5' };
  const refused = await fetch(`${status.url}/v1/chat/completions`, { method: 'POST', headers, body });
  expect(refused.status).toBe(404);
  expect((await sluice(home, ['logs', '-n', '1'])).out).toMatch(/error +404 +nobody\/gpt-5 /);

  const again = await sluice(home, ['start']);
  expect(again).toMatchObject({ code: 0, err: expect.stringContaining('already running') });
  const same = await sluice(home, ['start', '--port', `${status.port}`, '--host', '127.0.0.1']);
  expect(same).toMatchObject({ code: 0, err: again.err });
  const other = await sluice(home, ['start', '--port', '1']);
  expect(other).toMatchObject({ code: 1, err: expect.stringContaining('daemon restart') });

  expect((await sluice(home, ['stop'])).out).toContain(`stopped process ${status.pid}`);
  expect(isAlive(status.pid)).toBe(false);
  expect(existsSync(join(home, 'sluice.pid'))).toBe(false);
  expect(await sluice(home, ['stop'])).toMatchObject({ code: 0 });
});

test('a proxy of the environment is not asked for the gateway on this machine', async () => {
  const proxied = { HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1' };
  const home = newHome();
  expect(await sluice(home, ['start', '--port', '0'], proxied)).toMatchObject({ code: 0 });
  expect((await sluice(home, ['status'], proxied)).code).toBe(0);
  expect((await sluice(home, ['stop'], proxied)).code).toBe(0);
});

test('restart keeps the free port that --port 0 took', async () => {
  const home = newHome();
  await sluice(home, ['start', '--port', '0']);
  const before = await statusOf(home);
  const restarted = await sluice(home, ['restart']);
  expect(restarted, restarted.err).toMatchObject({ code: 0 });
  const after = await statusOf(home);
  expect(after.pid).not.toBe(before.pid);
  expect(after.port).toBe(before.port);
});

test('restart is another process, with the same configuration', async () => {
  const home = newHome();
  writeFileSync(join(home, 'mine.yaml'), 'server: { port: 0, ping_interval: 7s }');
  await sluice(home, ['start', '--config', 'mine.yaml']);
  const before = await statusOf(home);
  const restarted = await sluice(home, ['restart']);
  expect(restarted, restarted.err).toMatchObject({ code: 0 });
  const after = await statusOf(home);
  expect(after.running).toBe(true);
  expect(after.pid).not.toBe(before.pid);
  expect(isAlive(before.pid)).toBe(false);
  expect(readFileSync(join(home, 'logs', 'sluice.log'), 'utf8').match(/mine\.yaml/g)).toHaveLength(2);
});

test('what is asked of a daemon goes by its own configuration, from wherever it is asked', async () => {
  const home = newHome('server: { port: 0, keys: [another-key] }');
  writeFileSync(join(home, 'mine.yaml'), 'server: { port: 0, keys: [gate-key] }');
  await sluice(home, ['start', '--config', 'mine.yaml']);
  expect(await statusOf(home)).toMatchObject({ status: 'healthy', version: expect.any(String) });
  // A key of one's own comes first, and what it is refused with names a flag that there is.
  const refused = await sluice(home, ['status', '--key', 'wrong']);
  expect(refused.out).toMatch(/status +unknown: .* answered 401: .*with --key/);
  const { url } = await statusOf(home);
  for (const args of [[], ['--url', url]]) {
    const child = Bun.spawn([process.execPath, MAIN, 'run', ...args, 'env'], {
      cwd: home,
      env: { PATH: process.env.PATH ?? '', HOME: home, SLUICE_HOME: home },
    });
    expect(await new Response(child.stdout).text()).toContain('OPENAI_API_KEY=gate-key');
  }
});

test('restart from elsewhere goes by the .env of the folder that it was started in', async () => {
  const home = newHome();
  const elsewhere = join(home, 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(home, '.env'), 'OPENAI_API_KEY=from-the-folder\n');
  await sluice(home, ['start', '--port', '0']);
  const before = await statusOf(home);
  const child = Bun.spawn([process.execPath, MAIN, 'daemon', 'restart'], {
    cwd: elsewhere,
    env: { PATH: process.env.PATH ?? '', HOME: home, SLUICE_HOME: home },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  expect(await new Response(child.stdout).text()).toContain(`stopped process ${before.pid}`);
  expect([await child.exited, await new Response(child.stderr).text()]).toEqual([0, '']);
  const after = await statusOf(home);
  expect(after.pid).not.toBe(before.pid);
  const health = await (await fetch(`${after.url}/gateway/health`)).json();
  expect(health).toMatchObject({ providers: { openai: true } });
});

test('restart from elsewhere takes nothing from the .env of where one is, and keeps a $ in that of the gateway', async () => {
  const home = newHome('server: { port: 0, keys: [env:GATE_KEY] }');
  const elsewhere = join(home, 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(home, '.env'), 'GATE_KEY=gate$$key\n');
  writeFileSync(join(elsewhere, '.env'), 'GATE_KEY=of-a-project\n');
  await sluice(home, ['start']);
  const child = Bun.spawn([process.execPath, MAIN, 'daemon', 'restart'], {
    cwd: elsewhere,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      SLUICE_HOME: home,
      SLUICE_LAUNCHER_VARIABLES: JSON.stringify(['PATH', 'HOME', 'SLUICE_HOME']),
    },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  expect([await child.exited, await new Response(child.stderr).text()]).toEqual([0, '']);
  const { url } = await statusOf(home);
  const health = await fetch(`${url}/gateway/health`, { headers: { 'x-sluice-key': 'gate$$key' } });
  expect(health.status).toBe(200);
});

test('its key is found in the .env of that folder from elsewhere, before another in that of where one is', async () => {
  const home = newHome('server: { port: 0, keys: [env:GATE_KEY] }');
  const elsewhere = join(home, 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(home, '.env'), 'export GATE_KEY="gate-key" # of the gateway\n');
  writeFileSync(join(elsewhere, '.env'), 'GATE_KEY=of-a-project\n');
  expect(await sluice(home, ['start'])).toMatchObject({ code: 0 });
  // As the launcher says it: Bun adds what stands in the .env of where it runs.
  const started = JSON.stringify(['PATH', 'HOME', 'SLUICE_HOME']);
  const asked = async (...args: string[]) => {
    const child = Bun.spawn([process.execPath, MAIN, ...args], {
      cwd: elsewhere,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: home,
        SLUICE_HOME: home,
        SLUICE_LAUNCHER_VARIABLES: started,
      },
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { out, err };
  };
  expect((await asked('run', 'env')).out).toContain('OPENAI_API_KEY=gate-key');
  expect(await asked('daemon', 'status')).toMatchObject({
    out: expect.stringMatching(/status +healthy/),
    err: '',
  });
  expect(await asked('daemon', 'logs', '-n', '1')).toMatchObject({ err: '' });
  rmSync(join(home, '.env'));
  rmSync(join(elsewhere, '.env'));
  expect((await asked('daemon', 'status')).out).toMatch(
    /answered 401: .*with --key, which are not known here: .*sluice\.yaml:1: server\.keys\[0\]: environment variable GATE_KEY is not set/,
  );
});

test('restart keeps the port and the workers that the start was reported', async () => {
  const home = newHome();
  const port = await freePort();
  await sluice(home, ['start', '--port', String(port), '--workers', '1']);
  const restarted = await sluice(home, ['restart']);
  expect(restarted, restarted.err).toMatchObject({ code: 0 });
  const status = await statusOf(home);
  expect(status.port).toBe(port);
  expect(await (await fetch(`${status.url}/gateway/health`)).json()).not.toHaveProperty('workers');
  expect(await sluice(home, ['start', '--workers', '1'])).toMatchObject({ code: 0 });
  expect(await sluice(home, ['start', '--workers', '2'])).toMatchObject({ code: 1 });
});

test('a restart that could not serve stops nothing', async () => {
  const home = newHome();
  await sluice(home, ['start', '--port', '0']);
  const { pid, port } = await statusOf(home);
  const taken = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
  const attempts: [flags: string[], code: number, err: string][] = [
    [['--workers', '0'], 2, '--workers must be'],
    [['--port', 'x'], 2, '--port must be'],
    [['--host', '0.0.0.0'], 1, 'reachable by others'],
    [['--host', '192.0.2.1', '--config', 'keys.yaml'], 1, 'no such address'],
    [['--port', `${taken.port}`], 1, 'the port is in use'],
  ];
  writeFileSync(join(home, 'keys.yaml'), 'server: { keys: [gate-key] }');
  for (const [flags, code, err] of attempts) {
    expect(await sluice(home, ['restart', ...flags])).toMatchObject({
      code,
      out: '',
      err: expect.stringContaining(err),
    });
    expect(await statusOf(home)).toMatchObject({ pid, port, running: true });
  }
  await taken.stop(true);
  const wrong = await sluice(home, ['start', '--workers', '0']);
  expect(wrong).toMatchObject({ code: 2, err: expect.not.stringContaining('already running') });
});

test('--host counts, where the address in the file could not serve', async () => {
  const home = newHome("server: { port: 0, host: '0.0.0.0' }");
  for (const action of ['start', 'restart']) {
    const { code, err } = await sluice(home, [action, '--host', '127.0.0.1']);
    expect([action, code, err]).toEqual([action, 0, '']);
  }
});

test('status says what a gateway is degraded by', async () => {
  const home = newHome(
    JSON.stringify({
      server: { port: 0 },
      providers: {
        lab: {
          dialect: 'openai-chat',
          base_url: 'http://127.0.0.1:9/v1',
          max_retries: 0,
          breaker: { failures: 1 },
        },
      },
      routing: { default_provider: 'lab' },
    }),
  );
  await sluice(home, ['start']);
  const { url, status, problem } = await statusOf(home);
  expect([status, problem]).toEqual(['healthy', null]);
  await ask(url, 'lab/small');
  expect((await sluice(home, ['status'])).out).toMatch(
    /status +degraded: the default provider lab fails \(.*ECONNREFUSED/,
  );
  await sluice(home, ['stop']);
  writeFileSync(
    join(home, 'sluice.yaml'),
    'server: { port: 0 }\nproviders: { openai: { api_key: env:NONE }, lab: { dialect: openai-chat, base_url: http://127.0.0.1:9 } }\nrouting: { default_provider: openai, fallback_chain: [lab/small] }',
  );
  await sluice(home, ['start']);
  expect(await statusOf(home)).toMatchObject({
    status: 'degraded',
    problem: expect.stringContaining('the default provider openai is disabled ('),
  });
});

test('SIGHUP reads the configuration again, and ends nothing', async () => {
  const home = newHome('server: { port: 0 }');
  await sluice(home, ['start']);
  const { pid } = await statusOf(home);
  process.kill(pid, 'SIGHUP');
  const log = join(home, 'logs', 'sluice.log');
  await eventually(() => readFileSync(log, 'utf8').includes('configuration is in use'));
  expect(await statusOf(home)).toMatchObject({ pid, running: true, status: 'healthy' });
});

test('a restart with a configuration that fails leaves the running one alone', async () => {
  const home = newHome();
  const file = join(home, 'mine.yaml');
  writeFileSync(file, 'server: { port: 0 }');
  await sluice(home, ['start', '--config', 'mine.yaml']);
  const before = await statusOf(home);
  writeFileSync(file, 'server: { prt: 0 }');
  const refused = await sluice(home, ['restart']);
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err).toContain('server.prt: unknown key (did you mean "port"?)');
  expect(refused.err).toContain(`process ${before.pid} keeps its current configuration`);
  expect((await statusOf(home)).pid).toBe(before.pid);
  expect(isAlive(before.pid)).toBe(true);
});

describe('a pid file that is not true', () => {
  test('of a killed gateway is recognised, and a start goes on', async () => {
    const home = newHome();
    await sluice(home, ['start', '--port', '0']);
    const { pid } = await statusOf(home);
    process.kill(pid, 'SIGKILL');
    await eventually(() => !isAlive(pid));
    expect(await sluice(home, ['status'])).toMatchObject({ code: 1 });
    expect(await sluice(home, ['start', '--port', '0'])).toMatchObject({ code: 0 });
    expect((await statusOf(home)).running).toBe(true);
  });

  test('that names a living stranger is recognised, and the stranger left alone', async () => {
    const home = newHome();
    const stranger = Bun.spawn(['sleep', '60']);
    writeFileSync(join(home, 'sluice.pid'), `${stranger.pid}\n`);
    expect(await sluice(home, ['stop'])).toMatchObject({
      code: 0,
      err: expect.stringContaining('removed the pid file of a gateway that no longer runs'),
    });
    expect(isAlive(stranger.pid)).toBe(true);
    stranger.kill();
  });

  test('that was removed while the gateway runs: it is not reported as stopped', async () => {
    const home = newHome();
    await sluice(home, ['start', '--port', '0']);
    const file = join(home, 'sluice.pid');
    const said = readFileSync(file, 'utf8');
    rmSync(file);
    for (const action of ['start', 'stop', 'restart']) {
      const result = await sluice(home, [action]);
      expect([action, result.code]).toEqual([action, 1]);
      expect(result.err).toContain('or that file was removed: end its process');
    }
    const { out } = await sluice(home, ['status']);
    expect(out).toContain('or that file was removed: end its process');
    writeFileSync(file, said);
    expect(await sluice(home, ['stop'])).toMatchObject({ code: 0 });
  });
});

describe('a home that cannot be used', () => {
  test('a file in its place', async () => {
    const home = join(newHome(), 'file');
    writeFileSync(home, '');
    for (const args of [['start'], ['stop'], ['status'], ['logs'], ['logs', '--server']]) {
      const { code, out, err } = await sluice(home, args);
      expect([args, code, out]).toEqual([args, 1, '']);
      expect(err).toMatch(
        /^error: \S+file cannot be used \(ENOTDIR: .*\); a file is in the place of a folder: .* SLUICE_HOME\n$/,
      );
    }
  });

  test('no log can be written', async () => {
    const home = newHome();
    writeFileSync(join(home, 'logs'), '');
    const { code, err } = await sluice(home, ['start', '--port', '0']);
    expect(code).toBe(1);
    expect(err).toMatch(/^error: \S+logs.sluice\.log cannot be used \(E.*\); .* SLUICE_HOME\n$/);
  });

  test.each(['sluice.pid.lock', 'sluice.pid'])('a folder in place of %s', async (name) => {
    const home = newHome();
    mkdirSync(join(home, name));
    const { code, err } = await sluice(home, ['start', '--port', '0']);
    expect(code).toBe(1);
    expect(err).toContain(join(home, name));
    expect(err).toContain('SLUICE_HOME');
    expect(err).not.toMatch(/\n\s+at /);
  });

  if (canMount())
    test('a full disk', async () => {
      const disk = mountSmallDisk(32);
      if (disk === null) throw new Error('it could be mounted a moment ago');
      try {
        disk.fill(0);
        const { code, err } = await sluice(disk.directory, ['start', '--port', '0']);
        expect(code).toBe(1);
        expect(err).toMatch(/there is no space left for \S+sluice\.log/);
        disk.free();
        expect(await sluice(disk.directory, ['start', '--port', '0'])).toMatchObject({ code: 0 });
        const { pid } = await statusOf(disk.directory);
        disk.fill(0);
        const restart = await sluice(disk.directory, ['restart']);
        expect(restart).toMatchObject({ code: 1, out: '' });
        expect(restart.err).toMatch(
          /^error: \S+ cannot be used \(ENOSPC.*free some space.*\nprocess \d+ keeps its current configuration\n$/,
        );
        expect(await statusOf(disk.directory)).toMatchObject({ running: true, pid });
        disk.free();
        expect(readdirSync(disk.directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
        expect(await sluice(disk.directory, ['stop'])).toMatchObject({ code: 0 });
      } finally {
        disk.remove();
      }
    });

  if (canMount())
    test('a read-only file system: no daemon starts, and a gateway in the foreground serves and says so', async () => {
      const disk = mountSmallDisk(1);
      if (disk === null) throw new Error('it could be mounted a moment ago');
      try {
        disk.makeReadOnly();
        expect(await sluice(disk.directory, ['start', '--port', '0'])).toMatchObject({
          code: 1,
          err: expect.stringMatching(/cannot be used \(EROFS.*choose another folder with SLUICE_HOME\n$/),
        });
        await using gateway = await startSluice({ environment: { SLUICE_HOME: disk.directory } });
        expect(await (await ask(gateway.url, 'simulator/fast')).text()).toContain('[DONE]');
        await gateway.wrote(
          /the ledger cannot be opened: requests are served all the same.*EROFS.*SLUICE_HOME/,
        );
        await eventually(
          async () => (await gateway.get<{ status: string }>('/gateway/health')).status === 'degraded',
        );
        expect(await gateway.get('/gateway/health')).toMatchObject({
          ledger: { ok: false, last_error: expect.stringContaining('EROFS') },
        });
      } finally {
        disk.remove();
      }
    });

  if (canMount())
    test('a disk that fills while it runs: health says so, and the log once it can be written again', async () => {
      const disk = mountSmallDisk(32);
      if (disk === null) throw new Error('it could be mounted a moment ago');
      try {
        const path = join(disk.directory, 'logs', 'sluice.log');
        const start = ['start', '--port', '0', '--workers', '2'];
        expect(await sluice(disk.directory, start, { SLUICE_LOG: 'debug' })).toMatchObject({ code: 0 });
        const { url } = await statusOf(disk.directory);
        const health = async () => (await (await fetch(`${url}/gateway/health`)).json()) as LogHealth;
        expect(await health()).toMatchObject({ log: { ok: true, dropped: 0, last_error: null } });
        disk.fill(0);
        while ((await health()).log.ok) await (await ask(url, 'simulator/fast')).text();
        // Each worker has a line refused, so that none's next one follows the piece of the other's.
        for (let count = 0; count < 40; count++) await (await ask(url, 'simulator/fast', 'close')).text();
        expect(await health()).toMatchObject({
          status: 'degraded',
          log: {
            last_error: expect.stringMatching(/^standard error cannot be written \(ENOSPC.*free some space/),
          },
        });
        expect(await (await fetch(`${url}/metrics`)).text()).toMatch(
          /^sluice_log_ok 0$[\s\S]*^sluice_log_dropped_lines_total [1-9]/m,
        );
        disk.free();
        await eventually(async () => (await health()).log.ok);
        const { dropped } = (await health()).log;
        const lines = readFileSync(path, 'utf8').split('\n');
        const counts = lines.flatMap(
          (line) => / ERROR lines of this log were lost, .* lines=(\d+) error="/.exec(line)?.[1] ?? [],
        );
        expect(counts.reduce((sum, lost) => sum + Number(lost), 0)).toBe(dropped);
        // None is joined with the piece of another.
        for (const line of lines)
          expect(
            line.match(/\d{4}-\d\d-\d\dT[\d:.]+Z (?:DEBUG|INFO|WARN|ERROR) /g)?.length ?? 0,
          ).toBeLessThan(2);
        expect(await sluice(disk.directory, ['stop'])).toMatchObject({ code: 0 });
      } finally {
        disk.remove();
      }
    });

  test('a damaged ledger: logs say so, and what becomes of it', async () => {
    const home = newHome();
    writeFileSync(join(home, 'sluice.db'), 'this is no database, whatever its name says'.repeat(100));
    const { code, out, err } = await sluice(home, ['logs']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^error: the ledger cannot be read: \S+sluice\.db: .*; the file is damaged; .*\n$/);
  });
});

test('an action that there is not: the nearest is named', async () => {
  expect(await sluice(newHome(), ['strat'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('not "strat" (did you mean "start"?)'),
  });
});

test('logs show a request as soon as its client has the answer', async () => {
  const home = newHome();
  await sluice(home, ['start', '--port', '0']);
  const { url } = await statusOf(home);
  await (await ask(url, 'simulator/fast,echo')).text();
  expect((await sluice(home, ['logs'])).out).toContain('simulator/fast,echo');
});

test('a start that fails prints the gateway’s error', async () => {
  const taken = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
  const home = newHome();
  const failed = await sluice(home, ['start', '--port', String(taken.port)]);
  expect(failed).toMatchObject({ code: 1, err: expect.stringContaining('the port is in use') });
  await taken.stop(true);
  const wrong = newHome('server: { prot: 1 }');
  expect(await sluice(wrong, ['start'])).toMatchObject({ code: 1, err: expect.stringContaining('prot') });
});

test.skipIf(process.platform !== 'linux')(
  'a start whose gateway is killed says by what, as the gateway cannot',
  async () => {
    const home = newHome("routing: { transformers: [{ name: './killer.ts' }] }");
    // A worker loads it, so its primary has written the pid file and serves nothing yet.
    writeFileSync(
      join(home, 'killer.ts'),
      `if (process.env.${WORKER_VARIABLE} !== undefined) process.kill(process.ppid, 'SIGKILL');
      export default { request() {} };`,
    );
    const { code, err } = await sluice(home, ['start', '--port', '0', '--workers', '2']);
    expect(err).toContain('the gateway was ended by SIGKILL before it answered');
    expect(code).toBe(1);
    expect(await sluice(home, ['status'])).toMatchObject({ code: 1 });
    expect(existsSync(join(home, 'sluice.pid'))).toBe(false);
  },
);

test('two starts at once make one gateway', async () => {
  const home = newHome();
  const starts = await Promise.all([0, 1].map(() => sluice(home, ['start', '--port', '0'])));
  expect(starts.map(({ code }) => code)).toContain(0);
  const { pid } = await statusOf(home);
  for (const { code, err } of starts) {
    if (code !== 0)
      expect(err).toMatch(/another start (is in progress|came first: process \d+ is running at http)/);
    expect(err).not.toContain('listens on');
  }
  const pids = readFileSync(join(home, 'logs', 'sluice.log'), 'utf8').match(/listens on/g);
  expect(pids).toHaveLength(1);
  expect(isAlive(pid)).toBe(true);
});

test('stop lets a running stream finish', async () => {
  const home = newHome();
  await sluice(home, ['start', '--port', '0']);
  const { url } = await statusOf(home);
  const response = await ask(url, 'simulator/tokens=40,rate=100,ttft=0');
  const stopped = sluice(home, ['stop']);
  expect(await response.text()).toContain('data: [DONE]');
  expect(await stopped).toMatchObject({ code: 0, out: expect.stringContaining('stopped') });
});

test('stop lets a running stream finish though the configuration is not valid any more', async () => {
  const home = newHome('{}');
  await sluice(home, ['start', '--port', '0']);
  const { url } = await statusOf(home);
  // Longer than the grace that a stop gives beside the drain.
  const response = await ask(url, 'simulator/tokens=65,rate=10,ttft=0');
  writeFileSync(join(home, 'sluice.yaml'), 'server: { prot: 1 }');
  const stopped = sluice(home, ['stop']);
  expect(await response.text()).toContain('data: [DONE]');
  expect(await stopped).toMatchObject({ code: 0, out: expect.stringContaining('stopped') });
});

test('logs -f follows, until it is interrupted', async () => {
  const home = newHome();
  await sluice(home, ['start', '--port', '0']);
  const { url } = await statusOf(home);
  await (await ask(url, 'simulator/fast,echo')).text();
  await fetch(`${url}/gateway/audit`);
  const follower = spawn(home, ['logs', '-f', '-n', '1']);
  const reader = follower.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const until = async (count: number) => {
    while (text.split('\n').length <= count) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`ended early: ${text}`);
      text += value;
    }
  };
  await until(1);
  await (await ask(url)).text();
  await until(2);
  expect(text).toMatch(/simulator\/fast,echo.*\n.*simulator\/fast /);
  follower.kill('SIGINT');
  expect(await follower.exited).toBe(0);
});

test('logs -n 0 shows nothing of what was, and with -f only what comes', async () => {
  const home = newHome();
  await sluice(home, ['start', '--port', '0']);
  const { url } = await statusOf(home);
  await (await ask(url, 'simulator/fast,echo')).text();
  expect(await sluice(home, ['logs', '-n', '0'])).toMatchObject({ code: 0, out: '', err: '' });
  expect(await sluice(home, ['logs', '--server', '-n', '0'])).toMatchObject({ code: 0, out: '', err: '' });
  const follower = spawn(home, ['logs', '-f', '-n', '0']);
  const reader = follower.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const first = reader.read();
  let isShown = false;
  void first.then(() => {
    isShown = true;
  });
  // When it has begun to look is not told: it is asked for until it shows one.
  await eventually(async () => {
    await (await ask(url)).text();
    return isShown;
  });
  const { value } = await first;
  expect(value).toMatch(/simulator\/fast /);
  expect(value).not.toContain('echo');
  follower.kill('SIGINT');
  expect(await follower.exited).toBe(0);
});

test.each([[[]], [['dance']], [['logs', '-n', 'many']], [['start', '--port', 'x']]])(
  'daemon %j is a wrong command line',
  async (args) => expect((await sluice(newHome(), args)).code).toBe(2),
);

// Where a process writes to is told by Linux alone.
test.if(process.platform === 'linux')(
  'a log that grows too large is put aside while the gateway runs, and logs --server -f goes on',
  async () => {
    const home = newHome('server: { workers: 2 }');
    await sluice(home, ['start', '--port', '0']);
    const { pid } = await statusOf(home);
    const log = join(home, 'logs', 'sluice.log');
    const follower = spawn(home, ['logs', '--server', '-f', '-n', '1']);
    const reader = follower.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (wanted: RegExp) => {
      while (!wanted.test(text)) text += (await reader.read()).value ?? '';
    };
    await until(/\n/);
    appendFileSync(log, `${'x'.repeat(1023)}\n`.repeat(11 * 1024));
    const processes = [pid, ...childrenOf(pid)];
    const outputs = () =>
      processes.flatMap((each) => [1, 2].map((descriptor) => readlinkSync(`/proc/${each}/fd/${descriptor}`)));
    await eventually(() => existsSync(`${log}.1`) && outputs().every((path) => path === log));
    expect(processes).toHaveLength(3);
    writeFileSync(join(home, 'sluice.yaml'), 'server: { prot: 1 }');
    process.kill(pid, 'SIGHUP');
    await until(/prot/);
    follower.kill('SIGTERM');
    expect(readFileSync(log, 'utf8')).toContain('prot');
    expect(statSync(`${log}.1`).size).toBeGreaterThan(11 * 1024 * 1024);
    expect(text.match(/^x{1023}$/gm)).toHaveLength(11 * 1024);
  },
);
