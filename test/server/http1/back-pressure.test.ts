// Readers that pause: the server is held back by the network, little is held here, and nothing is lost.
import { describe, expect, test } from 'bun:test';
import { selfSigned } from '../../support/certificates.ts';
import type { RawConnection } from '../../support/raw-server.ts';
import { createLab, turns } from './lab.ts';
import { question, readBody } from './reading.ts';

const MB = 1024 * 1024;
const BODY = 64 * MB;
const MAX_UNREAD = 64 * 1024;
/** What the runtime reads at once. */
const ONE_READ = 512 * 1024;
/** What the kernel holds between the two at most, as both ends of a connection on this machine may grow to. */
const KERNEL = 16 * MB;

const { serve, send, ask } = createLab({ maxUnread: MAX_UNREAD, verifiesServers: false });
const piece = Buffer.alloc(MB, 'x');

const HEADS = {
  'content-length': `HTTP/1.1 200 OK\r\ncontent-length: ${BODY}\r\n\r\n`,
  chunked: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
  'the end of the connection': 'HTTP/1.1 200 OK\r\n\r\n',
};
type Framing = keyof typeof HEADS;

/** Sends a body as fast as it is taken, and closes the connection behind it. */
async function pour(connection: RawConnection, framing: Framing): Promise<void> {
  await connection.request();
  await connection.write(HEADS[framing]);
  for (let sent = 0; sent < BODY; sent += piece.length) {
    if (framing === 'chunked') await connection.write(`${piece.length.toString(16)}\r\n`);
    await connection.write(piece);
    if (framing === 'chunked') await connection.write('\r\n');
  }
  if (framing === 'chunked') await connection.write('0\r\n\r\n');
  connection.end();
}

/** Until the server has written no more for a while. */
async function stalled(connection: RawConnection): Promise<number> {
  for (let seen = -1; ; seen = connection.written()) {
    if (seen === connection.written()) return seen;
    await turns(200);
  }
}

for (const [scheme, certificate] of [
  ['http', undefined],
  ['https', selfSigned(['localhost'])],
] as const)
  describe(scheme, () => {
    for (const framing of Object.keys(HEADS) as Framing[]) {
      test(`${framing}: nobody reads, then somebody pauses, then all of it comes, also what came behind the close`, async () => {
        const server = serve((connection) => pour(connection, framing), certificate);
        const { body } = await send(question(server.url));
        const connection = server.connections[0] as RawConnection;
        expect(await stalled(connection)).toBeLessThan(KERNEL);
        let held = 0;
        let pauseAt = 1;
        const reading = readBody(body, (reading, bytes) => {
          held += bytes.length;
          if (held < pauseAt) return;
          pauseAt = Number.POSITIVE_INFINITY;
          reading.pause();
        });
        await reading.until((size) => size > 0);
        expect(await stalled(connection)).toBeLessThan(KERNEL);
        // What was handed over at once had waited here.
        expect(held).toBeLessThanOrEqual(ONE_READ + MAX_UNREAD);
        // Each pause holds the server back, not only the first.
        pauseAt = held + MB;
        reading.resume();
        await reading.until((size) => size > MB);
        expect(await stalled(connection)).toBeLessThan(2 * KERNEL);
        reading.resume();
        expect(await reading.over).toBe('end');
        expect(reading.bytes().length).toBe(BODY);
        expect(reading.breaches).toEqual([]);
      });

      test(`${framing}: a reader that pauses at each chunk gets all of it, in order`, async () => {
        const server = serve((connection) => pour(connection, framing), certificate);
        const { body } = await send(question(server.url));
        const reading = readBody(body, (reading) => {
          reading.pause();
          setImmediate(reading.resume);
        });
        expect(await reading.over).toBe('end');
        expect(reading.bytes().length).toBe(BODY);
        expect(reading.breaches).toEqual([]);
      });
    }

    test('what the server had sent before it went is there for a reader that comes late', async () => {
      const size = 3 * MB;
      const server = serve(async (connection) => {
        await connection.request();
        await connection.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
        connection.write(Buffer.alloc(size, 'y'));
        connection.end();
      }, certificate);
      const { body } = await send(question(server.url));
      await turns(300);
      const reading = readBody(body);
      expect(await reading.over).toBe('end');
      expect(reading.bytes().length).toBe(size);
    });

    test('ten thousand small pieces that waited come as one', async () => {
      const server = serve(undefined, certificate);
      const asked = send(question(server.url));
      const connection = await server.accept();
      await connection.request();
      await connection.write('HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n');
      const { body } = await asked;
      for (let count = 0; count < 10_000; count++) {
        await connection.write(String(count % 10));
        if (count % 100 === 0) await turns(1);
      }
      await turns();
      let chunks = 0;
      const reading = readBody(body, () => void chunks++);
      expect(await reading.over).toBe('end');
      expect(chunks).toBeLessThan(100);
      expect(reading.text()).toBe('0123456789'.repeat(1_000));
    });

    test('a request of 10 MB goes out at the pace of a server that reads slowly', async () => {
      const server = serve(undefined, certificate);
      const body = 'é'.repeat(5 * MB);
      const asked = ask(server.url, { body });
      const connection = await server.accept();
      await connection.until((received) => received !== '');
      for (let count = 0; count < 20; count++) {
        connection.pause();
        await turns(3);
        connection.resume();
        await turns(3);
      }
      const request = await connection.request();
      await connection.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      expect((await asked).body.toString()).toBe('ok');
      expect(Buffer.from(request.body, 'latin1').equals(Buffer.from(body))).toBe(true);
    });

    test('an answer that is cancelled while it waits is closed at once', async () => {
      const server = serve((connection) => pour(connection, 'chunked'), certificate);
      const { body } = await send(question(server.url));
      const connection = server.connections[0] as RawConnection;
      const reading = readBody(body, (reading) => reading.pause());
      await reading.until((size) => size > 0);
      await stalled(connection);
      reading.cancel();
      await connection.closed;
      expect(reading.breaches).toEqual([]);
    });
  });
