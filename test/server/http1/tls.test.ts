// Connections over TLS: which certificates are accepted, and what an end without close_notify means. (With authorities of one's
// own: test/e2e/unreachable.test.ts, since those are read once in the life of a process.)
import { afterAll, describe, expect, test } from 'bun:test';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createAuthority, selfSigned } from '../../support/certificates.ts';
import { always, createLab, plain, turns } from './lab.ts';
import { question, readBody, rejection } from './reading.ts';

const strict = createLab();
const trusting = createLab({ verifiesServers: false });
const relays: Server[] = [];
afterAll(() => {
  for (const relay of relays) relay.close();
});

/** Passes bytes on to `port` and back, until it is told to end the client's connection, as a cable that is cut would. */
async function relayTo(port: number) {
  const clients: Socket[] = [];
  const relay = createServer((client) => {
    clients.push(client);
    const server = connect(port, '127.0.0.1');
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => client.write(bytes));
  });
  relays.push(relay);
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const address = relay.address();
  return {
    url: `https://localhost:${typeof address === 'object' ? address?.port : 0}`,
    cut: () => clients.forEach((client) => void client.end()),
  };
}

describe('who is believed', () => {
  for (const [what, certificate, code] of [
    ['a certificate of its own', selfSigned(['localhost']), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [
      'an authority that nobody knows',
      createAuthority('Nobody').issue({ names: ['localhost'] }),
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
  ] as const) {
    test(`${what}: refused, and no byte of the request leaves`, async () => {
      const server = strict.serve(undefined, certificate);
      expect((await rejection(strict.ask(server.url, { body: 'for nobody' }))).code).toBe(code);
      const connection = await server.accept();
      await connection.closed;
      expect(connection.received()).toBe('');
      expect(strict.pools().find(({ origin }) => origin === server.url)).toMatchObject({
        active: 0,
        idle: 0,
      });
    });

    test(`${what}: taken where servers are not verified`, async () => {
      const server = trusting.serve(
        always(() => plain('ok')),
        certificate,
      );
      expect((await trusting.ask(server.url)).body.toString()).toBe('ok');
    });
  }

  test('a server that speaks no TLS is refused, also where servers are not verified', async () => {
    for (const { ask, serve } of [strict, trusting]) {
      const server = serve(async (connection) => {
        await connection.until((received) => received !== '');
        await connection.write('HTTP/1.1 400 Bad Request\r\n\r\n');
      });
      expect((await rejection(ask(server.url.replace('http:', 'https:')))).code).toBe('EPROTO');
      expect(server.connections.map((connection) => connection.received()).join('')).not.toContain('POST');
    }
  });

  test('the name that is asked for is in the first bytes, an address is not', async () => {
    for (const [host, isNamed] of [
      ['localhost', true],
      ['127.0.0.1', false],
      ['0x7f.1', false],
    ] as const) {
      const server = strict.serve();
      const asked = rejection(strict.ask(`https://${host}:${server.port}`));
      const connection = await server.accept();
      await connection.until((received) => received !== '');
      const name = /localhost|127\.0\.0\.1|0x7f/.exec(connection.received())?.[0];
      expect([host, name]).toEqual([host, isNamed ? host : undefined]);
      connection.reset();
      expect((await asked).code).toBe('ECONNRESET');
    }
  });

  test('a connection is used again without another handshake', async () => {
    const server = trusting.serve(
      always((count) => plain(`answer ${count}`)),
      selfSigned(['localhost']),
    );
    for (let count = 1; count <= 5; count++)
      expect((await trusting.ask(server.url)).body.toString()).toBe(`answer ${count}`);
    expect(server.connections).toHaveLength(1);
  });
});

describe('an end without farewell', () => {
  const cases: [framing: string, head: string][] = [
    ['content-length', 'content-length: 100'],
    ['chunked', 'transfer-encoding: chunked'],
  ];
  for (const [framing, head] of cases)
    test(`within a body (${framing}): what came, then the failure`, async () => {
      const server = trusting.serve(undefined, selfSigned(['localhost']));
      const { url, cut } = await relayTo(server.port);
      const asked = trusting.send(question(url));
      const connection = await server.accept();
      await connection.request();
      await connection.write(
        `HTTP/1.1 200 OK\r\n${head}\r\n\r\n${framing === 'chunked' ? '8\r\nhalf of ' : 'half of '}`,
      );
      const reading = readBody((await asked).body);
      await reading.until((size) => size === 8);
      cut();
      expect(await reading.over).toMatchObject({ code: 'ECONNRESET' });
      expect(reading.text()).toBe('half of ');
    });

  // The runtime tells no difference, and servers often say no farewell: dialects have endings of their own.
  test('of a body that the end of the connection ends is its end', async () => {
    const server = trusting.serve(undefined, selfSigned(['localhost']));
    const { url, cut } = await relayTo(server.port);
    const asked = trusting.send(question(url));
    const connection = await server.accept();
    await connection.request();
    await connection.write('HTTP/1.1 200 OK\r\n\r\nhalf of ');
    const reading = readBody((await asked).body);
    await reading.until((size) => size === 8);
    cut();
    expect(await reading.over).toBe('end');
  });

  test('of an idle connection: the next request takes a fresh one', async () => {
    const server = trusting.serve(
      always(() => plain('ok')),
      selfSigned(['localhost']),
    );
    const { url, cut } = await relayTo(server.port);
    await trusting.ask(url);
    cut();
    await turns();
    expect((await trusting.ask(url)).body.toString()).toBe('ok');
    expect(server.connections).toHaveLength(2);
  });
});

test('of two addresses the one that serves no TLS fails once, and is then tried last', async () => {
  const broken = trusting.serve(async (connection) => {
    await connection.until((received) => received !== '');
    connection.reset();
  });
  const { certificate, key } = selfSigned(['localhost']);
  const sound = Bun.listen({
    hostname: '::1',
    port: broken.port,
    tls: { cert: certificate, key },
    socket: { data: (socket) => void socket.write(plain('sound')) },
  });
  const url = `https://localhost:${broken.port}`;
  expect((await rejection(trusting.ask(url))).code).toBe('ECONNRESET');
  for (let time = 0; time < 2; time++) expect((await trusting.ask(url)).body.toString()).toBe('sound');
  expect(broken.connections).toHaveLength(1);
  sound.stop(true);
});
