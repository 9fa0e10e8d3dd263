// Bodies that come in pieces: how they are framed, and that none that broke off looks whole.
import { describe, expect, test } from 'bun:test';
import { Cancellation } from '../../../src/upstream/cancellation.ts';
import { createAuthority } from '../../support/certificates.ts';
import { createTestBody } from '../../support/streamed-body.ts';
import { createLab, plain, turns } from './lab.ts';
import { question, readWhole, rejection } from './reading.ts';

const { serve, send, ask } = createLab({ verifiesServers: false });

describe('framing', () => {
  test('a body of known length goes as it is', async () => {
    const server = serve();
    const body = createTestBody(11);
    const asked = ask(server.url, { body, headers: new Headers({ 'content-length': '99' }) });
    const connection = await server.accept();
    await connection.until((received) => received.endsWith('\r\n\r\n'));
    expect(connection.received()).toContain('\r\ncontent-length: 11\r\n');
    expect(connection.received()).not.toContain('content-length: 99');
    body.give('hello ');
    await connection.until((received) => received.endsWith('\r\n\r\nhello '));
    body.give('world');
    body.give(null);
    await connection.until((received) => received.endsWith('\r\n\r\nhello world'));
    await connection.write(plain('ok'));
    expect((await asked).body.toString()).toBe('ok');
    expect(body.isCancelled).toBe(false);
  });

  test('one of unknown length goes in chunks, each when it comes', async () => {
    const server = serve();
    const body = createTestBody();
    const asked = ask(server.url, { body });
    const connection = await server.accept();
    body.give('hello, world, hello');
    await connection.until((received) => received.endsWith('\r\n\r\n13\r\nhello, world, hello\r\n'));
    expect(connection.received()).toContain('\r\ntransfer-encoding: chunked\r\n');
    expect(connection.received()).not.toContain('content-length');
    // An empty chunk would be the end.
    body.give('');
    body.give('!');
    await connection.until((received) => received.endsWith('hello\r\n1\r\n!\r\n'));
    body.give(null);
    await connection.until((received) => received.endsWith('!\r\n0\r\n\r\n'));
    await connection.write(plain('ok'));
    expect((await asked).body.toString()).toBe('ok');
  });

  test('over TLS', async () => {
    const certificate = createAuthority('Lab').issue({ names: ['localhost'] });
    const server = serve(undefined, certificate);
    const piece = new Uint8Array(1024 * 1024).fill(120);
    const body = createTestBody(8 * piece.length);
    const asked = ask(server.url, { body });
    for (let count = 0; count < 8; count++) body.give(piece);
    body.give(null);
    const connection = await server.accept();
    expect((await connection.request()).body).toHaveLength(8 * piece.length);
    await connection.write(plain('ok'));
    expect((await asked).body.toString()).toBe('ok');
  });
});

test('the next piece is asked for when the server has taken those before', async () => {
  const server = serve();
  const body = createTestBody();
  const leaving = new Cancellation();
  const asked = rejection(send(question(server.url, { body, signal: leaving })));
  const connection = await server.accept();
  connection.pause();
  // More than the kernel takes of what is not read.
  for (let count = 0; count < 24; count++) body.give(new Uint8Array(1024 * 1024));
  let before = -1;
  while (before !== body.asked()) {
    before = body.asked();
    await turns(200);
  }
  expect(before).toBeLessThan(20);
  connection.resume();
  body.give(null);
  await connection.until((received) => received.endsWith('\r\n0\r\n\r\n'));
  expect(body.asked()).toBe(25);
  leaving.abort(new Error('left'));
  expect((await asked).message).toBe('left');
});

describe('a body that does not come to its end breaks the connection', () => {
  test.each([null, 100])('declared: %p', async (length) => {
    const server = serve();
    const body = createTestBody(length);
    const asked = rejection(send(question(server.url, { body })));
    const connection = await server.accept();
    body.give('some');
    await connection.until((received) => received.includes('some'));
    const why = new Error('the client left');
    body.breakOff(why);
    expect(await asked).toBe(why);
    await connection.closed;
    expect(connection.received()).toEndWith(length === null ? 'some\r\n' : 'some');
  });

  test.each([
    ['shorter', ['abc', null]],
    ['longer', ['abc', 'defg', null]],
  ] as const)('one that is %s than its length', async (_, pieces) => {
    const server = serve();
    const body = createTestBody(5);
    const asked = rejection(send(question(server.url, { body })));
    const connection = await server.accept();
    for (const piece of pieces) body.give(piece);
    expect((await asked).message).toMatch(/a body of 5 bytes (ended after 3|is longer)/);
    await connection.closed;
    expect(connection.received()).toEndWith('\r\n\r\nabc');
  });

  test('and so does a request that is given up', async () => {
    const server = serve();
    const body = createTestBody();
    const leaving = new Cancellation();
    const asked = rejection(send(question(server.url, { body, signal: leaving })));
    const connection = await server.accept();
    body.give('some');
    await connection.until((received) => received.includes('some'));
    leaving.abort(new Error('left'));
    expect((await asked).message).toBe('left');
    await connection.closed;
    expect(body.isCancelled).toBe(true);
    expect(connection.received()).not.toContain('0\r\n\r\n');
  });
});

describe('an answer before the end of the body', () => {
  async function begin() {
    const server = serve();
    const body = createTestBody();
    const asked = ask(server.url, { body });
    const connection = await server.accept();
    body.give('some');
    await connection.until((received) => received.includes('some'));
    return { server, body, asked, connection };
  }

  test.each([400, 302])('that refuses it (%i) stops it, and ends the connection', async (status) => {
    const { body, asked, connection } = await begin();
    await connection.write(plain('refused').replace('200 OK', `${status} No`));
    expect(await asked).toMatchObject({ status, body: Buffer.from('refused') });
    expect(body.isCancelled).toBe(true);
    await connection.closed;
    expect(connection.received()).toEndWith('some\r\n');
  });

  test('stops it from its head on', async () => {
    const { body, asked, connection } = await begin();
    await connection.write('HTTP/1.1 429 No\r\ncontent-length: 7\r\n\r\n');
    while (!body.isCancelled) await turns(1);
    body.give('more');
    await turns();
    await connection.write('refused');
    expect(await asked).toMatchObject({ status: 429, body: Buffer.from('refused') });
    await connection.closed;
    expect(connection.received()).toEndWith('some\r\n');
  });

  test('that takes it does not stop it, and the connection is reused', async () => {
    const { server, body, asked, connection } = await begin();
    await connection.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n');
    await turns();
    body.give('more');
    body.give(null);
    await connection.until((received) => received.endsWith('4\r\nmore\r\n0\r\n\r\n'));
    await connection.write('ok');
    expect((await asked).body.toString()).toBe('ok');
    const next = ask(server.url);
    await connection.until((received) => received.endsWith('{}'));
    await connection.write(plain('next'));
    expect((await next).body.toString()).toBe('next');
    expect(server.connections).toHaveLength(1);
  });

  test('that is whole by then ends the connection', async () => {
    const { server, body, asked, connection } = await begin();
    await connection.write(plain('ok'));
    expect((await asked).body.toString()).toBe('ok');
    expect(body.isCancelled).toBe(true);
    await connection.closed;
    expect(server.connections).toHaveLength(1);
  });

  test('reaches the client even where the server closes with it', async () => {
    // The writing fails before the answer is read, or after: neither may lose it.
    for (let count = 0; count < 20; count++) {
      const server = serve(async (connection) => {
        await connection.until((received) => received.length > 2 * 1024 * 1024);
        await connection.write(plain('too large').replace('200 OK', '413 Too Large'));
        connection.reset();
      });
      const body = createTestBody();
      for (let piece = 0; piece < 8; piece++) body.give(new Uint8Array(1024 * 1024));
      expect(await ask(server.url, { body })).toMatchObject({ status: 413, body: Buffer.from('too large') });
      server.close();
    }
  });
});

test('it goes over a connection of its own: an idle one might be closing', async () => {
  const server = serve();
  const first = ask(server.url);
  const idle = await server.accept();
  await idle.request();
  await idle.write(plain('ok'));
  await first;
  const body = createTestBody(4);
  const asked = send(question(server.url, { body }));
  const connection = await server.accept();
  body.give('some');
  body.give(null);
  expect((await connection.request()).body).toBe('some');
  await connection.write(plain('ok'));
  expect((await readWhole(await asked)).body.toString()).toBe('ok');
});

describe('a long body that is there whole', () => {
  const LONG = new Uint8Array(3 * 1024 * 1024).map((_, at) => at % 251);
  const text = Buffer.from(LONG).toString('latin1');

  test('follows its head, and the connection is reused', async () => {
    const server = serve();
    const first = ask(server.url, { body: LONG });
    const connection = await server.accept();
    const request = await connection.request();
    expect(request.body === text).toBe(true);
    expect(request.fields).toContain(`content-length: ${LONG.length}`);
    await connection.write(plain('first'));
    expect((await first).body.toString()).toBe('first');
    const second = ask(server.url, { body: LONG });
    expect((await connection.request()).body === text).toBe(true);
    await connection.write(plain('second'));
    expect((await second).body.toString()).toBe('second');
    expect(server.connections).toHaveLength(1);
  });

  test('is sent again where the server had closed the connection before it saw the request', async () => {
    const server = serve();
    const first = ask(server.url);
    const stale = await server.accept();
    await stale.request();
    await stale.write(plain('first'));
    await first;
    const second = ask(server.url, { body: LONG });
    stale.reset();
    const connection = await server.accept();
    expect((await connection.request()).body === text).toBe(true);
    await connection.write(plain('second'));
    expect((await second).body.toString()).toBe('second');
  });
});
