// WebSockets to providers that do not keep to the protocol.
import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { HeaderList } from '../../src/model/header-list.ts';
import { createSocketTransport } from '../../src/server/provider-sockets.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { createRawServer } from '../support/raw-server.ts';

const HANDSHAKE_ID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Accepts WebSockets, and answers nothing that comes over them. */
async function startSilentProvider(accepted: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (request) => {
      const [, key = ''] = /sec-websocket-key: (.*)\r\n/i.exec(request.toString()) ?? [];
      const accept = createHash('sha1')
        .update(key + HANDSHAKE_ID)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
      );
      accepted(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return { url: `ws://127.0.0.1:${port}/`, [Symbol.dispose]: () => void server.close() };
}

test.each([
  ['answers nothing', true],
  ['does not even read', false],
])('a provider that %s does not keep the connection that was closed', async (_, reads) => {
  const gone = Promise.withResolvers<void>();
  let provider: Socket | undefined;
  using server = await startSilentProvider((socket) => {
    provider = socket;
    socket.on('close', gone.resolve);
    if (reads) socket.resume();
    else socket.pause();
  });
  const timers = new Set<() => void>();
  const connect = createSocketTransport({
    proxies: { of: () => null },
    monotonic: () => 0,
    setTimer(callback) {
      timers.add(callback);
      return () => timers.delete(callback);
    },
  });
  const socket = await connect({
    url: server.url,
    headers: new HeaderList(),
    protocols: [],
    connectMs: 10_000,
    signal: new AbortController().signal,
  });
  const closed = Promise.withResolvers<number>();
  socket.read({ message() {}, pinged() {}, ponged() {}, closed: closed.resolve });
  if (!reads) socket.send(new Uint8Array(16 * 1024 * 1024));
  expect(timers.size).toBe(0);
  socket.close(1000, '');
  expect(timers.size).toBe(1);
  for (const expired of timers) expired();
  expect(await closed.promise).toBe(1006);
  expect(timers.size).toBe(0);
  provider?.resume();
  await gone.promise;
});

test.each([
  ['text that is not UTF-8', [0x81, 2, 0xc3, 0x28], 'invalid UTF8'],
  ['a message that would not fit into the memory', [0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0], 'Message too big'],
])('a provider that sends %s is left, and the reader is told what was wrong', async (_, frame, words) => {
  using server = await startSilentProvider((socket) => {
    socket.write(Buffer.from(frame));
    socket.resume();
  });
  const connect = createSocketTransport({
    proxies: { of: () => null },
    monotonic: () => 0,
    setTimer: () => () => {},
  });
  const socket = await connect({
    url: server.url,
    headers: new HeaderList(),
    protocols: [],
    connectMs: 10_000,
    signal: new AbortController().signal,
  });
  const closed = Promise.withResolvers<[number, string]>();
  socket.read({ message() {}, pinged() {}, ponged() {}, closed: (...how) => closed.resolve(how) });
  expect(await closed.promise).toEqual([1006, expect.stringContaining(words)]);
});

test('a ping reaches the provider, which answers it', async () => {
  const PING = 0x89;
  const PONG = 0x8a;
  const pinged = Promise.withResolvers<number>();
  using server = await startSilentProvider((socket) => {
    socket.once('data', (frame) => {
      pinged.resolve(Number(frame[0]));
      socket.write(Buffer.from([PONG, 0]));
    });
  });
  const connect = createSocketTransport({
    proxies: { of: () => null },
    monotonic: () => 0,
    setTimer: () => () => {},
  });
  const socket = await connect({
    url: server.url,
    headers: new HeaderList(),
    protocols: [],
    connectMs: 10_000,
    signal: new AbortController().signal,
  });
  const ponged = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<number>();
  socket.read({ message() {}, pinged() {}, ponged: ponged.resolve, closed: closed.resolve });
  socket.ping();
  expect(await pinged.promise).toBe(PING);
  await ponged.promise;
  socket.close(1000, '');
});

test('the time to open one does not run out while the process is stopped', async () => {
  const server = createRawServer();
  const timers = createManualTimers();
  const connect = createSocketTransport({ proxies: { of: () => null }, ...timers });
  let isOver = false;
  const failed = connect({
    url: server.url.replace('http:', 'ws:'),
    headers: new HeaderList(),
    protocols: [],
    connectMs: 10_000,
    signal: new AbortController().signal,
  }).catch((error: Error) => {
    isOver = true;
    return error;
  });
  timers.standStill(60_000);
  await timers.advance(0);
  expect(isOver).toBe(false);
  await timers.advance(10_000);
  expect(await failed).toMatchObject({ code: 'upstream_timeout' });
  server.close();
});
