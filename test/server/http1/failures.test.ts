// What the network does to a request: which error each failure becomes, and that no connection is left behind.
import { describe, expect, test } from 'bun:test';
import { createServer } from 'node:net';
import { GatewayError } from '../../../src/model/errors.ts';
import { createHttpTransport } from '../../../src/server/http1/transport.ts';
import { createLab, plain, turns } from './lab.ts';
import { question, readBody, rejection } from './reading.ts';
import { hasIpv6 } from '../../support/ipv6.ts';
import { UNKNOWN_HOST } from '../../support/unknown-host.ts';

const { ask, serve, send, timers, pools } = createLab();
const stateOf = ({ url }: { url: string }) => pools().find(({ origin }) => origin === url);
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n';

describe('connecting', () => {
  test('nobody listens: ECONNREFUSED', async () => {
    const server = serve();
    server.close();
    expect((await rejection(ask(server.url))).code).toBe('ECONNREFUSED');
    expect(stateOf(server)).toMatchObject({ active: 0, idle: 0 });
  });

  test('no such name: ENOTFOUND', async () => {
    expect((await rejection(ask(`http://${UNKNOWN_HOST}/x`))).code).toBe('ENOTFOUND');
  });

  test('a name with only one kind of address listening', async () => {
    const server = serve(async (connection) => {
      await connection.request();
      await connection.write(plain('ok'));
    });
    expect((await ask(`http://localhost:${server.port}`)).status).toBe(200);
    expect(server.connections[0]?.received().toLowerCase()).toContain(`host: localhost:${server.port}`);
  });

  test.if(hasIpv6)('an address of IPv6', async () => {
    const server = createServer((socket) => {
      socket.once('data', () => socket.end(plain('six')));
    });
    await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    expect((await ask(`http://[::1]:${port}/`)).body.toString()).toBe('six');
    server.close();
  });

  test('no connection within the time: upstream_timeout, and the late one is closed without a byte', async () => {
    const server = serve();
    // Time is up before the kernel can say anything.
    const hasty = createHttpTransport({
      monotonic: timers.now,
      setTimer(callback) {
        queueMicrotask(callback);
        return () => {};
      },
      limits: () => ({ keepAliveMs: 1_000, maxIdle: 1, maxUnread: 65_536 }),
      verifiesServers: true,
    });
    const thrown = await rejection(hasty.send(question(server.url, { connectMs: 3_000 })));
    expect(thrown).toBeInstanceOf(GatewayError);
    expect(thrown).toMatchObject({ code: 'upstream_timeout' });
    expect(thrown.message).toBe(`no connection to ${server.url} within 3000 ms (timeouts.connect)`);
    const late = await server.accept();
    await late.closed;
    expect(late.received()).toBe('');
    expect(hasty.pools()[0]).toMatchObject({ active: 0, idle: 0 });
    const unresolved = await rejection(hasty.send(question('http://nothing.invalid', { connectMs: 3_000 })));
    expect(unresolved).toMatchObject({
      code: 'upstream_timeout',
      message:
        'no connection to http://nothing.invalid within 3000 ms (timeouts.connect): the name server has not answered; check the network',
    });
  });

  test('a server of TLS that says nothing does not stand either', async () => {
    const server = serve();
    const url = server.url.replace('http:', 'https:');
    const asked = rejection(ask(url, { connectMs: 3_000 }));
    const connection = await server.accept();
    await connection.until((received) => received !== '');
    await timers.advance(2_999);
    expect(connection.isClosed).toBe(false);
    await timers.advance(1);
    expect(await asked).toMatchObject({
      code: 'upstream_timeout',
      message: `no connection to ${url} within 3000 ms (timeouts.connect): it accepted the connection, and has not answered what begins TLS; check the network (behind a VPN also its MTU)`,
    });
    await connection.closed;
  });

  test('`connected` is reported once, and not where a connection stood already', async () => {
    const server = serve(async (connection) => {
      for (;;) {
        await connection.request();
        await connection.write(plain('ok'));
      }
    });
    let endings = 0;
    const connected = () => void endings++;
    await ask(server.url, { connected });
    expect(endings).toBe(1);
    await ask(server.url, { connected });
    expect(endings).toBe(1);
  });

  test('once it stands, the limit on connecting is over', async () => {
    const server = serve();
    const asked = ask(server.url, { connectMs: 1_000 });
    const connection = await server.accept();
    await connection.request();
    await timers.advance(100_000);
    await connection.write(plain('late'));
    expect((await asked).body.toString()).toBe('late');
  });
});

describe('ending early', () => {
  for (const how of ['end', 'reset'] as const) {
    test(`before the request was read (${how})`, async () => {
      const server = serve((connection) => connection[how]());
      expect((await rejection(ask(server.url, { body: 'x'.repeat(1_000_000) }))).code).toMatch(
        /^(ECONNRESET|EPIPE)$/,
      );
      expect(stateOf(server)).toMatchObject({ active: 0, idle: 0 });
    });

    test(`within the body (${how}): what came is handed over, then the failure`, async () => {
      const server = serve();
      const asked = send(question(server.url));
      const connection = await server.accept();
      await connection.request();
      await connection.write(`${HEAD}half`);
      const reading = readBody((await asked).body);
      await reading.until((bytes) => bytes === 4);
      connection[how]();
      expect(await reading.over).toMatchObject({ code: 'ECONNRESET' });
      expect(reading.text()).toBe('half');
    });

    test(`within the body, before anybody reads (${how}): nothing that came is lost`, async () => {
      const server = serve();
      const asked = send(question(server.url));
      const connection = await server.accept();
      await connection.request();
      await connection.write(`${HEAD}half`);
      const { body } = await asked;
      connection[how]();
      await connection.closed;
      await turns();
      const reading = readBody(body);
      expect(await reading.over).toMatchObject({ code: 'ECONNRESET' });
      expect(reading.text()).toBe('half');
    });
  }

  test('a reset ends a body that only the end of the connection ends: a failure, not an end', async () => {
    const server = serve();
    const asked = send(question(server.url));
    const connection = await server.accept();
    await connection.request();
    await connection.write('HTTP/1.1 200 OK\r\n\r\nso far');
    const reading = readBody((await asked).body);
    await reading.until((bytes) => bytes === 6);
    connection.reset();
    expect(await reading.over).toMatchObject({ code: 'ECONNRESET' });
  });

  test('an answer before the request was sent completely: it counts, and the connection is closed', async () => {
    const server = serve();
    const asked = ask(server.url, { body: 'x'.repeat(20_000_000) });
    const connection = await server.accept();
    connection.pause();
    await connection.write('HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig');
    const answer = await asked;
    expect([answer.status, answer.body.toString(), answer.outcome]).toEqual([413, 'big', 'end']);
    connection.resume();
    await connection.closed;
    expect(connection.received().length).toBeLessThan(20_000_000);
    expect(stateOf(server)).toMatchObject({ active: 0, idle: 0 });
  });

  test('an answer before the request was sent completely, and connection: close', async () => {
    const server = serve(async (connection) => {
      await connection.until((received) => received.length > 100_000);
      connection.pause();
      await connection.write('HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbig');
    });
    const answer = await ask(server.url, { body: 'x'.repeat(20_000_000) });
    expect([answer.status, answer.body.toString(), answer.outcome]).toEqual([413, 'big', 'end']);
  });
});
