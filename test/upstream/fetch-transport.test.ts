// The way to upstreams by fetch: it goes to the address that it was given, and nowhere else (GUARANTEES 21).
import { describe, expect, test } from 'bun:test';
import { HeaderList } from '../../src/model/header-list.ts';
import { createFetchTransport } from '../../src/upstream/fetch-transport.ts';
import { createRawServer } from '../support/raw-server.ts';
import { createTestBody } from '../support/streamed-body.ts';
import { eventually } from '../support/time-limit.ts';

test.each([301, 302, 303, 307, 308])('a redirect is an answer, which is not followed: %i', async (status) => {
  const seen: string[] = [];
  await using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      seen.push(new URL(request.url).pathname);
      return new Response('moved', { status, headers: { location: '/elsewhere' } });
    },
  });
  const send = createFetchTransport(fetch);
  const answer = await send({
    method: 'POST',
    url: new URL('/asked', server.url).href,
    headers: new HeaderList(),
    body: '{}',
    connectMs: 1_000,
  });
  answer.body.cancel();
  expect([answer.status, seen]).toEqual([status, ['/asked']]);
});

describe('a body that comes in pieces', () => {
  async function begin(length: number | null) {
    const server = createRawServer();
    const body = createTestBody(length);
    const send = createFetchTransport(fetch);
    const request = { method: 'POST', url: server.url, headers: new HeaderList(), body, connectMs: 1_000 };
    const asked = send(request).then(
      ({ status }) => status,
      (thrown: unknown) => thrown,
    );
    const connection = await server.accept();
    body.give('some');
    await connection.until((received) => received.includes('some'));
    return { server, body, asked, connection };
  }

  test.each([
    [8, /\r\ncontent-length: 8\r\n/i, 'somemore'],
    [null, /\r\ntransfer-encoding: chunked\r\n/i, '4\r\nsome\r\n4\r\nmore\r\n0\r\n\r\n'],
  ])('is sent while it comes in, of length %p', async (length, framing, sent) => {
    const { server, body, asked, connection } = await begin(length);
    body.give('more');
    body.give(null);
    await connection.until((received) => received.endsWith(`\r\n\r\n${sent}`));
    expect(connection.received()).toMatch(framing);
    await connection.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    expect(await asked).toBe(200);
    server.close();
  });

  test.each([8, null])('never looks whole where it broke off, of length %p', async (length) => {
    const { server, body, asked, connection } = await begin(length);
    const why = new Error('the client left');
    body.breakOff(why);
    expect(await asked).toBe(why);
    await connection.closed;
    expect(connection.received()).not.toContain('0\r\n\r\n');
    server.close();
  });

  test('is not wanted any more where the server has refused it', async () => {
    const { server, body, asked, connection } = await begin(null);
    await connection.write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n');
    expect(await asked).toBe(413);
    await eventually(() => body.isCancelled);
    server.close();
  });
});

describe('the body of an answer', () => {
  /** An answer of a hundred pieces of one byte each, and how many were asked for. */
  async function answered() {
    const pulled = { count: 0 };
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull(controller) {
          if (pulled.count < 100) controller.enqueue(Uint8Array.of(pulled.count++));
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const send = createFetchTransport(async () => new Response(body));
    const url = 'http://127.0.0.1/';
    const answer = await send({ method: 'POST', url, headers: new HeaderList(), connectMs: 1_000 });
    return { answer, pulled };
  }

  test('is not asked for more while its reader pauses, and comes whole', async () => {
    const { answer, pulled } = await answered();
    const read: number[] = [];
    const over = Promise.withResolvers<void>();
    answer.body.read({
      chunk(bytes) {
        read.push(...bytes);
        if (read.length === 3) answer.body.pause();
      },
      end: over.resolve,
      failed: over.reject,
    });
    // A piece is on its way already: no second one is asked for.
    answer.body.pause();
    answer.body.resume();
    while (read.length < 3) await turn();
    for (let turns = 0; turns < 50; turns++) await turn();
    expect([read, pulled.count]).toEqual([[0, 1, 2], 3]);
    answer.body.resume();
    await over.promise;
    expect(read).toEqual(Array.from({ length: 100 }, (_, at) => at));
  });
});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
