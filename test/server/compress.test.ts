// Compressed answers: which clients get them, that each event leaves when it comes, and that the text is unchanged.
import { heapStats } from 'bun:jsc';
import { describe, expect, spyOn, test } from 'bun:test';
import { Duplex } from 'node:stream';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { chooseEncoding, compress, compressStream, ENCODINGS } from '../../src/server/compress.ts';
import { type Compression, createHttpHost } from '../../src/server/host.ts';

const DECOMPRESS = { zstd: zstdDecompressSync, br: brotliDecompressSync, gzip: gunzipSync };
const event = (n: number) =>
  `data: {"type":"content_block_delta","delta":{"text":"${'wörd '.repeat(n)}"}}\n\n`;

describe('the encoding', () => {
  const cases: [string | null, string | undefined][] = [
    [null, undefined],
    ['', undefined],
    ['identity', undefined],
    ['deflate', undefined],
    ['gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['GZIP;q=0.5, br;q=0.4', 'gzip'],
    ['zstd;q=0, gzip', 'gzip'],
    ['*', 'zstd'],
    ['*;q=0', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip;q=1', 'gzip'],
    ['gzip;q=nonsense', undefined],
  ];
  test.each(cases)('accept-encoding: %p is %p', (accepted, expected) => {
    expect(chooseEncoding(accepted)).toBe(expected as ReturnType<typeof chooseEncoding>);
  });
});

describe.each([...ENCODINGS])('%s', (encoding) => {
  test('each piece can be read when it has come, and all of them together', async () => {
    let send: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = controller;
      },
    });
    const reader = compressStream(body, encoding).getReader();
    const written: Uint8Array[] = [];
    let text = '';
    for (let n = 1; n <= 20; n++) {
      send?.enqueue(new TextEncoder().encode(event(n)));
      text += event(n);
      // Nothing more is sent until this has come.
      const { value = new Uint8Array() } = await reader.read();
      expect(value.length).toBeGreaterThan(0);
      written.push(value);
    }
    send?.close();
    for (let end = await reader.read(); !end.done; end = await reader.read()) written.push(end.value);
    const bytes = Buffer.concat(written);
    expect(DECOMPRESS[encoding](bytes).toString()).toBe(text);
    expect(bytes.length).toBeLessThan(text.length / 3);
  });

  test('a reader that leaves cancels the body', async () => {
    let reason: unknown;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(event(1))),
      cancel(given) {
        reason = given;
      },
    });
    const reader = compressStream(body, encoding).getReader();
    await reader.read();
    const released = spyOn(Duplex.prototype, 'destroy');
    try {
      await reader.cancel('gone');
      expect(reason).toBe('gone');
      // Its windows are outside of the heap: nothing would tell the collector that they wait for it.
      expect(released).toHaveBeenCalledTimes(1);
    } finally {
      released.mockRestore();
    }
  });

  test('the body is asked for no more than its reader asks', async () => {
    let asked = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          asked++;
          controller.enqueue(new TextEncoder().encode(event(1)));
        },
      },
      { highWaterMark: 0 },
    );
    const reader = compressStream(body, encoding).getReader();
    await reader.read();
    await Bun.sleep(0);
    expect(asked).toBe(1);
    await reader.cancel();
  });

  test('of the pieces that were read nothing is held, however long the answer lasts', async () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(event(1))),
    });
    const reader = compressStream(body, encoding).getReader();
    const promisesAfter = async (pieces: number) => {
      for (let n = 0; n < pieces; n++) await reader.read();
      Bun.gc(true);
      return heapStats().objectTypeCounts.Promise ?? 0;
    };
    const before = await promisesAfter(10);
    expect((await promisesAfter(1_000)) - before).toBeLessThan(100);
    await reader.cancel();
  });

  test('a body that breaks breaks the answer', async () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error('broke')),
    });
    expect(compressStream(body, encoding).getReader().read()).rejects.toThrow('broke');
  });
});

async function answerTo(compression: Compression, headers: Record<string, string>, response: () => Response) {
  const host = createHttpHost({
    hostname: '127.0.0.1',
    port: 0,
    compression: () => compression,
    fetch: async () => response(),
    onError: () => {},
  });
  try {
    const got = await fetch(host.url, { headers, decompress: false });
    return { status: got.status, headers: got.headers, bytes: await got.bytes() };
  } finally {
    await host.drain(0);
  }
}

/** As the gateway answers errors: told with its length, and for which clients it is. */
const ERROR = (text: string) => () =>
  new Response(text, {
    status: 404,
    headers: { 'content-type': 'application/json', 'content-length': `${text.length}`, vary: 'origin' },
  });
const LONG = JSON.stringify({ error: 'no such model '.repeat(100) });
const EVENTS = () => new Response(event(9).repeat(50), { headers: { 'content-type': 'text/event-stream' } });

describe('over a socket', () => {
  test('compressed where it is asked for and accepted', async () => {
    const { headers, bytes } = await answerTo('always', { 'accept-encoding': 'gzip' }, EVENTS);
    expect(headers.get('content-encoding')).toBe('gzip');
    expect(headers.get('vary')).toBe('accept-encoding');
    expect(gunzipSync(bytes).toString()).toBe(event(9).repeat(50));
  });

  test('the headers of an answer stay true', async () => {
    const { status, headers, bytes } = await answerTo('always', { 'accept-encoding': 'br' }, ERROR(LONG));
    expect(status).toBe(404);
    expect(headers.get('content-encoding')).toBe('br');
    expect(headers.get('vary')).toBe('origin, accept-encoding');
    // The runtime's server leaves it out of what is streamed; other readers of the answer would go by it.
    expect(compress(ERROR(LONG)(), 'br').headers.has('content-length')).toBe(false);
    expect(brotliDecompressSync(bytes).toString()).toBe(LONG);
  });

  const untouched: [string, Compression, Record<string, string>, () => Response][] = [
    ['not accepted', 'always', { 'accept-encoding': 'identity' }, EVENTS],
    ['switched off', 'off', { 'accept-encoding': 'gzip' }, EVENTS],
    ['a client on this machine', 'auto', { 'accept-encoding': 'gzip' }, EVENTS],
    [
      'encoded already',
      'always',
      { 'accept-encoding': 'gzip' },
      () => new Response('x', { headers: { 'content-encoding': 'other', 'content-type': 'text/plain' } }),
    ],
    [
      'no text',
      'always',
      { 'accept-encoding': 'gzip' },
      () => new Response('x', { headers: { 'content-type': 'image/png' } }),
    ],
    ['too short', 'always', { 'accept-encoding': 'gzip' }, ERROR('{}')],
    ['no body', 'always', { 'accept-encoding': 'gzip' }, () => new Response(null, { status: 204 })],
  ];
  test.each(untouched)('as it is: %s', async (_, compression, headers, response) => {
    const answer = await answerTo(compression, headers, response);
    expect(answer.headers.get('content-encoding')).toBe(response().headers.get('content-encoding'));
    expect(Buffer.from(answer.bytes).toString()).toBe(await response().text());
  });
});
