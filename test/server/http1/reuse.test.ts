// Connections that are kept and used again, and what happens where the server has closed one meanwhile.
import { describe, expect, test } from 'bun:test';
import { createHttpTransport } from '../../../src/server/http1/transport.ts';
import { always, createLab, KEPT_MS, plain, turns } from './lab.ts';
import { ask as askTransport, question, readBody, rejection } from './reading.ts';

const { ask, serve, send, timers, sleep, pools } = createLab();
const quiet = createLab();
const poolOf = ({ url }: { url: string }) => pools().find(({ origin }) => origin === url);

describe('kept', () => {
  test('a hundred requests, one after another, take one connection', async () => {
    const server = serve(always((count) => plain(`answer ${count}`)));
    for (let count = 1; count <= 100; count++)
      expect((await ask(server.url, { body: `question ${count}` })).body.toString()).toBe(`answer ${count}`);
    expect(server.connections).toHaveLength(1);
    expect(poolOf(server)).toMatchObject({ opened: 1, reused: 99, idle: 1, active: 0 });
  });

  test('requests at the same time take one each, and those are used again', async () => {
    const server = serve(always(() => plain('ok')));
    const both = () => Promise.all([ask(server.url), ask(server.url)]);
    await both();
    await both();
    expect(server.connections).toHaveLength(2);
    expect(poolOf(server)).toMatchObject({ opened: 2, reused: 2, idle: 2, active: 0 });
  });

  test('a connection serves nobody else while its answer runs', async () => {
    const server = serve();
    const { body } = await (async () => {
      const asked = send(question(server.url));
      const connection = await server.accept();
      await connection.request();
      await connection.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha');
      return asked;
    })();
    const other = ask(server.url);
    const second = await server.accept();
    await second.request();
    await second.write(plain('other'));
    expect((await other).body.toString()).toBe('other');
    const reading = readBody(body);
    await server.connections[0]?.write('lf');
    expect(await reading.over).toBe('end');
    expect(reading.text()).toBe('half');
  });

  test('unused ones are closed, and then nothing looks at them any more', async () => {
    const server = quiet.serve(always(() => plain('ok')));
    expect((await quiet.ask(server.url)).body.toString()).toBe('ok');
    expect(quiet.timers.pending()).toBeGreaterThan(0);
    await quiet.timers.advance(2 * KEPT_MS);
    await server.connections[0]?.closed;
    await quiet.timers.advance(2 * KEPT_MS);
    expect(quiet.timers.pending()).toBe(0);
  });

  test('one server has them, however its address is written', async () => {
    const server = serve(always(() => plain('ok')));
    const spelled = [
      server.url,
      `${server.url}/v1`,
      `${server.url}?a=1`,
      server.url.replace('http:', 'HTTP:'),
    ];
    for (const url of spelled) expect((await ask(url)).body.toString()).toBe('ok');
    expect(server.connections).toHaveLength(1);
    expect(pools().filter(({ origin }) => origin === server.url)).toHaveLength(1);
  });

  test('other servers, and other ports, have connections of their own', async () => {
    const one = serve(always(() => plain('one')));
    const two = serve(always(() => plain('two')));
    expect((await ask(one.url)).body.toString()).toBe('one');
    expect((await ask(two.url)).body.toString()).toBe('two');
    expect((await ask(one.url)).body.toString()).toBe('one');
    expect([one.connections.length, two.connections.length]).toEqual([1, 1]);
  });

  test('an answer nobody had read when it was complete leaves a connection that reads', async () => {
    const server = serve();
    const asked = send(question(server.url));
    const connection = await server.accept();
    await connection.request();
    await connection.write(`HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n${'x'.repeat(60_000)}`);
    const { body } = await asked;
    await turns();
    // More than waits without a reader, and the end with it.
    await connection.write('y'.repeat(10_000));
    await turns();
    const next = ask(server.url);
    await connection.request();
    await connection.write(plain('second'));
    expect((await next).body.toString()).toBe('second');
    const reading = readBody(body);
    expect(await reading.over).toBe('end');
    expect(reading.bytes().length).toBe(70_000);
  });

  for (const [framing, head, rest] of [
    ['content-length', 'content-length: 5', 'first'],
    ['chunked', 'transfer-encoding: chunked', '5\r\nfirst\r\n0\r\n\r\n'],
  ] as const)
    test(`a reader that pauses within the last chunk (${framing}) leaves a connection that reads`, async () => {
      const server = serve();
      const asked = send(question(server.url));
      const connection = await server.accept();
      await connection.request();
      await connection.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`);
      const reading = readBody((await asked).body, (reading) => reading.pause());
      await connection.write(rest);
      await reading.until((bytes) => bytes === 5);
      const next = ask(server.url);
      await connection.request();
      await connection.write(plain('second'));
      expect((await next).body.toString()).toBe('second');
      expect(reading.outcome()).toBeUndefined();
      reading.resume();
      expect(await reading.over).toBe('end');
      expect(reading.breaches).toEqual([]);
    });
});

describe('given up', () => {
  test('one that was not used for long is closed', async () => {
    const server = serve(always(() => plain('ok')));
    await ask(server.url);
    await timers.advance(KEPT_MS + 10_000);
    await server.connections[0]?.closed;
    expect(poolOf(server)).toMatchObject({ idle: 0, active: 0 });
    await ask(server.url);
    expect(server.connections).toHaveLength(2);
  });

  test('one that came after all before it were closed is closed too', async () => {
    const server = serve(always(() => plain('ok')));
    for (const served of [0, 1]) {
      await ask(server.url);
      await timers.advance(KEPT_MS + 10_000);
      await server.connections[served]?.closed;
      expect(poolOf(server)).toMatchObject({ idle: 0, active: 0 });
    }
  });

  test('one is not used again after the machine has slept for so long', async () => {
    const server = serve(always(() => plain('ok')));
    await ask(server.url);
    sleep(KEPT_MS - 1_000);
    await ask(server.url);
    expect(server.connections).toHaveLength(1);
    sleep(KEPT_MS);
    await ask(server.url);
    expect(server.connections).toHaveLength(2);
    expect(poolOf(server)).toMatchObject({ active: 0, idle: 1 });
  });

  test('one is not used again about when its server closes it (keep-alive: timeout)', async () => {
    const server = serve(always(() => plain('ok', 'keep-alive: timeout=5')));
    await ask(server.url);
    await timers.advance(3_000);
    await ask(server.url);
    expect(server.connections).toHaveLength(1);
    await timers.advance(4_500);
    await ask(server.url);
    expect(server.connections).toHaveLength(2);
  });

  test('one that its server closed in order is not used again', async () => {
    const server = serve(always(() => plain('ok')));
    await ask(server.url);
    server.connections[0]?.end();
    await server.connections[0]?.closed;
    await ask(server.url);
    expect(server.connections).toHaveLength(2);
    expect(poolOf(server)).toMatchObject({ idle: 1, active: 0 });
  });

  test('no more are kept than configured', async () => {
    const lab = createLab({ maxIdle: 3 });
    const server = lab.serve(always(() => plain('ok')));
    await Promise.all(Array.from({ length: 10 }, () => lab.ask(server.url)));
    expect(lab.pools()[0]?.idle).toBeLessThanOrEqual(3);
    await Promise.race(server.connections.map(({ closed }) => closed));
    lab.close();
    await Promise.all(server.connections.map(({ closed }) => closed));
    expect(lab.pools()[0]).toMatchObject({ idle: 0, active: 0 });
  });
});

describe('stale', () => {
  // The server closes when it sees the second request: just what it looks like when the two cross on their way.
  for (const how of ['end', 'reset'] as const)
    test(`a used connection that ends (${how}) before anything of an answer: asked again on a fresh one`, async () => {
      let served = 0;
      const server = serve(async (connection) => {
        const first = served++ === 0;
        await connection.request();
        await connection.write(plain('ok'));
        await connection.request();
        if (first) return connection[how]();
        await connection.write(plain('unexpected'));
      });
      await ask(server.url);
      const answer = await ask(server.url, { body: 'asked again' });
      expect(answer.body.toString()).toBe('ok');
      expect(server.connections).toHaveLength(2);
      expect(server.connections[1]?.received()).toEndWith('asked again');
    });

  for (const [after, connections] of [
    [249, 2],
    [250, 1],
  ] as const)
    test(`one that ends ${after} ms after it was asked ${connections === 2 ? 'is taken for one that was closing' : 'had been at work: its failure is reported'}`, async () => {
      const server = serve();
      const first = ask(server.url);
      const connection = await server.accept();
      await connection.request();
      await connection.write(plain('ok'));
      await first;
      const second = ask(server.url).catch((error: unknown) => error);
      await connection.request();
      await timers.advance(after);
      connection.reset();
      if (connections === 2) {
        const fresh = await server.accept();
        await fresh.request();
        await fresh.write(plain('again'));
        expect(await second).toMatchObject({ status: 200 });
      } else expect(await second).toMatchObject({ code: 'ECONNRESET' });
      expect(server.connections).toHaveLength(connections);
    });

  test('a server whose connection was slow to open may have been closing it for longer', async () => {
    const server = serve();
    let now = 0;
    const slow = createHttpTransport({
      monotonic: () => now,
      setTimer: timers.setTimer,
      limits: () => ({ keepAliveMs: KEPT_MS, maxIdle: 1, maxUnread: 65_536 }),
      verifiesServers: true,
    });
    const first = askTransport(slow.send, server.url);
    now = 300;
    const connection = await server.accept();
    await connection.request();
    await connection.write(plain('ok'));
    await first;
    const second = askTransport(slow.send, server.url);
    await connection.request();
    now += 400;
    connection.reset();
    const fresh = await server.accept();
    await fresh.request();
    await fresh.write(plain('again'));
    expect((await second).body.toString()).toBe('again');
    slow.close();
  });

  for (const how of ['end', 'reset'] as const)
    test(`what must not run twice is not asked again over a used connection that ends (${how})`, async () => {
      const server = serve(async (connection) => {
        await connection.request();
        await connection.write(plain('ok'));
        await connection.request();
        connection[how]();
      });
      await ask(server.url);
      expect((await rejection(ask(server.url, { once: true }))).code).toBe('ECONNRESET');
      expect(server.connections).toHaveLength(1);
    });

  test('what must not run twice is asked again where the server says that it saw no request', async () => {
    let served = 0;
    const server = serve(async (connection) => {
      const first = served++ === 0;
      await connection.request();
      await connection.write(plain('ok'));
      if (!first) return;
      await connection.request();
      await connection.write(
        'HTTP/1.1 408 Request Time-out\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
      );
      connection.end();
    });
    await ask(server.url);
    expect((await ask(server.url, { once: true })).status).toBe(200);
    expect(server.connections).toHaveLength(2);
  });

  // As HAProxy and load balancers end connections that nobody used for long.
  for (const [fields, asked] of [
    ['connection: close\r\ncontent-length: 0\r\n', 2],
    ['content-type: text/html\r\n', 2],
    ['content-length: 0\r\n', 1],
  ] as const)
    test(`a used connection on which 408 comes with ${JSON.stringify(fields)}: ${asked} connections`, async () => {
      let served = 0;
      const server = serve(async (connection) => {
        const first = served++ === 0;
        await connection.request();
        await connection.write(plain('ok'));
        if (!first) return;
        await connection.request();
        await connection.write(`HTTP/1.1 408 Request Time-out\r\n${fields}\r\n`);
        if (asked === 2) connection.end();
      });
      await ask(server.url);
      const answer = await ask(server.url, { body: 'asked again' });
      expect(answer.status).toBe(asked === 2 ? 200 : 408);
      expect(server.connections).toHaveLength(asked);
    });

  test('a 408 five seconds behind a request is about the request', async () => {
    const server = serve();
    const first = ask(server.url);
    const connection = await server.accept();
    await connection.request();
    await connection.write(plain('ok'));
    await first;
    const second = ask(server.url);
    await connection.request();
    await timers.advance(5_000);
    await connection.write('HTTP/1.1 408 Request Time-out\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    expect((await second).status).toBe(408);
    expect(server.connections).toHaveLength(1);
  });

  test('a fresh connection on which 408 comes has answered', async () => {
    const server = serve(async (connection) => {
      await connection.request();
      await connection.write(
        'HTTP/1.1 408 Request Time-out\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
      );
      connection.end();
    });
    expect((await ask(server.url)).status).toBe(408);
    expect(server.connections).toHaveLength(1);
  });

  test('what was read before the request was sent is no answer to it', async () => {
    const server = serve();
    const asking = [ask(server.url), send(question(server.url))] as const;
    const idle = await server.accept();
    await idle.request();
    const busy = await server.accept();
    await busy.request();
    await idle.write(plain('ok'));
    await asking[0];
    await busy.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha');
    const { body } = await asking[1];
    // The end of one answer has the next request sent, while what came on the idle connection waits to be dealt with.
    const next = Promise.withResolvers<Awaited<ReturnType<typeof ask>>>();
    const ended = () => void ask(server.url).then(next.resolve, next.reject);
    body.read({ chunk() {}, end: ended, failed: next.reject });
    void busy.write('lf');
    void idle.write(plain('for nobody'));
    const fresh = await server.accept();
    await fresh.request();
    await fresh.write(plain('for whoever asked'));
    expect((await next.promise).body.toString()).toBe('for whoever asked');
  });

  test('several used connections that end: one fresh one is tried, not the next used one', async () => {
    let served = 0;
    const server = serve(async (connection) => {
      const old = served++ < 3;
      await connection.request();
      if (old) await connection.until(() => server.connections.length === 3);
      await connection.write(plain('ok'));
      await connection.request();
      connection.reset();
    });
    await Promise.all([ask(server.url), ask(server.url), ask(server.url)]);
    expect(server.connections).toHaveLength(3);
    expect((await ask(server.url)).body.toString()).toBe('ok');
    expect(server.connections).toHaveLength(4);
  });

  for (const how of ['end', 'reset'] as const)
    test(`a fresh connection that ends (${how}) before an answer fails, and is not tried again`, async () => {
      const server = serve(async (connection) => {
        await connection.request();
        connection[how]();
      });
      expect((await rejection(ask(server.url))).code).toBe('ECONNRESET');
      expect(server.connections).toHaveLength(1);
    });

  test('the fresh one of a second try that ends as well fails, and is not tried a third time', async () => {
    let served = 0;
    const server = serve(async (connection) => {
      const first = served++ === 0;
      await connection.request();
      if (first) await connection.write(plain('ok'));
      if (first) await connection.request();
      connection.reset();
    });
    await ask(server.url);
    expect((await rejection(ask(server.url))).code).toBe('ECONNRESET');
    expect(server.connections).toHaveLength(2);
  });

  for (const [what, sent] of [
    ['one byte of an answer', 'H'],
    ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ] as const)
    test(`a used connection that ends behind ${what} fails: the request may have had its effect`, async () => {
      let served = 0;
      const server = serve(async (connection) => {
        served++;
        await connection.request();
        await connection.write(plain('ok'));
        await connection.request();
        await connection.write(sent);
        connection.end();
      });
      await ask(server.url);
      expect((await rejection(ask(server.url))).code).toBe('ECONNRESET');
      expect(served).toBe(1);
    });

  test('whoever has left meanwhile is not asked for again', async () => {
    const server = serve(async (connection) => {
      await connection.request();
      await connection.write(plain('ok'));
      await connection.request();
      abort.abort(new Error('gone'));
      connection.reset();
    });
    const abort = new AbortController();
    await ask(server.url);
    expect((await rejection(ask(server.url, { signal: abort.signal }))).message).toBe('gone');
    await server.connections[0]?.closed;
    expect(server.connections).toHaveLength(1);
  });
});
