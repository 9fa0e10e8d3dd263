// Requests by way of a proxy, byte by byte, and what proxies do instead of passing them on. (Whose certificate is
// accepted behind one: test/e2e/proxies.test.ts.)
import { describe, expect, test } from 'bun:test';
import { Cancellation } from '../../../src/upstream/cancellation.ts';
import { networkFailure } from '../../../src/upstream/network-failure.ts';
import { selfSigned } from '../../support/certificates.ts';
import { createDeafListener } from '../../support/deaf-listener.ts';
import type { RawConnection } from '../../support/raw-server.ts';
import { startTunnelProxy } from '../../support/tunnel-proxy.ts';
import { always, createLab, plain, turns } from './lab.ts';
import { question, readBody, rejection } from './reading.ts';
import { UNKNOWN_HOST } from '../../support/unknown-host.ts';

const WHO = 'Basic dXNlcjpvcGVuIHNlc2FtZQ==';
const SECRET = 'user:open%20sesame';

/** A lab whose proxy is at `host`, with a server of TLS that the proxy may lead to. */
function behind(host: string, { verifiesServers = false } = {}) {
  return createLab({
    verifiesServers,
    environment: { HTTP_PROXY: `http://${host}`, HTTPS_PROXY: `http://${host}` },
  });
}

const servers = createLab();
const tls = (serve = always((count) => plain(`answer ${count}`))) =>
  servers.serve(serve, selfSigned(['localhost']));

/** What the gateway says of it. */
async function failureOf(asked: Promise<unknown>, url: string) {
  const failure = networkFailure('claude', url, await rejection(asked));
  return { code: failure.code, message: failure.message, lasting: failure.lasting };
}

describe('http: the proxy is asked for the whole address', () => {
  test('with the host of the server, and who asks, on a connection that is kept for that server', async () => {
    const proxy = servers.serve(always((count) => plain(`answer ${count}`)));
    const { ask, pools } = behind(`${SECRET}@127.0.0.1:${proxy.port}`);
    for (const [path, count] of [
      ['/v1/messages?beta=true', 1],
      ['/v1/models', 2],
    ] as const) {
      const answer = await ask(`http://api.example${path}`, { body: '{}' });
      expect(answer.body.toString()).toBe(`answer ${count}`);
      const text = proxy.connections[0]?.received() ?? '';
      expect(text).toContain(`POST http://api.example${path} HTTP/1.1\r\nhost: api.example\r\n`);
      expect(text.split(`\r\nproxy-authorization: ${WHO}\r\n`)).toHaveLength(count + 1);
    }
    await ask('http://other.example:8080');
    expect(proxy.connections[1]?.received()).toStartWith(
      'POST http://other.example:8080/ HTTP/1.1\r\nhost: other.example:8080\r\n',
    );
    expect(pools()).toMatchObject([
      { origin: 'http://api.example', idle: 1, opened: 1, reused: 1 },
      { origin: 'http://other.example:8080', idle: 1, opened: 1 },
    ]);
  });

  test('what NO_PROXY excepts is asked directly, without the proxy’s credentials', async () => {
    const server = servers.serve(always(() => plain('direct')));
    const { ask } = createLab({
      environment: { HTTP_PROXY: `http://${SECRET}@127.0.0.1:1`, NO_PROXY: '127.0.0.1' },
    });
    expect((await ask(`${server.url}/v1`)).body.toString()).toBe('direct');
    expect(server.connections[0]?.received()).toStartWith('POST /v1 HTTP/1.1\r\n');
    expect(server.connections[0]?.received()).not.toContain('proxy-');
  });
});

describe('https: a tunnel', () => {
  test('is opened with CONNECT and used again; the server sees nothing of the proxy, nor the proxy of the request', async () => {
    const server = tls();
    await using proxy = await startTunnelProxy(() => server.port);
    const { ask } = behind(`${SECRET}@${proxy.host}`);
    for (const count of [1, 2])
      expect((await ask('https://api.example/v1?x=1', { body: 'for the server' })).body.toString()).toBe(
        `answer ${count}`,
      );
    expect(proxy.heads).toEqual([
      `CONNECT api.example:443 HTTP/1.1\r\nhost: api.example:443\r\nproxy-authorization: ${WHO}\r\n\r\n`,
    ]);
    const [connection] = server.connections;
    expect(connection?.received()).toStartWith('POST /v1?x=1 HTTP/1.1\r\nhost: api.example\r\n');
    expect(connection?.received()).not.toContain('proxy-');
  });

  test.each([
    ['https://api.example:8443', 'api.example:8443'],
    ['https://203.0.113.7', '203.0.113.7:443'],
    ['https://[2001:db8::7]:8443', '[2001:db8::7]:8443'],
  ])('to %s', async (url, authority) => {
    const server = tls();
    await using proxy = await startTunnelProxy(() => server.port);
    expect((await behind(proxy.host).ask(url)).status).toBe(200);
    expect(proxy.heads).toEqual([`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`]);
  });

  test('that the proxy opens in small pieces, after a word that it is at work', async () => {
    const server = tls();
    await using tunnels = await startTunnelProxy(() => server.port);
    const slow = servers.serve(async (connection) => {
      await connection.request();
      for (const letter of 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 503 No\r\nretry-after: 9\r\n\r\n') {
        await connection.write(letter);
        await turns(2);
      }
    });
    expect((await behind(tunnels.host).ask('https://api.example')).status).toBe(200);
    expect(await rejection(behind(`127.0.0.1:${slow.port}`).ask('https://api.example'))).toMatchObject({
      problem: 503,
    });
  });

  test('carries megabytes both ways', async () => {
    const big = 'x'.repeat(3_000_000);
    const server = tls(async (connection) => {
      const { body } = await connection.request();
      await connection.write(plain(body));
    });
    await using proxy = await startTunnelProxy(() => server.port);
    const answer = await behind(proxy.host).ask('https://api.example', { body: big });
    expect(answer.body.toString() === big).toBe(true);
  });

  test('a reader who leaves has it closed at both ends', async () => {
    const server = tls(async (connection) => {
      await connection.request();
      await connection.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n');
    });
    await using proxy = await startTunnelProxy(() => server.port);
    const { send } = behind(proxy.host);
    const reading = readBody((await send(question('https://api.example'))).body);
    await reading.until((size) => size === 4);
    reading.cancel();
    await server.connections[0]?.closed;
    while (proxy.open() > 0) await turns(1);
  });
});

const answering = (text: string) => async (connection: RawConnection) => {
  await connection.request();
  await connection.write(text);
};

describe('a proxy that', () => {
  const cases: [
    name: string,
    serve: (connection: RawConnection) => Promise<void> | void,
    message: string,
    credentials?: string,
  ][] = [
    [
      'asks for credentials',
      answering('HTTP/1.1 407 Who?\r\nproxy-authenticate: Basic realm="lab"\r\ncontent-length: 0\r\n\r\n'),
      'asks for credentials (407); write user:password@ before its name in HTTPS_PROXY',
    ],
    [
      'does not believe who asks',
      answering(
        'HTTP/1.1 407 Who?\r\nproxy-authenticate: Basic realm="lab"\r\ncontent-length: 4\r\n\r\nwho?',
      ),
      'does not accept the user and password in HTTPS_PROXY (407); correct them',
      `${SECRET}@`,
    ],
    ...[403, 500, 502, 503].map((status): [string, (connection: RawConnection) => Promise<void>, string] => [
      `answers CONNECT with ${status}`,
      answering(`HTTP/1.1 ${status} No\r\ncontent-type: text/html\r\n\r\n<h1>Squid</h1>`),
      `refused the connection (${status}); see its log, and whether it may connect there (HTTPS_PROXY, NO_PROXY)`,
    ]),
    [
      'closes at once',
      (connection) => connection.end(),
      'cannot be used: it closed the connection without an answer (ECONNRESET); check its log, and that HTTPS_PROXY is right',
    ],
    [
      'resets',
      async (connection) => {
        await connection.request();
        connection.reset();
      },
      'cannot be used: it closed the connection without an answer (ECONNRESET); check its log, and that HTTPS_PROXY is right',
    ],
    [
      'is none',
      answering('SSH-2.0-OpenSSH_9.6\r\n\r\n'),
      'cannot be used: its answer is not HTTP/1.1: the answer begins with "SSH-2.0-OpenSSH_9.6", which is not HTTP/1.1; check HTTPS_PROXY',
    ],
    [
      'has a head without end',
      answering(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`),
      'cannot be used: its answer is not HTTP/1.1: its head is too long; check HTTPS_PROXY',
    ],
    [
      'speaks in the place of the server',
      answering('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
      'cannot be used: its answer is not HTTP/1.1: it sent more than that the tunnel is open; check HTTPS_PROXY',
    ],
  ];
  for (const [name, serve, says, credentials = ''] of cases)
    test(`${name}: reported, and nothing is sent`, async () => {
      const proxy = servers.serve(serve);
      const { ask, pools, timers } = behind(`${credentials}127.0.0.1:${proxy.port}`);
      const url = 'https://api.example/v1?key=hidden';
      expect(await failureOf(ask(url, { body: 'for nobody' }), url)).toEqual({
        code: 'upstream_unreachable',
        lasting: /\(4\d\d\)/.test(says),
        message: `the proxy http://127.0.0.1:${proxy.port} in front of claude at https://api.example ${says}`,
      });
      for (const connection of proxy.connections) {
        await connection.closed;
        expect(connection.received()).not.toContain('for nobody');
      }
      expect(pools()).toMatchObject([{ active: 0, idle: 0 }]);
      expect(timers.pending()).toBe(0);
    });

  for (const url of ['http://api.example', 'https://api.example']) {
    test(`is not there (${url})`, async () => {
      const gone = servers.serve();
      gone.close();
      const variable = url.startsWith('https') ? 'HTTPS_PROXY' : 'HTTP_PROXY';
      expect((await failureOf(behind(`${SECRET}@127.0.0.1:${gone.port}`).ask(url), url)).message).toBe(
        `the proxy http://127.0.0.1:${gone.port} in front of claude at ${url} cannot be used: no connection could be made (ECONNREFUSED); check that it runs, and that ${variable} is right`,
      );
      expect((await failureOf(behind(`${UNKNOWN_HOST}:3128`).ask(url), url)).message).toBe(
        `the proxy http://${UNKNOWN_HOST}:3128 in front of claude at ${url} cannot be used: its host name cannot be resolved (ENOTFOUND); check ${variable} and the name server`,
      );
    });

    test.skipIf(process.platform !== 'linux')(`does not take the connection (${url})`, async () => {
      const deaf = await createDeafListener();
      const { ask, timers } = behind(deaf.host);
      const asked = rejection(ask(url, { connectMs: 3_000 }));
      await timers.advance(3_000);
      expect(await asked).toMatchObject({
        code: 'upstream_timeout',
        message: `no connection to ${url} by way of the proxy http://${deaf.host} within 3000 ms (timeouts.connect)`,
      });
      deaf.close();
    });
  }

  test('wants to know who asks for a plain address', async () => {
    const proxy = servers.serve(answering('HTTP/1.1 407 Who?\r\ncontent-length: 400\r\n\r\nwho?'));
    const url = 'http://api.example/v1';
    const { ask, pools } = behind(`127.0.0.1:${proxy.port}`);
    expect(await failureOf(ask(url), url)).toEqual({
      code: 'upstream_unreachable',
      lasting: true,
      message: `the proxy http://127.0.0.1:${proxy.port} in front of claude at http://api.example asks for credentials (407); write user:password@ before its name in HTTP_PROXY`,
    });
    // The rest of its words is not waited for.
    await proxy.connections[0]?.closed;
    expect(pools()).toMatchObject([{ active: 0, idle: 0 }]);
    expect(proxy.connections[0]?.received()).not.toContain('proxy-authorization');
  });

  test('a 407 of a server itself is the server’s answer', async () => {
    const server = tls(always(() => 'HTTP/1.1 407 No\r\ncontent-length: 2\r\n\r\nno'));
    await using proxy = await startTunnelProxy(() => server.port);
    expect((await behind(proxy.host).ask('https://api.example')).status).toBe(407);
  });

  test('is silent, or whose server is: timeouts.connect is over all of it', async () => {
    const silent = servers.serve();
    const server = servers.serve();
    await using tunnels = await startTunnelProxy(() => server.port);
    for (const [host, heard] of [
      [`127.0.0.1:${silent.port}`, silent],
      [tunnels.host, server],
    ] as const) {
      const { ask, timers, pools } = behind(host);
      const asked = rejection(ask('https://api.example', { connectMs: 3_000 }));
      const connection = await heard.accept();
      await connection.until((received) => received !== '');
      await timers.advance(2_999);
      expect(connection.isClosed).toBe(false);
      await timers.advance(1);
      expect(await asked).toMatchObject({
        code: 'upstream_timeout',
        message: `no connection to https://api.example by way of the proxy http://${host} within 3000 ms (timeouts.connect)`,
      });
      await connection.closed;
      expect(pools()).toMatchObject([{ active: 0, idle: 0 }]);
    }
  });
});

test('five hundred that are given up on their way through leave nothing', async () => {
  const gone = new Error('gone');
  const server = tls();
  await using proxy = await startTunnelProxy(() => server.port);
  const { send, pools, timers } = behind(proxy.host);
  for (let portion = 0; portion < 10; portion++)
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const signal = new Cancellation();
        const asked = send(question('https://api.example', { signal }));
        turns(1 + (index % 12)).then(() => signal.abort(gone));
        const outcome = await asked.then(
          ({ body }) => body,
          (error: unknown) => error,
        );
        if (outcome instanceof Error) expect(outcome).toBe(gone);
      }),
    );
  while (proxy.open() > 0 || server.connections.some(({ isClosed }) => !isClosed)) await turns(10);
  expect(pools()).toMatchObject([{ active: 0, idle: 0 }]);
  // Requests that were sent are looked after once more.
  await timers.advance(1_000);
  expect(timers.pending()).toBe(0);
});
