// Several gateways, each of several processes, that count their rate limits together on a Redis server, which may go and come.
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ConfigInput } from '../../src/index.ts';
import { createAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { post, STAYS_OPEN, status, used } from '../support/counted-requests.ts';
import { hasRedis, startRedis } from '../support/redis.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const LAUNCHER = [Bun.which('node') ?? 'node', join(resolve(import.meta.dir, '..', '..'), 'bin', 'sluice')];

type Limits = NonNullable<ConfigInput['rate_limits']>;

interface Health {
  status: string;
  redis?: { ok: boolean; last_error: string | null };
}

const health = (sluice: SluiceProcess) => sluice.get<Health>('/gateway/health');

async function isCommon(sluice: SluiceProcess): Promise<string | undefined> {
  const page = await (await fetch(`${sluice.url}/metrics`)).text();
  return /^sluice_redis_ok (\d)$/m.exec(page)?.[1];
}

/** `count` requests, `beside` of them at a time, to these in turn; how many got each status. */
async function ask(
  gateways: readonly SluiceProcess[],
  count: number,
  beside = 60,
): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  let asked = 0;
  const client = async () => {
    while (asked < count) {
      const sluice = gateways[asked % gateways.length];
      asked += 1;
      if (sluice === undefined) return;
      const answered = await status(sluice);
      statuses[answered] = (statuses[answered] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: beside }, client));
  return statuses;
}

function start(
  url: string,
  rate_limits: Limits,
  redis: Partial<NonNullable<ConfigInput['redis']>> = {},
): Promise<SluiceProcess> {
  return startSluice({ config: { rate_limits, redis: { url, timeout: '20s', ...redis } }, workers: 2 });
}

describe.skipIf(!hasRedis)('gateways that count on a Redis server', () => {
  test('two with two workers each at full speed let pass exactly as many as the limit', async () => {
    await using server = await startRedis();
    const limits: Limits = [
      { requests: 500, per: 'day', each: 'agent' },
      { requests: 400, per: 'day', model: 'f*' },
    ];
    await using one = await start(server.url, limits);
    await using other = await start(server.url, limits);
    expect(await ask([one, other], 1_500)).toEqual({ 200: 400, 429: 1_100 });
    for (const sluice of [one, other]) {
      expect(await used(sluice)).toEqual([400, 400]);
      expect(await health(sluice)).toMatchObject({
        status: 'healthy',
        redis: { ok: true, last_error: null },
      });
      expect(await isCommon(sluice)).toBe('1');
    }
    const { entries } = await one.get<{ entries: { queued_ms?: number; http_status: number }[] }>(
      '/gateway/audit?limit=1000',
    );
    expect(entries).toHaveLength(750);
    // Asking the server is no waiting for room at a provider.
    expect(entries.filter((entry) => entry.queued_ms !== undefined && entry.queued_ms !== null)).toEqual([]);
  });

  test('streams: never more at once than allowed by all of them together', async () => {
    await using server = await startRedis();
    const limits: Limits = [{ concurrent: 6 }];
    await using one = await start(server.url, limits);
    await using other = await start(server.url, limits);
    let running = 0;
    let most = 0;
    let passed = 0;
    const client = async (index: number) => {
      for (let turn = 0; turn < 15; turn++) {
        const response = await post((index + turn) % 2 === 0 ? one : other, 'tokens=20,rate=1000');
        if (response.status === 200) {
          passed += 1;
          running += 1;
          most = Math.max(most, running);
          const reader = response.body?.getReader();
          await reader?.read();
          running -= 1;
          if (turn % 3 === 0) await reader?.cancel();
          else while ((await reader?.read())?.done === false);
        } else {
          expect(response.status).toBe(429);
          await response.arrayBuffer();
        }
      }
    };
    await Promise.all(Array.from({ length: 30 }, (_, index) => client(index)));
    expect(passed).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(6);
    await eventually(async () => (await used(one))[0] === 0);
    expect(await used(other)).toEqual([0]);
  });

  test('while it is away each counts for itself, says so once, and counts with the others when it is back', async () => {
    await using server = await startRedis();
    const limits: Limits = [{ requests: 100, per: 'day' }, { concurrent: 50 }];
    const gateways = [await start(server.url, limits), await start(server.url, limits)];
    const [one, other] = gateways as [SluiceProcess, SluiceProcess];
    await using _ = one;
    await using __ = other;
    expect(await ask(gateways, 40)).toEqual({ 200: 40 });
    const held = await post(one, STAYS_OPEN);
    expect(held.status).toBe(200);

    const asking = ask(gateways, 600, 20);
    await Bun.sleep(50);
    await server.kill();
    const statuses = await asking;
    expect(Object.keys(statuses).every((code) => code === '200' || code === '429')).toBe(true);
    for (const sluice of gateways) {
      await eventually(async () => (await health(sluice)).redis?.ok === false);
      expect((await health(sluice)).status).toBe('degraded');
      // Whoever asks while it ends may learn otherwise first.
      const reason =
        /^Redis at 127\.0\.0\.1:\d+: connect ECONNREFUSED .*; check that it runs, and that redis\.url has its address$/;
      await eventually(async () => reason.test((await health(sluice)).redis?.last_error ?? ''));
      expect(await isCommon(sluice)).toBe('0');
      // It goes on from what was counted together, so that a limit that was reached stays reached.
      expect(await ask([sluice], 20)).toEqual({ 429: 20 });
    }

    await server.restart();
    for (const sluice of gateways) {
      await eventually(async () => (await health(sluice)).redis?.ok === true);
      expect((await health(sluice)).status).toBe('healthy');
      expect(await isCommon(sluice)).toBe('1');
      const said = (pattern: RegExp) => sluice.output().match(pattern)?.length ?? 0;
      expect(said(/rate limits are counted by this gateway alone/g)).toBe(1);
      expect(said(/rate limits are counted together with the other gateways again/g)).toBe(1);
    }
    // The server has forgotten how many have passed, and has learned again who runs.
    expect(await used(other)).toEqual([0, 1]);
    await held.body?.cancel();
    expect(await ask(gateways, 300)).toEqual({ 200: 100, 429: 200 });
    await eventually(async () => (await used(other))[1] === 0);
  });

  test('one that is silent holds a request up for no longer than redis.timeout, and only the first ones', async () => {
    await using server = await startRedis();
    await using sluice = await start(server.url, [{ requests: 100, per: 'day' }], { timeout: '3s' });
    expect(await ask([sluice], 30, 4)).toEqual({ 200: 30 });
    server.pause();
    expect(await ask([sluice], 40, 4)).toEqual({ 200: 40 });
    await eventually(async () => (await health(sluice)).redis?.ok === false);
    expect((await health(sluice)).redis?.last_error).toContain('no answer within 3000 ms (redis.timeout)');
    // Of answers that come to its workers at the same moment, the older one may be repeated last.
    const { 200: passed = 0 } = await ask([sluice], 100, 4);
    expect(passed).toBeGreaterThanOrEqual(26);
    expect(passed).toBeLessThanOrEqual(34);
    server.resume();
    await eventually(async () => (await health(sluice)).redis?.ok === true);
  });

  test('a gateway that is killed frees its places after a while', async () => {
    await using server = await startRedis();
    const limits: Limits = [{ concurrent: 4 }];
    await using one = await start(server.url, limits);
    await using other = await start(server.url, limits);
    const held = await Promise.all(Array.from({ length: 4 }, () => post(one, STAYS_OPEN)));
    expect(held.map((response) => response.status)).toEqual([200, 200, 200, 200]);
    expect(await status(other)).toBe(429);
    expect(await used(other)).toEqual([4]);
    // While it lives they stay its own, longer than a lease.
    await Bun.sleep(8_000);
    expect(await status(other)).toBe(429);
    await one.kill();
    await eventually(async () => (await status(other)) === 200);
    await Promise.allSettled(held.map((response) => response.arrayBuffer()));
  });

  test('one that ends in order gives them back at once', async () => {
    await using server = await startRedis();
    const limits: Limits = [{ concurrent: 1 }];
    await using one = await start(server.url, limits);
    await using other = await start(server.url, limits);
    one.writeConfig({
      server: { drain_timeout: '0s' },
      rate_limits: limits,
      redis: { url: server.url, timeout: '20s' },
    });
    await one.wrote(/the changed configuration is in use/);
    const held = await post(one, STAYS_OPEN);
    expect(await status(other)).toBe(429);
    await one.stop();
    expect(await status(other)).toBe(200);
    await held.arrayBuffer().catch(() => {});
  });

  test('a reload adds the section, changes it and removes it; what runs goes on counting', async () => {
    await using server = await startRedis();
    const limits: Limits = [{ requests: 10, per: 'day' }, { concurrent: 3 }];
    const at = (prefix: string) => ({ redis: { url: server.url, prefix, timeout: '20s' } });
    await using one = await startSluice({ config: { rate_limits: limits }, workers: 2 });
    await using other = await start(server.url, limits, { prefix: 'a:' });
    const held = await post(one, STAYS_OPEN);
    expect(held.status).toBe(200);
    expect((await health(one)).redis).toBeUndefined();
    expect(await isCommon(one)).toBeUndefined();

    one.writeConfig({ rate_limits: limits, ...at('a:') });
    await eventually(async () => (await health(one)).redis?.ok === true);
    await eventually(async () => (await used(other))[1] === 1);
    expect(await ask([one, other], 30, 2)).toEqual({ 200: 10, 429: 20 });

    one.writeConfig({ rate_limits: limits, ...at('b:') });
    await eventually(async () => (await used(one))[0] === 0);
    expect(await used(one)).toEqual([0, 1]);
    await eventually(async () => (await used(other))[1] === 0);
    expect(await ask([one], 30, 2)).toEqual({ 200: 10, 429: 20 });

    one.writeConfig({ rate_limits: limits });
    await eventually(async () => (await health(one)).redis === undefined);
    // It goes on from what was counted last.
    expect(await used(one)).toEqual([10, 1]);
    expect(await status(one)).toBe(429);
    await held.body?.cancel();
    await eventually(async () => (await used(one))[1] === 0);
    expect(one.output()).not.toContain('counted by this gateway alone');
  });

  test('over TLS, with an authority of one’s own', async () => {
    const authority = createAuthority('An authority of our own');
    const certificate = authority.issue({ names: ['localhost', '127.0.0.1'] });
    const directory = temporaryFolder('redis-tls');
    const fileOf = (name: string, text: string) => {
      const path = join(directory, name);
      writeFileSync(path, text);
      return path;
    };
    const ca = fileOf('ca.pem', authority.certificate);
    const port = await freePort();
    await using server = await startRedis([
      ...['--tls-port', String(port), '--tls-auth-clients', 'no', '--tls-ca-cert-file', ca],
      ...['--tls-cert-file', fileOf('cert.pem', certificate.certificate)],
      ...['--tls-key-file', fileOf('key.pem', certificate.key)],
    ]);
    const config: ConfigInput = {
      rate_limits: [{ requests: 2, per: 'day' }],
      redis: { url: `rediss://localhost:${port}`, timeout: '20s' },
    };
    await using sluice = await startSluice({ config, environment: { NODE_EXTRA_CA_CERTS: ca } });
    await eventually(async () => (await server.send('DBSIZE')) !== 0);
    expect(await ask([sluice], 5)).toEqual({ 200: 2, 429: 3 });
    expect((await health(sluice)).redis).toEqual({ ok: true, last_error: null });
    await using stranger = await startSluice({ config });
    await eventually(async () => (await health(stranger)).redis?.ok === false);
    expect((await health(stranger)).redis?.last_error).toMatch(
      /certificate.*; name the file of its authority in the variable NODE_EXTRA_CA_CERTS$/,
    );
    expect(await ask([stranger], 5)).toEqual({ 200: 2, 429: 3 });
    rmSync(directory, { recursive: true });
  });

  test('check and doctor show it, and whether it answers', async () => {
    await using server = await startRedis(
      ['--requirepass', 'secret-of-redis'],
      (port) => `redis://:secret-of-redis@127.0.0.1:${port}`,
    );
    const url = `redis://:secret-of-redis@127.0.0.1:${server.port}/4`;
    await using sluice = await start(url, [{ concurrent: 4 }]);
    const command = async (...args: string[]) => {
      const { home } = sluice;
      const child = Bun.spawn([...LAUNCHER, ...args], {
        cwd: home,
        env: { PATH: process.env.PATH ?? '', HOME: home, SLUICE_HOME: home },
        stdout: 'pipe',
        stderr: 'pipe',
      });
      return (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
    };
    const where = `127.0.0.1:${server.port}/4`;
    const doctor = ['doctor', '--url', sluice.url, '--model', 'simulator/fast'];
    expect(await command('check')).toContain(`redis: ${where}, keys sluice:*, answers\n`);
    expect(await command(...doctor)).toMatch(/✔ health .*, redis answers\n/);
    await server.kill();
    await eventually(async () => (await health(sluice)).redis?.last_error?.includes('ECONNREFUSED') === true);
    const [checked, examined] = [await command('check'), await command(...doctor)];
    expect(checked).toContain(
      `redis: ${where}, keys sluice:*, does not answer: Redis at ${where}: connect ECONNREFUSED`,
    );
    expect(checked).toContain('the configuration is valid');
    expect(examined).toMatch(
      /✘ health .*degraded: this gateway counts rate limits for itself alone: Redis at .*ECONNREFUSED/,
    );
    for (const text of [checked, examined, sluice.output()]) expect(text).not.toContain('secret-of-redis');
  });
});
