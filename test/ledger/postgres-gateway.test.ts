// Gateways as processes on one PostgreSQL: what they record, how they stand it being away, and what they do not tell.
import { beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SQL } from 'bun';
import { SCHEMA_LOCK } from '../../src/ledger/postgres/schema.ts';
import { createPostgresStore } from '../../src/ledger/postgres/store.ts';
import { freePort } from '../support/free-port.ts';
import { runCommand } from '../support/cli-run.ts';
import {
  type Cluster,
  hasPostgres,
  POSTGRES_PASSWORD,
  sharedCluster,
  startCluster,
} from '../support/postgres.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ALL } from './store-suite.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const ASK = { model: 'simulator/fast', max_tokens: 20, messages: [{ role: 'user', content: 'hi' }] };

async function ask(url: string, changes: object = {}): Promise<string> {
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...ASK, ...changes }),
  });
  expect(response.status).toBe(200);
  await response.text();
  return response.headers.get('x-sluice-request-id') ?? '';
}

interface Health {
  status: string;
  ledger: { ok: boolean; queued: number; spilled: number; dropped: number; last_error: string | null };
}

const expectNoSecret = (text: string) => {
  expect(text).not.toContain(POSTGRES_PASSWORD);
  expect(text).not.toContain(encodeURIComponent(POSTGRES_PASSWORD));
};

/** What `sluice check` says of a ledger at this address. */
async function check(address: string): Promise<string | undefined> {
  const file = join(temporaryFolder('check'), 'sluice.json');
  writeFileSync(file, JSON.stringify({ audit: { store: 'env:LEDGER_URL' } }));
  const environment = { LEDGER_URL: address };
  const { code, out, err } = await runCommand(['check', '--config', file], { environment });
  expect(code).toBe(0);
  expectNoSecret(out + err);
  return out.split('\n').find((line) => line.startsWith('ledger: '));
}

const hasBouncer = Bun.which('pgbouncer') !== null;
if (!hasBouncer)
  console.warn('PgBouncer is not installed: its test is skipped (apt-get install pgbouncer brings it)');

describe.skipIf(!hasPostgres)('on PostgreSQL', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await sharedCluster();
  });

  test('two gateways share one ledger: both tell of all requests', async () => {
    const url = await cluster.createDatabase();
    const config = { audit: { store: 'env:LEDGER_URL' } };
    const environment = { LEDGER_URL: url };
    await using one = await startSluice({ config, environment });
    await using other = await startSluice({ config, environment, workers: 2 });
    const ids = await Promise.all([...Array(20).keys()].map((n) => ask((n % 2 === 0 ? one : other).url)));
    const listed = async (gateway: SluiceProcess) => {
      const { entries, total } = await gateway.get<{ entries: { request_id: string }[]; total: number }>(
        '/gateway/audit',
      );
      expect(total).toBe(entries.length);
      return entries.map((entry) => entry.request_id).sort();
    };
    // Each writes what it knows before it answers.
    await listed(one);
    expect(await listed(other)).toEqual([...ids].sort());
    expect(await listed(one)).toEqual([...ids].sort());
    expect(await one.get('/gateway/metrics')).toMatchObject({ summary: { total_requests: 20 } });
    expectNoSecret(one.output() + other.output());
  });

  test('away at the start: it serves, says what is wrong without the password, and keeps every row', async () => {
    const gone = await startCluster();
    const url = await gone.createDatabase();
    await gone.kill();
    await using gateway = await startSluice({ config: { audit: { store: url } } });
    const ids = [await ask(gateway.url), await ask(gateway.url, { stream: true })];
    const page = await fetch(`${gateway.url}/gateway/audit`);
    expect(page.status).toBe(503);
    const health = await gateway.get<Health>('/gateway/health');
    expect(health).toMatchObject({
      status: 'degraded',
      ledger: { ok: false, queued: 0, spilled: 2, dropped: 0 },
    });
    expect(health.ledger.last_error).toContain(`PostgreSQL at 127.0.0.1:${gone.port}/`);
    await gateway.wrote(/the ledger cannot be opened/);
    expectNoSecret(gateway.output() + JSON.stringify(health) + (await page.text()));
    await gone.restart();
    expect(await gateway.stop()).toBe(0);
    const store = createPostgresStore(url);
    expect((await store.audit(ALL)).rows.map((row) => row.requestId).sort()).toEqual(ids.sort());
    await store.close();
    await gone.remove();
  });

  test('check says whether it can be used, what to do where it cannot, and leaves nothing behind', async () => {
    const url = await cluster.createDatabase();
    const name = new URL(url).pathname.slice(1);
    const place = `127.0.0.1:${cluster.port}/${name}`;
    const sql = new SQL(url, { max: 1 });
    expect(await check(url)).toBe(`ledger: PostgreSQL at ${place}, takes rows`);
    expect(await sql.unsafe("SELECT 1 FROM pg_class WHERE relname LIKE 'ledger%'")).toHaveLength(0);
    await sql.unsafe(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    expect(await check(url)).toBe(
      `ledger: takes no rows: PostgreSQL at ${place}: cannot execute CREATE TABLE in a read-only transaction; it is a standby or read-only: name the primary server in audit.store`,
    );
    await sql.unsafe(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
    await sql.unsafe('CREATE TABLE ledger_schema AS SELECT 9999 AS version');
    expect(await check(url)).toMatch(/: the ledger was written by a newer Sluice .*: upgrade Sluice here/);
    expect(await check(url.replace(`:${cluster.port}/`, ':9/'))).toMatch(/; check that it runs, and that /);
    await sql.close();
  });

  test.skipIf(!hasBouncer)('check names a pooler that gives no sessions', async () => {
    const url = new URL(await cluster.createDatabase());
    const name = url.pathname.slice(1);
    const folder = temporaryFolder('pooler');
    const port = await freePort();
    const file = join(folder, 'pgbouncer.ini');
    writeFileSync(
      file,
      `[databases]
      ${name} = host=127.0.0.1 port=${cluster.port} user=sluice password='${POSTGRES_PASSWORD}'
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = ${port}
      unix_socket_dir =
      auth_type = any
      pool_mode = transaction
      ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout`.replace(/^ +/gm, ''),
    );
    chmodSync(folder, 0o755);
    // It refuses to run as root.
    const asUser = process.getuid?.() === 0 ? 'setpriv --reuid=65534 --regid=65534 --clear-groups --' : '';
    const pooler = Bun.spawn([...asUser.split(' ').filter(Boolean), 'pgbouncer', file], {
      stdout: 'ignore',
      stderr: 'ignore',
    });
    try {
      url.port = String(port);
      let said = '';
      await eventually(
        async () => {
          said = (await check(url.href)) ?? '';
          return !said.includes('Failed to connect');
        },
        () => said,
      );
      expect(said).toMatch(
        /^ledger: takes no rows: .*; this is a pooler \(PgBouncer\), .*: name the server itself in audit\.store$/,
      );
    } finally {
      pooler.kill();
      await pooler.exited;
    }
  });

  test('while another gateway changes the tables: requests are served, pages say what is going on, no row is lost', async () => {
    const url = await cluster.createDatabase();
    const other = new SQL(url, { max: 1 });
    const [locked, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const migration = other.begin(async (inside) => {
      await inside.unsafe(`SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`);
      locked.resolve();
      await over.promise;
    });
    await locked.promise;
    await using gateway = await startSluice({ config: { audit: { store: url } } });
    const ids = [await ask(gateway.url), await ask(gateway.url, { stream: true })];
    for (const path of ['/gateway/audit', '/gateway/metrics']) {
      const page = await fetch(`${gateway.url}${path}`);
      expect(page.status).toBe(503);
      expect(await page.text()).toContain('being migrated to this version');
    }
    over.resolve();
    await migration;
    await other.close();
    const listed = async () =>
      (await gateway.get<{ entries: { request_id: string }[] }>('/gateway/audit')).entries;
    while ((await listed()).length < 2);
    expect((await listed()).map((entry) => entry.request_id).sort()).toEqual(ids.sort());
    const { ledger } = await gateway.get<Health>('/gateway/health');
    expect(ledger).toMatchObject({ ok: true, dropped: 0, last_error: null });
  });

  test('stopped between two pages of the audit: the next is refused, and goes on where it was when the store is back', async () => {
    const own = await startCluster();
    const url = await own.createDatabase();
    await using gateway = await startSluice({ config: { audit: { store: url } } });
    const ids: string[] = [];
    for (let n = 0; n < 20; n++) ids.push(await ask(gateway.url));
    const found: string[] = [];
    let next = '';
    const read = async (): Promise<number> => {
      const page = await fetch(`${gateway.url}/gateway/audit?limit=6&include_bodies=true${next}`);
      const text = await page.text();
      if (page.status !== 200) return page.status;
      const { entries, next: cursor } = JSON.parse(text) as {
        entries: { request_id: string }[];
        next: string | null;
      };
      found.push(...entries.map((entry) => entry.request_id));
      next = cursor === null ? '' : `&before=${cursor}`;
      return 200;
    };
    expect(await read()).toBe(200);
    expect(await read()).toBe(200);
    await own.kill();
    expect(await read()).toBe(503);
    // Newer than all of the walk.
    await ask(gateway.url);
    await own.restart();
    while ((await read()) !== 200);
    while (next !== '') expect(await read()).toBe(200);
    expect(found).toEqual(ids.reverse());
    expect(await gateway.stop()).toBe(0);
    await own.remove();
  });

  test('stopped, started and held still under load: every answered request has its row, once', async () => {
    const own = await startCluster();
    const url = await own.createDatabase();
    await using gateway = await startSluice({ config: { audit: { store: url } } });
    const ids: string[] = [];
    let isOver = false;
    const askOn = async (n: number) => {
      while (!isOver) ids.push(await ask(gateway.url, { stream: n % 2 === 0 }));
    };
    const load = Promise.all([0, 1, 2, 3].map(askOn));
    // Where something else fails first, that is to be told, not that the gateway is gone with it.
    load.catch(() => {});
    const more = async (count: number) => {
      const target = ids.length + count;
      // A request that fails is told at once: no other would come in its place.
      while (ids.length < target)
        await Promise.race([load, new Promise((resolve) => setTimeout(resolve, 5))]);
    };
    const ledger = async () => (await gateway.get<Health>('/gateway/health')).ledger;
    const untilSpilled = async () => {
      while ((await ledger()).spilled === 0) await more(5);
    };
    await more(50);
    await own.kill();
    // On a loaded machine rows are spilled before: a server that takes longer than 0.3 s counts as silent.
    while ((await ledger()).ok) await more(5);
    await untilSpilled();
    expect(await ledger()).toMatchObject({ ok: false, dropped: 0 });
    await own.restart();
    while ((await ledger()).spilled > 0) await more(5);
    own.pause();
    await untilSpilled();
    await more(20);
    own.resume();
    await more(50);
    isOver = true;
    await load;
    expect(await gateway.stop()).toBe(0);
    const store = createPostgresStore(url);
    const found: string[] = [];
    for (let offset = 0; ; offset += 1000) {
      const { rows } = await store.audit({ ...ALL, offset });
      found.push(...rows.map((row) => row.requestId));
      if (rows.length < 1000) break;
    }
    expect(found.sort()).toEqual(ids.sort());
    expect((await store.totals()).requests).toBe(ids.length);
    await store.close();
    await own.remove();
  });
});
