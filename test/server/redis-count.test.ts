// Rate limits that several gateways count on a real Redis server: the arithmetic, and what the server may do meanwhile.
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { RateLimit } from '../../src/config/resolved.ts';
import { createLocalCounters } from '../../src/limits/counters.ts';
import { type Count, LimitBook } from '../../src/limits/limit-book.ts';
import type { RemoteCount, RemoteState } from '../../src/limits/remote-count.ts';
import { redisFailure } from '../../src/server/redis/errors.ts';
import { connectRemoteCount } from '../../src/server/redis/remote-count.ts';
import { AT_ONCE, countsTogether, MINUTE, namesOf, TOKENS } from '../limits/counting-suite.ts';
import { selfSigned } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { hasRedis, type RedisServer, startRedis } from '../support/redis.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Longer than a busy machine makes anything wait. */
const PATIENT_MS = 20_000;

/** One gateway's side. */
function connect(url: string, limits: RateLimit[], { prefix = 'test:', timeoutMs = PATIENT_MS } = {}) {
  const running = new Set<Count[]>();
  const states: RemoteState[] = [];
  let noted = () => {};
  const remote = connectRemoteCount(
    { url, prefix, timeoutMs },
    {
      running() {
        const keys = [...running].flat().flatMap((count) => (count.running === null ? [] : count.key));
        return new Map([...Map.groupBy(keys, (key) => key)].map(([key, all]) => [key, all.length]));
      },
      changed(state) {
        states.push(state);
        noted();
      },
    },
  );
  const book = new LimitBook(createLocalCounters(() => performance.now()));
  book.configure(limits, remote);
  return {
    book,
    remote,
    states,
    /** Resolves when the server answers, or does not. */
    async becomes(ok: boolean): Promise<RemoteState> {
      for (;;) {
        const last = states.at(-1);
        if (last?.ok === ok) return last;
        await new Promise<void>((resolve) => {
          noted = resolve;
        });
      }
    },
    /** What it counts towards; null where it is refused. */
    async begin(project = 'web'): Promise<Count[] | null> {
      const counted: Count[] = [];
      running.add(counted);
      if ((await book.enter(namesOf(project), counted)) === null) return counted;
      running.delete(counted);
      return null;
    },
    end(counted: Count[] | null) {
      if (counted === null) throw new Error('it was refused');
      running.delete(counted);
      book.leave(counted);
    },
    async used() {
      return (await book.states()).map(({ used }) => used);
    },
  };
}

/** All that was sent before has been done: what is asked on a connection is answered in turn. */
async function settle(remotes: readonly RemoteCount[]): Promise<void> {
  await Promise.all(remotes.map((remote) => remote.read([])));
}

describe.skipIf(!hasRedis)('on a Redis server', () => {
  let server: RedisServer;
  let prefixes = 0;

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  countsTogether('on Redis', async (books, limits) => {
    prefixes += 1;
    const joined = Array.from({ length: books }, () =>
      connect(server.url, limits, { prefix: `suite-${prefixes}:` }),
    );
    const remotes = joined.map(({ remote }) => remote);
    // Tokens of an answer are reported by a process that has asked before.
    await Promise.all(joined.map(({ becomes }) => becomes(true)));
    return {
      books: joined.map(({ book }) => book),
      settled: () => settle(remotes),
      async end(index) {
        await remotes[index]?.close();
      },
      configure(changed) {
        for (const { book, remote } of joined) book.configure(changed, remote);
      },
      async [Symbol.asyncDispose]() {
        await Promise.all(remotes.map((remote) => remote.close()));
      },
    };
  });

  const unique = () => {
    prefixes += 1;
    return `test-${prefixes}:`;
  };

  test('all keys lie in one slot of a cluster, begin with the prefix, and expire', async () => {
    const prefix = unique();
    const one = connect(server.url, [MINUTE, AT_ONCE, { ...TOKENS, per: 'second' }], { prefix });
    expect(await one.begin()).not.toBeNull();
    one.book.addTokens(namesOf('web'), 5_000);
    await settle([one.remote]);
    const keys = (await server.send('KEYS', `${prefix}*`)) as string[];
    expect(keys).toHaveLength(4);
    for (const key of keys) {
      expect(key).toStartWith(`${prefix}{rate_limits}:`);
      expect(await server.send('PTTL', key)).toBeGreaterThan(0);
    }
    await one.remote.close();
  });

  test('gateways with another prefix, or in another database, count apart', async () => {
    const prefix = unique();
    const limits: RateLimit[] = [{ ...MINUTE, most: 1, per: 'day' }];
    const joined = [
      connect(server.url, limits, { prefix }),
      connect(server.url, limits, { prefix: unique() }),
      connect(`${server.url}/3`, limits, { prefix }),
    ];
    for (const { begin } of joined) expect(await begin()).not.toBeNull();
    for (const { begin } of joined) expect(await begin()).toBeNull();
    for (const { remote } of joined) await remote.close();
  });

  test('no call for a request that no limit matches, or that counts already', async () => {
    const prefix = unique();
    const one = connect(server.url, [{ ...MINUTE, project: 'web' }], { prefix });
    await one.becomes(true);
    const counted: Count[] = [];
    expect(one.book.enter(namesOf('data'), counted)).toBeNull();
    const asked = one.book.enter(namesOf('web'), counted);
    expect(asked).toBeInstanceOf(Promise);
    expect(await asked).toBeNull();
    expect(one.book.enter(namesOf('web', 'two'), counted)).toBeNull();
    await one.remote.close();
  });

  test('scripts that the server has forgotten are sent again', async () => {
    const one = connect(server.url, [AT_ONCE, MINUTE], { prefix: unique() });
    const counted = await one.begin();
    for (let n = 0; n < 3; n++) {
      await server.send('SCRIPT', 'FLUSH');
      one.end(await one.begin());
    }
    one.end(counted);
    await settle([one.remote]);
    expect(await one.used()).toEqual([4]);
    expect(one.states).toEqual([{ ok: true, lastError: null }]);
    await one.remote.close();
  });

  test('what runs is reported again to a server whose data were deleted', async () => {
    const prefix = unique();
    const limits = [{ ...AT_ONCE, each: null }];
    const [one, other] = [connect(server.url, limits, { prefix }), connect(server.url, limits, { prefix })];
    const first = await one.begin();
    expect(await other.begin()).not.toBeNull();
    for (const key of (await server.send('KEYS', `${prefix}*`)) as string[]) await server.send('DEL', key);
    // Whoever asks next notices, and is served meanwhile.
    await one.begin().then((counted) => counted && one.end(counted));
    await other.begin().then((counted) => counted && other.end(counted));
    await eventually(async () => (await one.used())[0] === 2);
    expect(await one.begin()).toBeNull();
    expect(await other.begin()).toBeNull();
    one.end(first);
    await settle([one.remote]);
    expect(await other.begin()).not.toBeNull();
    for (const { remote } of [one, other]) await remote.close();
  });

  test('a connection that is given up leaves no place behind, though its commands arrive later', async () => {
    await using own = await startRedis();
    const limits = [
      { ...AT_ONCE, each: null },
      { ...MINUTE, per: 'day' as const },
    ];
    const one = connect(own.url, limits, { timeoutMs: 200 });
    await one.becomes(true);
    own.pause();
    // It is refused by nobody: the gateway counts for itself.
    const counted = await one.begin();
    expect(counted).not.toBeNull();
    const { lastError } = await one.becomes(false);
    expect(lastError).toBe(
      `Redis at 127.0.0.1:${own.port}: no answer within 200 ms (redis.timeout); see whether it, or the network, is overloaded; else raise redis.timeout`,
    );
    own.resume();
    await one.becomes(true);
    expect((await one.used())[0]).toBe(1);
    one.end(counted);
    await settle([one.remote]);
    expect((await one.used())[0]).toBe(0);
    await one.remote.close();
  });

  test('what an abandoned connection had sent counts nowhere when it arrives after the next has registered', async () => {
    const limits = [{ ...AT_ONCE, each: null, most: 5 }];
    await using held = await startProxy(server.port);
    const one = connect(`redis://127.0.0.1:${held.port}`, limits, { prefix: unique(), timeoutMs: 300 });
    await one.becomes(true);
    const first = await one.begin();
    held.hold();
    const second = await one.begin();
    await one.becomes(false);
    await one.becomes(true);
    expect(await one.used()).toEqual([2]);
    held.release();
    await eventually(async () => held.arrived());
    for (const counted of [first, second]) one.end(counted);
    await settle([one.remote]);
    expect(await one.used()).toEqual([0]);
    await one.remote.close();
  });

  test('without the server, this gateway goes on from what was counted together', async () => {
    await using own = await startRedis();
    const limits: RateLimit[] = [
      { ...MINUTE, most: 4, per: 'day', each: null },
      { ...AT_ONCE, most: 9 },
    ];
    const [one, other] = [connect(own.url, limits), connect(own.url, limits)];
    for (const { becomes } of [one, other]) await becomes(true);
    const held = await one.begin();
    expect(await other.begin()).not.toBeNull();
    expect(await one.begin()).not.toBeNull();
    await own.kill();
    for (const { becomes } of [one, other]) {
      const { lastError } = await becomes(false);
      expect(lastError).toMatch(/^Redis at 127\.0\.0\.1:\d+: \w+ ECONN/);
      expect(lastError).toContain('check that it runs, and that redis.url has its address');
    }
    // Three were counted when it heard last; nothing has to be waited for.
    expect(one.book.enter(namesOf('web'), [])).toBeNull();
    expect(one.book.enter(namesOf('web'), [])).toMatchObject({ limit: limits[0] });
    expect(other.book.enter(namesOf('web'), [])).toBeNull();

    await own.restart();
    for (const { becomes } of [one, other]) await becomes(true);
    // It holds nothing of what was counted, but learns what runs.
    expect(await other.used()).toEqual([0, 3]);
    one.end(held);
    await settle([one.remote]);
    expect(await other.used()).toEqual([0, 2]);
    for (const { remote } of [one, other]) await remote.close();
  });

  test('one that is away from the start, and comes later', async () => {
    await using own = await startRedis();
    await own.kill();
    const one = connect(own.url, [{ ...MINUTE, most: 1 }]);
    await one.becomes(false);
    expect(one.book.enter(namesOf('web'), [])).toBeNull();
    await own.restart();
    await one.becomes(true);
    expect(await one.begin()).not.toBeNull();
    expect(await one.begin()).toBeNull();
    await one.remote.close();
  });

  test('the first requests wait for the connection instead of being counted apart', async () => {
    const prefix = unique();
    const limits: RateLimit[] = [{ ...MINUTE, most: 3, per: 'day' }];
    const joined = Array.from({ length: 4 }, () => connect(server.url, limits, { prefix }));
    const all = await Promise.all(joined.flatMap(({ begin }) => [begin(), begin(), begin()]));
    expect(all.filter((counted) => counted !== null)).toHaveLength(3);
    for (const { remote } of joined) await remote.close();
  });

  test('who has waited for the connection leaves the server enough time to answer', async () => {
    // Connecting takes three answers.
    await using slow = await startProxy(server.port, 200);
    const one = connect(`redis://127.0.0.1:${slow.port}`, [{ ...MINUTE, most: 1 }], {
      prefix: unique(),
      timeoutMs: 700,
    });
    const [first, later] = [await one.begin(), one.begin()];
    expect(first).not.toBeNull();
    await later;
    await one.becomes(true);
    expect(one.states).toEqual([{ ok: true, lastError: null }]);
    await one.remote.close();
  });

  test('a server that accepts connections and says nothing holds up nobody but those who come first, and is reported', async () => {
    using mute = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
    const one = connect(`redis://127.0.0.1:${mute.port}`, [MINUTE], { timeoutMs: 100 });
    const first = one.book.enter(namesOf('web'), []);
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toBeNull();
    expect(one.book.enter(namesOf('web'), [])).toBeNull();
    expect((await one.becomes(false)).lastError).toContain('no answer within 5 s');
    await one.remote.close();
  });

  const PASSWORD = 'p@ss w/%é-geheim';

  test.each([
    ['a wrong password', 'WRONGPASS', ':wrong-password@', ''],
    ['no password', 'NOAUTH', '', ''],
    ['an unknown user', 'WRONGPASS', `nobody:${encodeURIComponent(PASSWORD)}@`, ''],
    ['a database that there is not', 'DB index is out of range', `:${encodeURIComponent(PASSWORD)}@`, '/99'],
  ])('%s: reported in the words of the server, and without the address', async (_, words, who, database) => {
    await using own = await startRedis(
      ['--requirepass', PASSWORD],
      (port) => `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`,
    );
    const one = connect(`redis://${who}127.0.0.1:${own.port}${database}`, [MINUTE]);
    const { lastError } = await one.becomes(false);
    expect(lastError).toContain(words);
    expect(lastError).toMatch(/; (put a valid user and password into|name another database in) redis\.url$/);
    for (const secret of [PASSWORD, 'wrong-password', 'nobody']) expect(lastError).not.toContain(secret);
    expect(one.book.enter(namesOf('web'), [])).toBeNull();
    await one.remote.close();
    const right = connect(`redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${own.port}/5`, [MINUTE]);
    await right.becomes(true);
    await right.remote.close();
  });

  test('a user that may do no more than the documentation asks for', async () => {
    await using own = await startRedis();
    const rules = /\(`(\+@scripting .*?)`\) on the keys `(.*?)`/s.exec(
      await Bun.file(join(import.meta.dir, '../../docs/rate-limits.md')).text(),
    );
    const [, commands = '', keys = ''] = rules ?? [];
    await own.send('ACL', 'SETUSER', 'sluice', 'on', '>password', `~${keys}`, ...commands.split(' '));
    const limits = [AT_ONCE, MINUTE, TOKENS];
    const one = connect(`redis://sluice:password@127.0.0.1:${own.port}`, limits, { prefix: 'sluice:' });
    await one.becomes(true);
    const counted = await one.begin();
    one.book.addTokens(namesOf('web'), 5);
    await settle([one.remote]);
    expect(await one.used()).toEqual([1, 1, 5]);
    one.end(counted);
    await settle([one.remote]);
    expect(await one.used()).toEqual([1, 5]);
    expect(one.states).toHaveLength(1);
    await one.remote.close();
    const other = connect(`redis://sluice:password@127.0.0.1:${own.port}`, limits, { prefix: 'other:' });
    expect((await other.becomes(false)).lastError).toMatch(/NOPERM|No permissions/i);
    await other.remote.close();
  });

  test('places are kept alive for as long as something runs in them', async () => {
    const prefix = unique();
    const one = connect(server.url, [AT_ONCE], { prefix });
    const counted = await one.begin();
    for (const key of (await server.send('KEYS', `${prefix}*`)) as string[]) {
      await server.send('PEXPIRE', key, '5000');
      await eventually(async () => Number(await server.send('PTTL', key)) > 5_000);
    }
    one.end(counted);
    await one.remote.close();
  });

  test.each([
    ['beyond the time for an answer', 700],
    ['for most of the time for an answer', 450],
  ])('that this process was held up %s is not the server’s fault', async (_, heldUpMs) => {
    await using slow = await startProxy(server.port, 100);
    const one = connect(`redis://127.0.0.1:${slow.port}`, [{ ...MINUTE, most: 1 }], {
      prefix: unique(),
      timeoutMs: 500,
    });
    await one.becomes(true);
    expect(await one.begin()).not.toBeNull();
    // So that no time runs that began with an earlier question.
    await Bun.sleep(600);
    const asked = one.begin();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, heldUpMs);
    expect(await asked).toBeNull();
    expect(one.states).toEqual([{ ok: true, lastError: null }]);
    await one.remote.close();
  });

  test('a clock that was set back holds nobody up for longer than a period', async () => {
    const prefix = unique();
    const one = connect(server.url, [MINUTE], { prefix });
    expect(await one.begin()).not.toBeNull();
    const [key = ''] = (await server.send('KEYS', `${prefix}*web`)) as string[];
    await server.send('SET', key, String(Number(await server.send('GET', key)) + 3_600_000));
    const reached = await one.book.enter(namesOf('web'), []);
    expect(reached?.waitMs).toBeLessThanOrEqual(6_000);
    await one.remote.close();
  });

  test('what ended processes held is removed from what is counted', async () => {
    const prefix = unique();
    const limits = [{ ...AT_ONCE, each: null, most: 3 }];
    for (let n = 0; n < 5; n++) {
      const one = connect(server.url, limits, { prefix });
      expect(await one.begin()).not.toBeNull();
      await one.remote.close();
    }
    const [key = ''] = ((await server.send('KEYS', `${prefix}*concurrent*`)) as string[]) ?? [];
    // That of the last one, until the next comes.
    expect(await server.send('HLEN', key)).toBe(1);
  });

  test('a replica, also one that becomes it later', async () => {
    await using primary = await startRedis();
    await using own = await startRedis();
    const one = connect(own.url, [AT_ONCE]);
    await one.becomes(true);
    const held = await one.begin();
    await own.send('REPLICAOF', '127.0.0.1', String(primary.port));
    const { lastError } = await one.becomes(false);
    expect(lastError).toContain('READONLY');
    expect(lastError).toEndWith('it is a replica: name the primary server in redis.url');
    expect(one.book.enter(namesOf('web'), [])).toBeNull();
    await own.send('REPLICAOF', 'NO', 'ONE');
    await one.becomes(true);
    one.end(held);
    await one.remote.close();
  });

  test('a full one', async () => {
    await using own = await startRedis();
    const one = connect(own.url, [MINUTE]);
    await one.becomes(true);
    await own.send('CONFIG', 'SET', 'maxmemory', '1kb');
    expect(await one.begin()).not.toBeNull();
    const { lastError } = await one.becomes(false);
    expect(lastError).toContain('OOM');
    await own.send('CONFIG', 'SET', 'maxmemory', '0');
    await one.becomes(true);
    await one.remote.close();
  });

  test('a full one is not taken for one that counts, whatever comes or does not come', async () => {
    await using own = await startRedis(['--maxmemory', '1kb']);
    const one = connect(own.url, [MINUTE]);
    const { lastError } = await one.becomes(false);
    expect(lastError).toContain('OOM');
    expect(one.states).toHaveLength(1);
    await one.remote.close();
  });

  test('one that asks for a certificate', async () => {
    const { certificate, key } = selfSigned(['localhost']);
    const folder = temporaryFolder('redis-tls');
    const [cert, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    writeFileSync(cert, certificate);
    writeFileSync(keyFile, key);
    const port = await freePort();
    const files = ['--tls-cert-file', cert, '--tls-key-file', keyFile, '--tls-ca-cert-file', cert];
    await using _own = await startRedis(['--tls-port', String(port), ...files]);
    // Trust is the process's, and is given to none that runs.
    const found = await new Response(
      Bun.spawn([process.execPath, join(import.meta.dir, 'redis-tls.ts'), `rediss://localhost:${port}`], {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: cert },
        stdout: 'pipe',
      }).stdout,
    ).text();
    expect(found).toContain('CERTIFICATE_REQUIRED; it asks for a certificate');
  });

  test('something else that answers', async () => {
    using web = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('hello') });
    const one = connect(`redis://127.0.0.1:${web.port}`, [MINUTE]);
    expect((await one.becomes(false)).lastError).toContain('what answers is not a Redis server');
    await one.remote.close();
  });

  test.each([
    ['redis:', /; if it takes TLS alone, begin redis\.url with rediss:/],
    ['rediss:', /; if it takes no TLS, begin redis\.url with redis:/],
  ])('one that ends every connection may expect the other of the two: %s', async (scheme, said) => {
    using closing = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: { open: (socket) => void socket.end(), data() {} },
    });
    const one = connect(`${scheme}//127.0.0.1:${closing.port}`, [MINUTE]);
    expect((await one.becomes(false)).lastError).toMatch(said);
    await one.remote.close();
  });

  test('one that has answered, and then ends every connection, does not expect the other', async () => {
    let isEnding = false;
    const open = new Set<Socket>();
    const relay = createServer((client) => {
      if (isEnding) return void client.end();
      const upstream = createConnection(server.port, '127.0.0.1');
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) open.add(socket.on('error', () => {}));
    }).listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const address = relay.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const one = connect(`redis://127.0.0.1:${port}`, [MINUTE], { prefix: unique() });
    await one.becomes(true);
    isEnding = true;
    for (const socket of open) socket.destroy();
    const { lastError } = await one.becomes(false);
    expect(lastError).toContain(`Redis at 127.0.0.1:${port}: `);
    expect(lastError).not.toContain('rediss:');
    await one.remote.close();
    relay.close();
  });

  test.each([
    ['redis://h', 'read ECONNRESET', / rediss:\/\/$/],
    ['rediss://h', 'no answer within 5 s', / redis:\/\/$/],
    ['rediss://h', 'error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER', / redis:\/\/$/],
    ['redis://h', 'no answer within 50 ms (redis.timeout)', /; else raise redis\.timeout$/],
    ['rediss://h', 'no answer within 50 ms (redis.timeout)', /; else raise redis\.timeout$/],
    ['redis://h', 'connect ECONNREFUSED', /; check that it runs, and that redis\.url has its address$/],
  ])('%s, %s: whether another scheme may help', (url, reason, said) => {
    expect(redisFailure(url, reason)).toMatch(said);
  });

  test('a node of a cluster that has other keys names the one that has these', async () => {
    // Without a port of its own the bus has one among those that the system deals to connections.
    const buses = [await freePort(), await freePort()];
    const cluster = (bus: number | undefined) => ['--cluster-enabled', 'yes', '--cluster-port', String(bus)];
    await using one = await startRedis(cluster(buses[0]));
    await using other = await startRedis(cluster(buses[1]));
    await one.send('CLUSTER', 'MEET', '127.0.0.1', String(other.port), String(buses[1]));
    await other.send('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await eventually(async () => String(await one.send('CLUSTER', 'INFO')).includes('cluster_state:ok'));
    const joined = [connect(one.url, [MINUTE]), connect(other.url, [MINUTE])];
    for (const { becomes } of joined) await becomes(true);
    let passed = 0;
    for (let n = 0; n < 20; n++) if ((await joined[n % 2]?.begin()) !== null) passed += 1;
    expect(passed).toBe(10);
    for (const { remote } of joined) await remote.close();
  });
});

/** Before a server: what its first connection sends can be held back, also when that has been closed. Answers come later by `delayMs`. */
async function startProxy(to: number, delayMs = 0) {
  let isHeld = false;
  let isArrived = false;
  let held: Buffer[] = [];
  let first: Socket | undefined;
  const server = createServer((client) => {
    const upstream = createConnection(to, '127.0.0.1');
    const isFirst = first === undefined;
    first ??= upstream;
    client.on('data', (bytes: Buffer) => {
      if (isFirst && isHeld) held.push(bytes);
      else upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (isFirst && held.length > 0) isArrived = true;
      if (delayMs === 0) client.write(bytes);
      else setTimeout(() => client.write(bytes), delayMs);
    });
    client.on('close', () => {
      if (!isFirst) upstream.destroy();
    });
    for (const socket of [client, upstream]) socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    hold() {
      isHeld = true;
    },
    /** Lets what was held back arrive. */
    release() {
      first?.write(Buffer.concat(held));
    },
    /** Whether the server has answered that. */
    arrived: () => isArrived,
    async [Symbol.asyncDispose]() {
      held = [];
      first?.destroy();
      server.close();
    },
  };
}
